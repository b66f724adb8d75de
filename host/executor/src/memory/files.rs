//! Files in memory.

use std::{collections::BTreeMap, ops::Bound};

use execution::files::{Info, Page, Range, Read, Write};

use super::Data;

/// What is at each path, and the bytes by their digests.
#[derive(Debug, Default)]
pub(super) struct Files {
    infos: BTreeMap<String, Info>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Files {
    pub(super) fn info(&self, path: &str) -> Option<Info> {
        self.infos.get(path).cloned()
    }

    pub(super) fn bytes(&self, digest: &str) -> Option<Vec<u8>> {
        self.blobs.get(digest).cloned()
    }

    pub(super) fn page(&self, range: &Range) -> Page {
        let from = match range.after.as_deref().filter(|after| *after >= range.prefix.as_str()) {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(range.prefix.as_str()),
        };
        let all = self.infos.range::<str, _>((from, Bound::Unbounded));
        let mut found = all.take_while(|(path, _)| path.starts_with(&range.prefix));
        let entries = found.by_ref().take(range.limit as usize).map(|(path, info)| (path.clone(), info.clone())).collect();
        Page { entries, more: found.next().is_some() }
    }

    pub(super) fn is_still(&self, read: &Read) -> bool {
        match read {
            Read::Path { path, version } => self.infos.get(path).map(|info| info.version) == *version,
            Read::Page { range, entries, more } => {
                let page = self.page(range);
                let now: Vec<_> = page.entries.into_iter().map(|(path, info)| (path, info.version)).collect();
                now == *entries && page.more == *more
            }
        }
    }
}

impl Data {
    pub(super) fn write_files(&mut self, writes: &BTreeMap<String, Write>) {
        for (path, write) in writes {
            match write {
                Write::Delete => _ = self.files.infos.remove(path),
                Write::Put { digest, bytes, updated_at_ms } => {
                    self.last_version += 1;
                    let (digest, version) = (digest.clone(), self.last_version);
                    self.files.blobs.insert(digest.clone(), bytes.clone());
                    let info = Info { digest, size: bytes.len() as u64, version, updated_at_ms: *updated_at_ms };
                    self.files.infos.insert(path.clone(), info);
                }
            }
        }
    }
}
