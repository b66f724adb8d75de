//! Puts a backup back, where nothing is; or tries out whether that would work.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{BufReader, Read, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use blobs::Blobs;
use sha2::{Digest as _, Sha256};
use store::{BlobKind, Store};
use tar::Archive;

use super::{
    End, FORMAT, Manifest,
    archive::{self, DUMP, Entry},
    check::{self, Checked, Secrets},
    programs::Tools,
    smoke,
};
use crate::{config::Config, data_directory, database::Database, telling::tell};

/// Longest text of an archive that is read into memory.
const TEXT_BYTES_MAX: u64 = 64 << 20;
/// Where a backup is tried out: room for all of it, and PostgreSQL's user can enter.
const TRIAL_PARENT: &str = "/var/tmp";

/// Restores into the configured database and data directory, which must be empty.
pub(crate) async fn restore(config: &Config, backup: &Path) -> anyhow::Result<()> {
    data_directory::make(&config.data_dir)?;
    for kind in [BlobKind::File, BlobKind::Asset] {
        let directory = config.data_dir.join(archive::directory(kind));
        let is_empty = fs::read_dir(&directory).map_or(true, |mut entries| entries.next().is_none());
        anyhow::ensure!(
            is_empty,
            "{} is not empty: a backup is restored where nothing is. Move it away, or name another data directory (data_dir)",
            directory.display()
        );
    }
    let database = Database::as_it_is(config).await?;
    let restored = fill(config, &database, &config.data_dir, backup).await;
    database.close().await?;
    let checked = restored?;
    tell(&checked.told());
    tell("Restored. Start `picloud serve`; a newer version brings the schema up to date.");
    Ok(())
}

/// Restores into a database of its own in a directory that goes again, and changes nothing else.
pub(crate) async fn verify(config: &Config, backup: &Path) -> anyhow::Result<()> {
    let trial = Trial::make()?;
    let database = Database::trial(config, &trial.0).await?;
    let restored = async {
        let checked = fill(config, &database, &trial.0, backup).await?;
        tell(&checked.told());
        let scripts = smoke::compile(config, &database.store, &trial.0).await?;
        tell(&format!("All {scripts} scripts of what is active compile."));
        Ok(checked)
    };
    // Boxed: it holds all that a start holds.
    let restored: anyhow::Result<Checked> = Box::pin(restored).await;
    database.close().await?;
    let checked = restored?;
    if let Secrets::Sealed(why) = &checked.secrets {
        anyhow::bail!("the backup is whole, but nobody can read its secrets with what is here: {why}");
    }
    tell("The backup can be restored.");
    Ok(())
}

/// All of it, and what it came to.
async fn fill(config: &Config, database: &Database, directory: &Path, backup: &Path) -> anyhow::Result<Checked> {
    let facts = database.store.examine().await?;
    anyhow::ensure!(
        facts.is_empty,
        "the database is not empty: a backup is restored where nothing is. Name another database (database_url) or data directory (data_dir)"
    );
    let dump = directory.join("restored.dump");
    let unpacked = unpack(backup, directory, &dump);
    let loaded = match unpacked {
        Ok((manifest, end)) => {
            tell("Loading the database.");
            let tools = Tools { config, url: database.url(), major: u32::try_from(facts.version_number / 10_000).unwrap_or(0) };
            tools.restore(&dump).await.map(|()| (manifest, end))
        }
        Err(error) => Err(error),
    };
    // Either it is in the database, or it was no good.
    let _ = fs::remove_file(&dump);
    let (manifest, end) = match loaded {
        Ok(read) => read,
        Err(error) => {
            // So that another try finds an empty place.
            for kind in [BlobKind::File, BlobKind::Asset] {
                let _ = fs::remove_dir_all(directory.join(archive::directory(kind)));
            }
            return Err(error);
        }
    };
    if !end.missing.is_empty() {
        tell(&format!("warning: {} files and assets were missing when the backup was made, and still are", end.missing.len()));
    }
    check::check(&database.store, directory, &manifest, &end, &config.secrets_key_file).await
}

/// Writes dump and bytes to the disk; each is what its digest says, and all are there.
fn unpack(backup: &Path, directory: &Path, dump: &Path) -> anyhow::Result<(Manifest, End)> {
    let shown = backup.display();
    let file = File::open(backup).with_context(|| format!("could not open the backup {shown}"))?;
    let mut archive = Archive::new(BufReader::new(file));
    let damaged = || format!("{shown} is no backup, or is damaged");
    let (mut manifest, mut end, mut has_dump, mut counts) = (None::<Manifest>, None, false, [0_u64; 2]);
    for entry in archive.entries().with_context(damaged)? {
        let mut entry = entry.with_context(damaged)?;
        let name = Entry::parse(&entry.path().with_context(damaged)?)?;
        anyhow::ensure!(entry.header().entry_type().is_file(), "{shown} has an entry that is no file");
        anyhow::ensure!(manifest.is_some() == (name != Entry::Manifest) && end.is_none(), damaged());
        match name {
            Entry::Manifest => {
                let read: Manifest = text(&mut entry).with_context(damaged)?;
                fits(&read)?;
                tell(&format!("The backup was made at {} by PiCloud {}.", read.created_at, read.picloud));
                manifest = Some(read);
            }
            Entry::Dump => {
                let expected = manifest.as_ref().map(|manifest| (manifest.dump_bytes, manifest.dump_sha256.clone()));
                let found = copy(&mut entry, dump).with_context(|| format!("could not write {DUMP}"))?;
                anyhow::ensure!(Some(found) == expected, "{DUMP} in {shown} is damaged: use another backup");
                has_dump = true;
            }
            Entry::Blob { kind, app, digest } => {
                let blobs = Blobs::open(&directory.join(archive::directory(kind)))?;
                let mut incoming = blobs.begin(app)?;
                each_piece(&mut entry, |piece| Ok(incoming.write(piece)?))?;
                let sealed = incoming.seal()?;
                anyhow::ensure!(archive::hex(sealed.digest()) == digest, "{digest} of {app} in {shown} is damaged: use another backup");
                sealed.keep()?;
                counts[usize::from(kind == BlobKind::Asset)] += 1;
            }
            Entry::End => end = Some(text::<End>(&mut entry).with_context(damaged)?),
        }
    }
    let cut_off = || format!("{shown} ends too early: it was cut off. Use another backup");
    let (manifest, end) = (manifest.with_context(damaged)?, end.with_context(cut_off)?);
    let expected = manifest.files + manifest.assets - (end.missing.len() as u64).min(manifest.files + manifest.assets);
    anyhow::ensure!(has_dump && counts[0] + counts[1] == expected, cut_off());
    Ok((manifest, end))
}

/// Whether this PiCloud can do anything with it.
fn fits(manifest: &Manifest) -> anyhow::Result<()> {
    let Manifest { format, schema, picloud, .. } = manifest;
    let known = Store::schema_version();
    anyhow::ensure!(
        *format <= FORMAT && *schema <= known,
        "the backup was made by the newer PiCloud {picloud} (schema {schema}, this one knows {known}): install that version, or a newer one"
    );
    Ok(())
}

fn text<T: serde::de::DeserializeOwned>(entry: &mut impl Read) -> anyhow::Result<T> {
    let mut bytes = Vec::new();
    entry.take(TEXT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Size and SHA-256 of what was written.
fn copy(entry: &mut impl Read, to: &Path) -> anyhow::Result<(u64, String)> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    each_piece(entry, |piece| {
        file.write_all(piece)?;
        hash.update(piece);
        bytes += piece.len() as u64;
        Ok(())
    })?;
    Ok((bytes, archive::hex(&hash.finalize().into())))
}

fn each_piece(entry: &mut impl Read, mut take: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        match entry.read(&mut buffer).context("the backup can't be read to its end: it was cut off, or the disk fails")? {
            0 => return Ok(()),
            count => take(&buffer[..count])?,
        }
    }
}

/// A directory for one trial; it goes by drop.
struct Trial(PathBuf);

impl Trial {
    fn make() -> anyhow::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).context("no random bytes from the operating system")?;
        let path = Path::new(TRIAL_PARENT).join(format!("picloud-verify-{:016x}", u64::from_le_bytes(random)));
        // PostgreSQL's own user passes through when this is root.
        DirBuilder::new().mode(0o711).create(&path).with_context(|| format!("could not make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tell(&format!("warning: could not remove {}: {error}", self.0.display()));
        }
    }
}
