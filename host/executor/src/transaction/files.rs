//! The files as one execution sees them.

use std::{collections::BTreeMap, ops::Bound};

use execution::files::{Info, Page, Range, Read, Version, Write};
use sha2::{Digest as _, Sha256};

use super::{Refused, Transaction};

/// Paths with what is there, and the path behind which they go on.
pub(crate) type ListedFiles = (Vec<(String, Info)>, Option<String>);

/// What a page costs for each of its entries beside the path: the digest, mostly.
const ENTRY_BYTES: usize = 64;
/// Of what this execution has written, and nobody can have seen.
const OWN: Version = 0;

impl Transaction {
    /// What is at a path, if it follows from what was seen and written before; `None`: it has to be asked for.
    pub(crate) fn file(&self, path: &str) -> Option<Option<Info>> {
        match self.effects.file_writes.get(path) {
            Some(write) => Some(own(write)),
            None => self.seen_files.get(path).cloned(),
        }
    }

    /// The bytes that this execution has written to a path.
    pub(crate) fn own_bytes(&self, path: &str) -> Option<Vec<u8>> {
        match self.effects.file_writes.get(path)? {
            Write::Put { bytes, .. } => Some(bytes.clone()),
            Write::Delete => None,
        }
    }

    /// Notes what is at a path; [`Transaction::file`] knows it from now on.
    pub(crate) fn saw_file(&mut self, path: String, info: Option<Info>) -> Result<(), Refused> {
        self.charge(path.len() + ENTRY_BYTES)?;
        self.effects.file_reads.push(Read::Path { path: path.clone(), version: info.as_ref().map(|info| info.version) });
        self.seen_files.insert(path, info);
        Ok(())
    }

    /// Makes sure, before they are asked for, that so many bytes may be read.
    pub(crate) fn will_read(&mut self, bytes: u64) -> Result<(), Refused> {
        self.charge(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// Sets the bytes of a file. The caller has checked path and size.
    pub(crate) fn put_file(&mut self, path: String, bytes: Vec<u8>, now_ms: u64) -> Result<(), Refused> {
        self.charge(path.len() + bytes.len())?;
        let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.effects.file_writes.insert(path, Write::Put { digest, bytes, updated_at_ms: now_ms });
        Ok(())
    }

    /// Removes a file.
    pub(crate) fn delete_file(&mut self, path: String) -> Result<(), Refused> {
        self.charge(path.len())?;
        self.effects.file_writes.insert(path, Write::Delete);
        Ok(())
    }

    /// Notes a page, and returns its entries with the execution's own writes among them, and where to go on.
    pub(crate) fn list_files(&mut self, range: Range, page: Page) -> Result<ListedFiles, Refused> {
        self.charge(page.entries.iter().map(|(path, _)| path.len() + ENTRY_BYTES).sum())?;
        let end = page.more.then(|| page.entries.last().map(|(path, _)| path.clone())).flatten();
        let versions = page.entries.iter().map(|(path, info)| (path.clone(), info.version)).collect();
        let entries = self.with_own_files(&range, page, end.as_deref());
        let limit = range.limit as usize;
        let read = Read::Page { range, entries: versions, more: end.is_some() };
        if !self.effects.file_reads.contains(&read) {
            self.effects.file_reads.push(read);
        }

        let more_of_own = entries.len() > limit;
        let entries: Vec<_> = entries.into_iter().take(limit).collect();
        let next = if more_of_own { entries.last().map(|(path, _)| path.clone()) } else { end };
        Ok((entries, next))
    }

    fn with_own_files(&self, range: &Range, page: Page, end: Option<&str>) -> BTreeMap<String, Info> {
        let mut entries: BTreeMap<String, Info> = page.entries.into_iter().collect();
        let start = range.after.as_deref().filter(|after| *after >= range.prefix.as_str());
        let from = start.map_or(Bound::Included(range.prefix.as_str()), Bound::Excluded);
        let written = self.effects.file_writes.range::<str, _>((from, Bound::Unbounded));
        for (path, write) in written.take_while(|(path, _)| path.starts_with(&range.prefix) && end.is_none_or(|end| path.as_str() <= end)) {
            match own(write) {
                Some(info) => entries.insert(path.clone(), info),
                None => entries.remove(path),
            };
        }
        entries
    }
}

fn own(write: &Write) -> Option<Info> {
    match write {
        Write::Put { digest, bytes, updated_at_ms } => {
            Some(Info { digest: digest.clone(), size: bytes.len() as u64, version: OWN, updated_at_ms: *updated_at_ms })
        }
        Write::Delete => None,
    }
}
