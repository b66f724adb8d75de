//! The dashboard in a real Chromium: each file of `dashboard/e2e` against a PiCloud of its own.

use std::{path::Path, process::Command};

use crate::instance::{Instance, PASSWORD};

/// Runs one file of tests and shows what it said if one of them fails.
fn browser(instance: &Instance, file: &str) {
    let dashboard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboard");
    let mut playwright = Command::new("npx");
    playwright.current_dir(&dashboard).args(["--no-install", "playwright", "test", "--config", "e2e/playwright.config.ts", file]);
    playwright.env("PICLOUD_URL", format!("http://localhost:{}", instance.port));
    playwright.env("PICLOUD_USERNAME", "owner").env("PICLOUD_PASSWORD", PASSWORD);
    let output = playwright.output().unwrap_or_else(|error| panic!("npx can't be started ({error}); Node has it"));
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{file}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_stories_of_a_first_visit() {
    browser(&Instance::start(), "stories.spec.ts");
}
