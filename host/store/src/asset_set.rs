//! The assets of a deployment, as both planes hold them: paths and what they lead to, in little memory.

use std::collections::BTreeMap;

use crate::Digest;

/// What one path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// All assets of a deployment. Immutable; made by [`crate::Snapshots::asset_sets`] and [`crate::AppStore::active_assets`].
///
/// All paths are one text: an asset takes 48 bytes and its path, and no allocation of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssetSet {
    /// In the order of their bytes.
    paths: Box<str>,
    entries: Box<[Entry]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    asset: Asset,
    /// Where its path ends in the text of all of them.
    end: u32,
}

impl FromIterator<(String, Asset)> for AssetSet {
    /// Of rows in any order; each path is there once.
    fn from_iter<I: IntoIterator<Item = (String, Asset)>>(rows: I) -> Self {
        let mut rows = Vec::from_iter(rows);
        rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut paths = String::with_capacity(rows.iter().map(|(path, _)| path.len()).sum());
        let mut entries = Vec::with_capacity(rows.len());
        for (path, asset) in rows {
            paths.push_str(&path);
            // 50,000 paths of 1 KiB at most: see the limits.
            entries.push(Entry { asset, end: u32::try_from(paths.len()).unwrap_or(u32::MAX) });
        }
        Self { paths: paths.into(), entries: entries.into() }
    }
}

impl AssetSet {
    /// What a path leads to.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Asset> {
        let (mut first, mut behind) = (0, self.entries.len());
        while first < behind {
            let middle = first.midpoint(behind);
            match self.path(middle).cmp(path) {
                std::cmp::Ordering::Equal => return Some(self.entries[middle].asset),
                std::cmp::Ordering::Less => first = middle + 1,
                std::cmp::Ordering::Greater => behind = middle,
            }
        }
        None
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn path(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.entries[before].end as usize);
        self.paths.get(start..self.entries[index].end as usize).unwrap_or_default()
    }
}

/// Names a set: SHA-256 of its paths and their digests. `None`: there are no assets.
pub(crate) fn set_digest(assets: &BTreeMap<String, Digest>) -> Option<Digest> {
    // No path has a NUL, and each digest has one length, so that no two sets read alike.
    let text: String = assets.iter().map(|(path, digest)| format!("{path}\0{digest}\n")).collect();
    (!assets.is_empty()).then(|| Digest::of(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_set_is_found_and_nothing_else() {
        let asset = |path: &str| Asset { digest: Digest::of(path.as_bytes()), size: path.len() as u64 };
        let paths: Vec<String> = (0..200).map(|number| format!("/{}/{number}.js", "d".repeat(number % 7))).collect();
        let set: AssetSet = paths.iter().map(|path| (path.clone(), asset(path))).collect();
        assert_eq!((set.len(), set.is_empty()), (200, false));
        for path in &paths {
            assert_eq!(set.find(path), Some(asset(path)), "{path}");
            assert_eq!(set.find(&path[..path.len() - 1]), None);
            assert_eq!(set.find(&format!("{path}x")), None);
        }
        assert_eq!((set.find(""), set.find("/"), set.find("\u{10ffff}")), (None, None, None));
        assert_eq!(AssetSet::default().find("/"), None);
        assert!(size_of::<Entry>() <= 48);
    }

    #[test]
    fn a_set_is_named_by_all_that_is_in_it() {
        let of = |pairs: &[(&str, &[u8])]| set_digest(&pairs.iter().map(|(path, bytes)| ((*path).to_owned(), Digest::of(bytes))).collect());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("/a", b"1"), ("/b", b"2")]), of(&[("/b", b"2"), ("/a", b"1")]));
        assert_ne!(of(&[("/a", b"1"), ("/b", b"2")]), of(&[("/a", b"2"), ("/b", b"1")]));
        assert_ne!(of(&[("/a", b"1")]), of(&[("/a", b"1"), ("/b", b"2")]));
    }
}
