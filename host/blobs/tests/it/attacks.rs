//! S-6.1: links and worse, planted by somebody who can write into the directory. Random steps among them are fuzz target F9 (`host/oracles`).

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use blobs::{Blobs, Error};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use uuid::Uuid;

use crate::{OWNER, Place, SECRET, digest, name};

/// How often a long test turns: `make soak` sets the variable.
#[expect(clippy::disallowed_methods, reason = "a variable tells how long a soak is")]
fn turns(usual: u32, soak: u32) -> u32 {
    if std::env::var_os("SOAK_TURNS").is_some() { soak } else { usual }
}

/// What can lie where a blob should.
fn plant(kind: u8, at: &Path, place: &Place) {
    let _ = fs::remove_file(at);
    let _ = fs::remove_dir_all(at);
    match kind {
        0 => symlink(place.outside("secret"), at).unwrap(),
        1 => symlink("../../secret", at).unwrap(),
        2 => symlink("/proc/self/mem", at).unwrap(),
        3 => symlink("/etc/", at).unwrap(),
        4 => symlink(at, at).unwrap(),
        5 => fs::create_dir(at).unwrap(),
        6 => mknodat(CWD, at, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
        _ => symlink("/dev/zero", at).unwrap(),
    }
}

#[test]
fn s_6_1_a_planted_blob_is_never_followed() {
    let place = Place::new();
    place.put(OWNER, b"other");
    for kind in 0..8 {
        let digest = digest(SECRET);
        plant(kind, &place.of(OWNER).join(name(&digest)), &place);
        let read = place.blobs.read(OWNER, &digest, SECRET.len() as u64);
        assert!(matches!(read, Err(Error::Missing { .. })), "{kind}: {read:?}");
        assert!(matches!(place.blobs.opened(OWNER, &digest, SECRET.len() as u64), Err(Error::Missing { .. })), "{kind}");
        assert!(place.blobs.opened_at_once(OWNER, &digest, SECRET.len() as u64).is_none(), "{kind}");
        assert!(!place.blobs.has(OWNER, &digest, SECRET.len() as u64).unwrap(), "{kind}");
        // A write replaces what is there, and does not go through it.
        let put = place.blobs.put(OWNER, &digest, SECRET);
        assert_eq!(put.is_ok(), kind != 5, "{kind}: {put:?}");
        place.assert_untouched();
    }
}

#[test]
fn s_6_1_a_planted_directory_is_never_entered() {
    let place = Place::new();
    let secret = name(&digest(SECRET));
    let elsewhere = tempfile::TempDir::new().unwrap();
    fs::write(elsewhere.path().join(&secret), SECRET).unwrap();
    // Another app's files are no less outside than those of the system.
    let other = Uuid::from_u128(8);
    place.put(other, SECRET);
    for target in
        [elsewhere.path().to_path_buf(), elsewhere.path().join("."), place.of(other), other.to_string().into(), "/proc/self/root".into()]
    {
        let _ = fs::remove_file(place.of(OWNER));
        symlink(&target, place.of(OWNER)).unwrap();
        assert!(place.blobs.read(OWNER, &digest(SECRET), SECRET.len() as u64).is_err(), "{target:?}");
        assert!(place.blobs.opened(OWNER, &digest(SECRET), SECRET.len() as u64).is_err(), "{target:?}");
        assert!(place.blobs.opened_at_once(OWNER, &digest(SECRET), SECRET.len() as u64).is_none(), "{target:?}");
        assert!(place.blobs.put(OWNER, &digest(b"new"), b"new").is_err(), "{target:?}");
        assert!(place.blobs.begin(OWNER).is_err(), "{target:?}");
        assert!(place.blobs.remove(OWNER, &digest(SECRET)).is_err(), "{target:?}");
        assert!(place.blobs.tidy(OWNER, Duration::ZERO).is_err(), "{target:?}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    assert_eq!(place.blobs.read(other, &digest(SECRET), SECRET.len() as u64).unwrap(), SECRET);
}

#[test]
fn s_6_1_a_race_of_links_against_writers_leads_nowhere() {
    let place = Place::new();
    place.put(OWNER, b"before");
    let elsewhere = tempfile::TempDir::new().unwrap();
    let (there, aside, link) = (place.of(OWNER), place.root().join("aside"), place.root().join("link"));
    symlink(elsewhere.path(), &link).unwrap();
    let (stop, ends) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(u64::from(turns(1, 30))));
    let mut written = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The owner's directory, a link that leads out, and back.
            while !stop.load(Relaxed) {
                let _ = fs::rename(&there, &aside).and_then(|()| fs::rename(&link, &there));
                let _ = fs::rename(&there, &link).and_then(|()| fs::rename(&aside, &there));
            }
        });
        while Instant::now() < ends {
            let bytes = format!("number {written}");
            if place.blobs.put(OWNER, &digest(bytes.as_bytes()), bytes.as_bytes()).is_ok() {
                written += 1;
            }
            // Whatever is read is what was written.
            let _ = place.blobs.read(OWNER, &digest(b"before"), 6).map(|read| assert_eq!(read, b"before"));
            let opened = place.blobs.opened_at_once(OWNER, &digest(b"before"), 6);
            assert!(opened.is_none_or(|opened| opened.read(0, 6).unwrap() == b"before"));
        }
        stop.store(true, Relaxed);
    });
    assert!(written > 0);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "something was written outside");
}

#[test]
fn the_directory_may_be_behind_a_link_of_the_operator() {
    let (real, link) = (tempfile::TempDir::new().unwrap(), tempfile::TempDir::new().unwrap());
    let link = link.path().join("files");
    symlink(real.path(), &link).unwrap();
    let blobs = Blobs::open(&link).unwrap();
    blobs.put(OWNER, &digest(b"x"), b"x").unwrap();
    assert_eq!(blobs.read(OWNER, &digest(b"x"), 1).unwrap(), b"x");
}
