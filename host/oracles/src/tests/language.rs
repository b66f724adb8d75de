//! F4 as a table: what Rhai's own tests evaluate, its example scripts and our own programs (`host/executor/tests/language`).

use std::path::{Path, PathBuf};

use super::alone;
use crate::rhai_diff::{Bounds, End, engine, in_a_sandbox, natively};

/// A program that takes more than so many operations natively is not compared.
const BOUNDS: Bounds = Bounds { operations: 3_000_000, size: None };
const FUEL: u64 = 20_000_000_000;
/// What nobody survives natively: values that contain themselves or are nested without end.
const ENDLESS: [&str; 3] = ["let x = #{}; x.a = || x; x", "let x = [42]; loop { x[0] = x; }", "let x = #{}; loop { x.a = x; }"];
const NATIVE_STACK_BYTES: usize = 256 << 20;

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../executor/tests/language")
}

/// Programs of a file, each behind a line that names it.
pub(super) fn programs(file: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let parts = text.split("---- ").skip(1).filter_map(|part| part.split_once('\n'));
    parts.map(|(name, program)| (name.to_owned(), program.strip_suffix('\n').unwrap_or(program).to_owned())).collect()
}

/// Compares all, and says how many were.
fn compare(programs: Vec<(String, String)>) -> usize {
    let _alone = alone();
    // A deployment decides what an import finds: see `modules.rs` of the executor.
    let programs: Vec<_> = programs.into_iter().filter(|(_, program)| !program.contains("import ")).collect();
    let texts: Vec<_> = programs.iter().map(|(_, program)| program.clone()).collect();
    // Some nest as deep as they may, which takes more of a stack than threads of tests have.
    let native = std::thread::Builder::new().stack_size(NATIVE_STACK_BYTES).spawn(move || {
        let engine = engine(BOUNDS);
        texts.iter().map(|program| natively(&engine, program)).collect::<Vec<_>>()
    });
    let native = native.unwrap().join().unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for ((name, program), native) in programs.into_iter().zip(native) {
        let Some(native) = native else { continue };
        let sandboxed = in_a_sandbox(&program, FUEL);
        compared += 1;
        if sandboxed.as_ref() != Some(&native) {
            wrong.push(format!("{name}:\n{program}\nnatively {native:?}\nin a sandbox {sandboxed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n\n{}", wrong.len(), wrong.join("\n\n"));
    compared
}

#[test]
fn what_rhai_tests_evaluate_comes_to_the_same() {
    let compared = compare(programs("rhai-tests.txt"));
    assert!(compared > 800, "{compared}");
}

#[test]
fn our_own_programs_come_to_the_same() {
    assert!(compare(programs("ours.txt")) > 35);
}

#[test]
fn the_example_scripts_come_to_the_same() {
    let mut scripts: Vec<_> = std::fs::read_dir(folder().join("scripts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.sort();
    let read = |path: &PathBuf| (path.display().to_string(), std::fs::read_to_string(path).unwrap());
    assert!(compare(scripts.iter().map(read).collect()) > 20);
}

#[test]
fn what_nobody_survives_natively_ends_the_script_and_nothing_else() {
    let _alone = alone();
    for program in ENDLESS {
        let end = in_a_sandbox(program, FUEL);
        assert!(!matches!(end, Some(End::NoProgram | End::Answer(..))), "{program}: {end:?}");
    }
    assert_eq!(in_a_sandbox("1 + 1", FUEL), Some(End::Answer(200, b"2".to_vec())));
}

/// The same programs, as whatever text there is (F3).
#[test]
fn f3_what_rhai_tests_evaluate_is_refused_or_has_an_outcome() {
    let _alone = alone();
    for (_, program) in programs("rhai-tests.txt").into_iter().chain(programs("ours.txt")) {
        crate::rhai_script::run(program.as_bytes());
    }
}
