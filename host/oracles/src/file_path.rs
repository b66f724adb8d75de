//! F9: paths of files, and steps on a directory of blobs in which somebody plants links and worse.
//!
//! Must hold: what is a path leads nowhere but down; what is read is what was written there, to this owner; nothing outside of the directory is read,
//! written or followed.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Component, Path, PathBuf},
};

use blobs::{Blobs, Digest};
use execution::files::{check_path, check_prefix};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

use crate::given::Given;

const OWNERS: [Uuid; 2] = [Uuid::from_u128(7), Uuid::from_u128(8)];
const SECRET: &[u8] = b"what nobody may read or overwrite";
const PARTS: [&str; 20] = [
    "a",
    "b.txt",
    "/",
    "/",
    "..",
    ".",
    "\\",
    ":",
    "\0",
    "CON",
    "nul.txt",
    " ",
    "\u{2025}",
    "%2e",
    "~",
    "etc",
    "proc/self/mem",
    "\u{202e}",
    "COM\u{b9}",
    "x",
];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    if given.is_set() { assert_leads_down(&text(&mut given)) } else { steps(&mut given) }
}

fn text(given: &mut Given<'_>) -> String {
    if given.is_set() {
        return String::from_utf8_lossy(given.rest()).into_owned();
    }
    (0..given.below(20)).map(|_| given.one_of(&PARTS)).collect()
}

fn assert_leads_down(text: &str) {
    if check_path(text).is_err() {
        return;
    }
    let components: Vec<_> = Path::new(text).components().collect();
    assert!(components.iter().all(|component| matches!(component, Component::Normal(_))), "{text:?}");
    assert_eq!(components.iter().collect::<PathBuf>(), Path::new(text), "{text:?} is another path");
    assert_eq!(components.len(), text.split('/').count(), "{text:?} has empty names");
    assert!(!text.contains(['\\', ':']) && !text.chars().any(char::is_control), "{text:?}");
    assert!(text.split('/').all(|name| name.len() <= 255 && !name.ends_with(['.', ' '])), "{text:?}");
    assert!(check_prefix("a prefix", text).is_ok(), "{text:?} is no prefix of itself");
}

/// The directory, and beside it what is none of its business.
struct Place {
    outside: TempDir,
    blobs: Blobs,
}

impl Place {
    fn new() -> Self {
        let outside = TempDir::new().unwrap();
        fs::write(outside.path().join("secret"), SECRET).unwrap();
        let blobs = Blobs::open(&outside.path().join("files")).unwrap();
        Self { outside, blobs }
    }

    fn of(&self, owner: Uuid) -> PathBuf {
        self.outside.path().join("files").join(owner.to_string())
    }

    /// Puts something where a blob, or the directory of an owner, should be. Fails where a directory is in the way.
    fn plant(&self, kind: usize, at: &Path) {
        let _ = fs::remove_file(at).or_else(|_| fs::remove_dir_all(at));
        let _ = match kind {
            0 => symlink(self.outside.path().join("secret"), at),
            1 => symlink("../../secret", at),
            2 => symlink("/proc/self/mem", at),
            3 => symlink(self.outside.path(), at),
            4 => symlink(at, at),
            5 => fs::create_dir(at),
            6 => symlink("/dev/zero", at),
            7 => symlink(self.of(OWNERS[1]), at),
            _ => fs::write(at, b"damaged"),
        };
    }

    fn assert_untouched(&self) {
        assert_eq!(fs::read(self.outside.path().join("secret")).unwrap(), SECRET);
        let mut names: Vec<_> = fs::read_dir(self.outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["files", "secret"]);
    }
}

fn steps(given: &mut Given<'_>) {
    let place = Place::new();
    let bytes = |blob: usize| if blob == 5 { SECRET.to_vec() } else { format!("blob {blob}").into_bytes() };
    // Who has what.
    let mut has = [[false; 6]; 2];
    for _ in 0..1 + given.below(24) {
        let (step, at, blob) = (given.below(6), given.below(2), given.below(6));
        let (owner, bytes) = (OWNERS[at], bytes(blob));
        let digest: Digest = Sha256::digest(&bytes).into();
        match step {
            0 => has[at][blob] = place.blobs.put(owner, &digest, &bytes).is_ok(),
            1 | 2 => assert_reads(&place.blobs, owner, &digest, &bytes, has[at][blob]),
            3 => has[at][blob] &= place.blobs.remove(owner, &digest).is_err(),
            4 => {
                // Behind a link in the place of the directory there would be something else.
                if place.of(owner).symlink_metadata().is_ok_and(|found| found.is_dir()) {
                    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                    place.plant(given.below(9), &place.of(owner).join(name));
                    has[at][blob] = false;
                }
            }
            _ if given.below(4) == 0 => {
                place.plant(given.below(8), &place.of(owner));
                has[at] = [false; 6];
            }
            _ => drop(place.blobs.begin(owner)),
        }
    }
    place.assert_untouched();
}

/// `has`: whether the owner has it.
fn assert_reads(blobs: &Blobs, owner: Uuid, digest: &Digest, bytes: &[u8], has: bool) {
    let size = bytes.len() as u64;
    let expected = has.then_some(bytes);
    assert_eq!(blobs.read(owner, digest, size).ok().as_deref(), expected);
    let opened = blobs.opened(owner, digest, size).ok().map(|opened| opened.read(0, bytes.len()).unwrap());
    assert_eq!(opened.as_deref(), expected);
    // Where the kernel would have to wait it says nothing.
    let at_once = blobs.opened_at_once(owner, digest, size).map(|opened| opened.read(0, bytes.len()).unwrap());
    assert!(at_once.is_none() || at_once.as_deref() == expected, "{at_once:?}, not {expected:?}");
}
