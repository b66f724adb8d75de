//! The dashboard in a real Chromium: each file of `dashboard/e2e` against a PiCloud of its own.

use std::{path::Path, process::Command};

use crate::instance::{Instance, PASSWORD};

/// Runs those tests of one file whose names have these words, and shows what they said if one of them fails.
fn browser(instance: &Instance, file: &str, words: &str) {
    let dashboard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboard");
    let mut playwright = Command::new("npx");
    playwright.current_dir(&dashboard).args(["--no-install", "playwright", "test", "--config", "e2e/playwright.config.ts", file]);
    // Files are tested side by side, and each begins by emptying its directory.
    playwright.arg("--output").arg(format!("../target/dashboard/e2e/{file}.{}", words.replace(' ', "-"))).args(["--grep", words]);
    playwright.env("PICLOUD_URL", format!("http://localhost:{}", instance.port));
    playwright.env("PICLOUD_USERNAME", "owner").env("PICLOUD_PASSWORD", PASSWORD);
    let output = playwright.output().unwrap_or_else(|error| panic!("npx can't be started ({error}); Node has it"));
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{file}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_stories_of_a_first_visit() {
    browser(&Instance::start(), "stories.spec.ts", "by clicks");
}

#[test]
fn what_goes_wrong_around_a_page() {
    browser(&Instance::start(), "robust.spec.ts", "");
}

#[test]
fn the_stories_of_keys_and_secrets() {
    browser(&Instance::start(), "data.spec.ts", "");
}

#[test]
fn the_stories_of_schedules_triggers_and_jobs() {
    browser(&Instance::start(), "runs.spec.ts", "");
}

#[test]
fn the_stories_of_deployments_and_domains() {
    browser(&Instance::start(), "code.spec.ts", "");
}

#[test]
fn the_stories_of_members_and_limits() {
    browser(&Instance::start(), "people.spec.ts", "");
}

#[test]
fn every_page_on_a_wide_screen_by_day() {
    browser(&Instance::start(), "pages.spec.ts", "wide-light");
}

#[test]
fn every_page_on_a_wide_screen_by_night() {
    browser(&Instance::start(), "pages.spec.ts", "wide-dark");
}

#[test]
fn every_page_on_a_narrow_screen_by_day() {
    browser(&Instance::start(), "pages.spec.ts", "narrow-light");
}

#[test]
fn every_page_on_a_narrow_screen_by_night() {
    browser(&Instance::start(), "pages.spec.ts", "narrow-dark");
}
