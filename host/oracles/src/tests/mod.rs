//! The targets on any compiler: the inputs that are kept, and as many drawn ones as take some seconds.

mod language;

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// There is one pool and one server: where tests share a process, they come one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of `fuzz/`.
fn inputs(folder: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz")).join(folder).join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// How many times as many inputs: `make soak` sets the variable.
#[expect(clippy::disallowed_methods, reason = "a variable tells how long a soak is")]
fn turns() -> u32 {
    if std::env::var_os("SOAK_TURNS").is_some() { 200 } else { 1 }
}

/// The same bytes in each run.
struct Drawn(u64);

impl Drawn {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A kept input with some bytes changed, or bytes of no meaning at all.
    fn input(&mut self, kept: &[(PathBuf, Vec<u8>)], bytes_max: usize) -> Vec<u8> {
        let most = u64::try_from(bytes_max).unwrap();
        let mut bytes: Vec<u8> = if kept.is_empty() || self.next().is_multiple_of(4) {
            (0..self.next() % most).map(|_| u8::try_from(self.next() & 0xff).unwrap()).collect()
        } else {
            kept[usize::try_from(self.next()).unwrap() % kept.len()].1.clone()
        };
        for _ in 0..self.next() % 4 {
            if let Ok(at) = usize::try_from(self.next() % (bytes.len() as u64).max(1))
                && let Some(byte) = bytes.get_mut(at)
            {
                *byte = u8::try_from(self.next() & 0xff).unwrap();
            }
        }
        bytes.truncate(bytes_max);
        bytes
    }
}

/// `drawn`: so many inputs beside those that are kept, of at most so many bytes.
fn replay(name: &str, run: fn(&[u8]), drawn: u32, bytes_max: usize) {
    let _alone = alone();
    let kept = [inputs("corpus", name), inputs("regressions", name)].concat();
    assert!(!kept.is_empty(), "{name} has no corpus");
    for (path, bytes) in &kept {
        // Shown if it fails.
        eprintln!("{}", path.display());
        run(bytes);
    }
    let mut draw = Drawn(14);
    for number in 0..drawn * turns() {
        let bytes = draw.input(&kept, bytes_max);
        let caught = std::panic::catch_unwind(|| run(&bytes));
        assert!(caught.is_ok(), "input {number}: {}", bytes.escape_ascii());
    }
}

macro_rules! targets {
    ($($test:ident: $target:ident, $drawn:literal, $bytes_max:literal;)*) => {
        $(#[test] fn $test() { replay(stringify!($target), crate::$target::run, $drawn, $bytes_max); })*

        const TARGETS: &[&str] = &[$(stringify!($target)),*];
    };
}

targets! {
    f1_s_2_5_a_hostile_guest_gets_nowhere: abi_guest, 2_000, 2_048;
    f2_s_6_2_apps_and_quotas_hold_whatever_is_called: host_calls, 150, 512;
    f3_s_2_15_whatever_text_is_a_script_or_refused: rhai_script, 200, 4_096;
    f4_the_language_in_the_sandbox_is_the_language: rhai_diff, 200, 2_048;
    f5_s_4_3_a_host_has_one_reading_and_one_owner: host_header, 20_000, 512;
    f6_s_4_9_whatever_is_answered_is_one_response: script_response, 2_000, 1_024;
    f7_s_4_5_the_tree_finds_what_a_search_finds: route_path, 20_000, 512;
    e1_f8_only_public_addresses_are_dialled: fetch_url, 2_000, 512;
    f9_s_6_1_random_steps_stay_inside: file_path, 50, 256;
    f10_s_8_7_only_keys_are_keys: api_key, 20_000, 256;
    f11_s_4_6_requests_are_read_as_a_strict_reader_does: http1_raw, 1_000, 1_024;
    f12_s_9_5_the_next_slot_is_the_next: cron_expr, 1_000, 128;
    f13_s_6_4_what_was_changed_does_not_open: secrets_envelope, 5_000, 512;
    f14_s_2_9_nothing_is_left_in_a_slot: pool_reuse, 4, 64;
}

/// The targets of `fuzz/` are those of this crate, and their files do nothing but call them.
#[test]
fn every_target_has_its_file() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/fuzz_targets"));
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut names = TARGETS.to_vec();
    names.sort_unstable();
    assert_eq!(files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect::<Vec<_>>(), names);
    for (file, name) in files.iter().zip(names) {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(&format!("oracles::{name}::run(bytes)")) && text.lines().count() <= 20, "{}", file.display());
    }
}

/// Otherwise the property would hold of nothing.
#[test]
fn e1_the_oracle_knows_both_kinds() {
    for public in ["8.8.8.8", "2600::1", "64:ff9b::8.8.8.8"] {
        assert!(crate::fetch_url::is_public(public.parse().unwrap()), "{public}");
    }
    for special in ["127.0.0.1", "::1", "::ffff:8.8.8.8", "64:ff9b::127.0.0.1", "2001:db8::1", "fe80::1"] {
        assert!(!crate::fetch_url::is_public(special.parse().unwrap()), "{special}");
    }
}
