//! The reference of the script API. `guest/api/*.toml` is its one source, written by hand; a page and a definition file for editors are made of it.
//!
//! What it says is held against the sandbox: each example runs and gives what is printed, each signature can be called, and nothing is registered
//! that it does not name. A new namespace is a new file in that folder, and nothing else.

mod definitions;
mod examples;
mod page;
mod registered;
mod signatures;
mod source;

use std::path::{Path, PathBuf};

/// A path of the workspace.
fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn the_committed_page_of_the_script_api_is_complete() {
    committed("script.md", &page::write(&source::all()));
}

#[test]
fn the_committed_definitions_for_editors_are_complete() {
    committed("picloud.d.rhai", &definitions::write(&source::all()));
}

/// Compares a generated file with the committed one, or writes it.
fn committed(name: &str, text: &str) {
    let file = workspace("docs/reference").join(name);
    #[expect(clippy::disallowed_methods, reason = "the only way to tell a test that it should write")]
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&file, text).expect("the file can be written");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == text,
        "docs/reference/{name} is not what guest/api says. Run this test again with UPDATE=1 to rewrite it, and commit it."
    );
}
