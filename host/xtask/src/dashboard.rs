//! `cargo xtask dashboard`: the dashboard as static files in `target/dashboard/build`, once per state of its inputs.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::{inputs, shell};

/// What determines the files. The types of the API come from its description.
const INPUTS: &[&str] = &[
    "dashboard/package.json",
    "dashboard/package-lock.json",
    "dashboard/svelte.config.js",
    "dashboard/vite.config.ts",
    "dashboard/tsconfig.json",
    "dashboard/src",
    "dashboard/static",
    "docs/reference/openapi.json",
    "docs/reference/picloud.d.rhai",
];
/// Of Vite 8.
const NODE_MIN: (u32, u32) = (20, 19);

/// Builds the files unless they are there.
pub(crate) fn build(workspace: &Path) -> Result<()> {
    let directory = shell::target(workspace).join("dashboard");
    let digest = inputs::digest(workspace, "", INPUTS)?;
    // Written last: a build that was interrupted is made anew.
    let stamp = directory.join("built.txt");
    if fs::read_to_string(&stamp).is_ok_and(|built| built == digest) {
        return Ok(());
    }
    eprintln!("dashboard: building its files; takes half a minute, once");
    install(workspace)?;
    shell::run(npm(workspace).args(["run", "--silent", "types"]))?;
    shell::run(npm(workspace).args(["run", "--silent", "build"]))?;
    fs::write(&stamp, digest).with_context(|| format!("writing {}", stamp.display()))
}

/// Types and rules of the source, for `check`.
pub(crate) fn check(workspace: &Path) -> Result<()> {
    build(workspace)?;
    install(workspace)?;
    shell::run(npm(workspace).args(["run", "--silent", "check"]))
}

/// The packages of the lock file, if they are not there or are others. No browser: the tests use the system's.
pub(crate) fn install(workspace: &Path) -> Result<()> {
    ensure_node()?;
    let stamp = workspace.join("dashboard/node_modules/.installed");
    let wanted = inputs::digest(workspace, "", &["dashboard/package-lock.json"])?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    shell::run(npm(workspace).args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]))?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// npm, in the dashboard's directory.
pub(crate) fn npm(workspace: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(workspace.join("dashboard")).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    npm
}

fn ensure_node() -> Result<()> {
    let (major, minor) = NODE_MIN;
    let output = Command::new("node").arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    ensure!(
        parsed(&version).is_some_and(|version| version >= NODE_MIN),
        "the dashboard is built with Node {major}.{minor} or newer, and here {}. https://nodejs.org/en/download has it.",
        if version.is_empty() { "there is none".to_owned() } else { format!("is {version}") }
    );
    Ok(())
}

/// Major and minor of `v20.19.1`.
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node() {
        assert_eq!(parsed("v20.19.1"), Some((20, 19)));
        assert_eq!(parsed("v22.3.0-nightly"), Some((22, 3)));
        assert_eq!((parsed("20.19.1"), parsed("")), (None, None));
        assert!(parsed("v18.19.0").is_some_and(|version| version < NODE_MIN));
    }
}
