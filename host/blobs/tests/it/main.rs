//! What is kept, what is not, and what nobody reaches, whatever lies in the directory.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod attacks;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use blobs::{Blobs, Digest, Error};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

/// The directory of blobs, inside of one with things that are none of its business.
pub(crate) struct Place {
    outside: TempDir,
    pub(crate) blobs: Blobs,
}

pub(crate) const OWNER: Uuid = Uuid::from_u128(7);
pub(crate) const SECRET: &[u8] = b"what nobody may read or overwrite";

impl Place {
    pub(crate) fn new() -> Self {
        let outside = TempDir::new().unwrap();
        fs::write(outside.path().join("secret"), SECRET).unwrap();
        let blobs = Blobs::open(&outside.path().join("files")).unwrap();
        Self { outside, blobs }
    }

    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.outside("files")
    }

    pub(crate) fn of(&self, owner: Uuid) -> PathBuf {
        self.root().join(owner.to_string())
    }

    pub(crate) fn put(&self, owner: Uuid, bytes: &[u8]) -> Digest {
        let digest = digest(bytes);
        self.blobs.put(owner, &digest, bytes).unwrap();
        digest
    }

    /// Everything outside of the directory is as it was.
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(fs::read(self.outside("secret")).unwrap(), SECRET);
        let names = fs::read_dir(self.outside.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["files", "secret"]);
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

pub(crate) fn name(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_put_is_read_by_its_owner_alone() {
    let place = Place::new();
    let digest = place.put(OWNER, b"hello");
    assert_eq!(place.blobs.read(OWNER, &digest, 5).unwrap(), b"hello");
    assert!(place.blobs.has(OWNER, &digest, 5).unwrap());
    // Once more is not twice; nothing is no less a blob.
    place.put(OWNER, b"hello");
    let nothing = place.put(OWNER, b"");
    assert_eq!(place.blobs.read(OWNER, &nothing, 0).unwrap(), b"");
    assert_eq!(fs::read_dir(place.of(OWNER)).unwrap().count(), 2);
    let other = Uuid::from_u128(8);
    assert!(matches!(place.blobs.read(other, &digest, 5), Err(Error::Missing { .. })));
    place.blobs.remove(other, &digest).unwrap();
    place.blobs.remove(OWNER, &digest).unwrap();
    place.blobs.remove(OWNER, &digest).unwrap();
    assert!(!place.blobs.has(OWNER, &digest, 5).unwrap());
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(place.root()), mode(place.of(OWNER)), mode(place.of(OWNER).join(name(&nothing)))), (0o700, 0o700, 0o600));
}

#[test]
fn pieces_are_read_of_what_is_whole() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let digest = place.put(OWNER, &bytes);
    // Just written, so that the kernel has it, names included; where it can't tell, the other way is gone.
    let at_once = place.blobs.opened_at_once(OWNER, &digest, 100_000);
    for opened in std::iter::once(place.blobs.opened(OWNER, &digest, 100_000).unwrap()).chain(at_once) {
        for (offset, length) in [(0, 1), (0, 100_000), (99_999, 1), (1_000, 70_000), (100_000, 0)] {
            let piece = &bytes[offset..offset + length];
            assert_eq!(opened.read(offset as u64, length).unwrap(), piece);
            assert!(opened.read_at_once(offset as u64, length).is_none_or(|read| read == piece));
        }
        assert!(matches!(opened.read(99_999, 2), Err(Error::Disk { .. })));
        assert_eq!(opened.read_at_once(99_999, 2), None);
        // It stays what it was when its name is gone.
        place.blobs.remove(OWNER, &digest).unwrap();
        assert_eq!(opened.read(5, 2).unwrap(), [5, 6]);
        place.put(OWNER, &bytes);
    }
    for size in [0, 99_999, 100_001] {
        assert!(matches!(place.blobs.opened(OWNER, &digest, size), Err(Error::Damaged { .. })));
        assert!(place.blobs.opened_at_once(OWNER, &digest, size).is_none());
    }
}

#[test]
fn what_is_not_kept_leaves_nothing() {
    let place = Place::new();
    let mut incoming = place.blobs.begin(OWNER).unwrap();
    incoming.write(b"ab").unwrap();
    incoming.write(b"c").unwrap();
    assert_eq!(incoming.size(), 3);
    drop(incoming);
    drop(place.blobs.begin(OWNER).unwrap().seal().unwrap());
    assert_eq!(fs::read_dir(place.of(OWNER)).unwrap().count(), 0);
    // A wrong digest is none of a blob.
    assert!(matches!(place.blobs.put(OWNER, &digest(b"other"), b"abc"), Err(Error::Damaged { .. })));
    assert_eq!(fs::read_dir(place.of(OWNER)).unwrap().count(), 0);
}

#[test]
fn what_a_crash_left_is_removed_when_it_is_old() {
    let place = Place::new();
    let digest = place.put(OWNER, b"whole");
    std::mem::forget(place.blobs.begin(OWNER).unwrap());
    place.blobs.tidy(OWNER, Duration::from_secs(3600)).unwrap();
    assert_eq!(fs::read_dir(place.of(OWNER)).unwrap().count(), 2);
    place.blobs.tidy(OWNER, Duration::ZERO).unwrap();
    assert_eq!(fs::read_dir(place.of(OWNER)).unwrap().count(), 1);
    place.blobs.remove(OWNER, &digest).unwrap();
    place.blobs.tidy(OWNER, Duration::ZERO).unwrap();
    assert!(!place.of(OWNER).exists(), "an empty directory goes");
    place.blobs.tidy(OWNER, Duration::ZERO).unwrap();
}

#[test]
fn what_is_damaged_is_not_given_out_and_mended_by_the_next_write() {
    let place = Place::new();
    let digest = place.put(OWNER, b"hello");
    let file = place.of(OWNER).join(name(&digest));
    for damaged in [b"hellO".as_slice(), b"hell", b"hello!", b""] {
        fs::write(&file, damaged).unwrap();
        assert!(matches!(place.blobs.read(OWNER, &digest, 5), Err(Error::Damaged { .. })), "{damaged:?}");
    }
    place.put(OWNER, b"hello");
    assert_eq!(place.blobs.read(OWNER, &digest, 5).unwrap(), b"hello");
}
