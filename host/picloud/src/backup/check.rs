//! Whether a database and its directories are what a backup says: after a restore, and to try a backup out.

use std::path::Path;

use anyhow::Context as _;
use blobs::Blobs;
use store::{BlobKind, Store};
use vault::{MasterKeys, Vault};

use super::{End, Manifest, archive};
use crate::clock;

/// What was found to be as it should.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) tables: usize,
    pub(super) rows: i64,
    pub(super) blobs: usize,
    pub(super) secrets: Secrets,
}

/// Whether the secrets can be read.
#[derive(Debug)]
pub(super) enum Secrets {
    /// There are none.
    None,
    /// Those of so many apps were opened.
    Open(u64),
    /// There is no key, or another one.
    Sealed(String),
}

/// Counts all rows, hashes all bytes, and opens all secrets if there is a key.
pub(super) async fn check(store: &Store, directory: &Path, manifest: &Manifest, end: &End, key_file: &Path) -> anyhow::Result<Checked> {
    let mut moment = store.moment().await?;
    let rows = moment.rows().await?;
    let needed = moment.blobs().await?;
    moment.end().await;
    for (table, count) in &manifest.rows {
        let found = rows.get(table).copied().unwrap_or(0);
        anyhow::ensure!(found == *count, "the table {table} has {found} rows, and had {count} when the backup was made");
    }
    anyhow::ensure!(rows.len() == manifest.rows.len(), "there are {} tables, and were {}", rows.len(), manifest.rows.len());
    let mut found = 0;
    for kind in [BlobKind::File, BlobKind::Asset] {
        let blobs = Blobs::open(&directory.join(archive::directory(kind))).context("could not open the directories of files")?;
        for blob in needed.iter().filter(|blob| blob.kind == kind) {
            let name = archive::name_of(blob);
            if !end.missing.contains(&name) {
                blobs.read(blob.app, blob.digest.as_bytes(), blob.size).with_context(|| format!("{name} is not what it was"))?;
                found += 1;
            }
        }
    }
    let secrets = secrets(store, key_file).await?;
    Ok(Checked { tables: rows.len(), rows: rows.values().sum(), blobs: found, secrets })
}

async fn secrets(store: &Store, key_file: &Path) -> anyhow::Result<Secrets> {
    let used = store.master_keys_in_use().await?;
    if used.is_empty() {
        return Ok(Secrets::None);
    }
    let shown = key_file.display();
    let needed = used.join(" and ");
    let Some(keys) = MasterKeys::read(key_file)? else {
        return Ok(Secrets::Sealed(format!("there is no key file at {shown}; the secrets are sealed with the master key {needed}")));
    };
    if used.iter().any(|used| !keys.ids().any(|id| id == used)) {
        return Ok(Secrets::Sealed(format!("the key file {shown} has not the master key {needed}")));
    }
    let instance = store.control().instance(clock::now()).await?;
    let opened = store.clone().with_vault(Vault::new(keys, instance)).check_secrets().await;
    Ok(Secrets::Open(opened.with_context(|| format!("the key file {shown} does not open the secrets"))?))
}

impl Checked {
    /// For a person.
    pub(super) fn told(&self) -> String {
        let Self { tables, rows, blobs, secrets } = self;
        let secrets = match secrets {
            Secrets::None => "there are no secrets".to_owned(),
            Secrets::Open(apps) => format!("all secrets open, those of {apps} apps"),
            Secrets::Sealed(why) => format!("the secrets can NOT be read: {why}. Put the file back from where you keep its copy"),
        };
        format!("{rows} rows in {tables} tables and {blobs} files and assets are as they were; {secrets}.")
    }
}
