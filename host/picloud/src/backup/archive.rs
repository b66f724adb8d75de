//! The form of the archive: tar, whose names are checked one by one.

use std::{
    fs::File,
    io::{BufWriter, Read, Write as _},
    path::Path,
};

use anyhow::Context as _;
use jiff::Timestamp;
use store::{BlobKind, Digest, NeededBlob};
use uuid::Uuid;

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const DUMP: &str = "database.dump";
pub(super) const END: &str = "end.json";

/// An archive that is being written.
pub(super) struct Writer {
    tar: tar::Builder<BufWriter<File>>,
    now: u64,
}

/// What an entry is, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Manifest,
    Dump,
    Blob { kind: BlobKind, app: Uuid, digest: String },
    End,
}

impl Writer {
    pub(super) fn new(file: File, now: Timestamp) -> Self {
        Self { tar: tar::Builder::new(BufWriter::new(file)), now: u64::try_from(now.as_second()).unwrap_or(0) }
    }

    pub(super) fn add(&mut self, name: &str, bytes: u64, content: impl Read) -> anyhow::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(self.now);
        self.tar.append_data(&mut header, name, content).with_context(|| format!("could not write {name} into the backup"))
    }

    /// All of it is on the disk.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let written = || -> std::io::Result<()> {
            let mut file = self.tar.into_inner()?;
            file.flush()?;
            file.get_ref().sync_all()
        };
        written().context("could not finish the backup")
    }
}

impl Entry {
    /// Strict: nothing but these names is ever in an archive, and nothing of it becomes a path.
    pub(super) fn parse(path: &Path) -> anyhow::Result<Self> {
        let name = path.to_str().unwrap_or_default();
        let strange = || format!("the archive has an entry that does not belong to a backup: {}", name.escape_debug());
        match name {
            MANIFEST => return Ok(Self::Manifest),
            DUMP => return Ok(Self::Dump),
            END => return Ok(Self::End),
            _ => {}
        }
        let mut parts = name.split('/');
        let kind = match parts.next() {
            Some("files") => BlobKind::File,
            Some("assets") => BlobKind::Asset,
            _ => anyhow::bail!(strange()),
        };
        let (app, digest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let parsed: Uuid = app.parse().with_context(strange)?;
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        anyhow::ensure!(parts.next().is_none() && parsed.to_string() == app && is_digest, strange());
        Ok(Self::Blob { kind, app: parsed, digest: digest.to_owned() })
    }
}

/// The name of the entry of some bytes.
pub(super) fn name_of(blob: &NeededBlob) -> String {
    let NeededBlob { kind, app, digest, .. } = blob;
    format!("{}/{app}/{digest}", directory(*kind))
}

/// Where bytes of this kind lie, in the archive and in the data directory.
pub(super) fn directory(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::File => "files",
        BlobKind::Asset => "assets",
    }
}

/// Digits of a digest.
pub(super) fn hex(digest: &[u8; 32]) -> String {
    Digest::from_bytes(*digest).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_backup_has_these_names() {
        let app = Uuid::from_u128(7);
        let digest = "0a".repeat(32);
        let parse = |name: &str| Entry::parse(Path::new(name)).ok();
        assert_eq!(parse("manifest.json"), Some(Entry::Manifest));
        assert_eq!(parse(&format!("files/{app}/{digest}")), Some(Entry::Blob { kind: BlobKind::File, app, digest: digest.clone() }));
        assert!(matches!(parse(&format!("assets/{app}/{digest}")), Some(Entry::Blob { kind: BlobKind::Asset, .. })));
        let strange = [
            String::new(),
            "other.json".to_owned(),
            "../database.dump".to_owned(),
            "/database.dump".to_owned(),
            format!("files/{app}"),
            format!("files/{app}/{digest}/x"),
            format!("files/../{digest}"),
            format!("files/{app}/..{}", &digest[2..]),
            format!("files/{app}/{}", digest.to_uppercase()),
            format!("files/{}/{digest}", app.simple()),
            format!("secrets/{app}/{digest}"),
        ];
        for name in strange {
            assert_eq!(parse(&name), None, "{name}");
        }
    }
}
