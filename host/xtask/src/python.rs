//! Tools in Python that tests call, in a virtual environment of their own: `target/python`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::shell;

/// What is installed, each with its version.
const REQUIREMENTS: &str = "host/picloud/tests/schemathesis/requirements.txt";

/// Makes the environment if it is not there, or is of other versions. Takes no time when it is as it should be.
pub(crate) fn prepare(workspace: &Path) -> Result<()> {
    let directory = shell::target(workspace).join("python");
    let wanted = fs::read_to_string(workspace.join(REQUIREMENTS)).with_context(|| format!("reading {REQUIREMENTS}"))?;
    // Written last: an installation that was interrupted is made anew.
    let stamp = directory.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
    let mut pip = Command::new(directory.join("bin/pip"));
    pip.current_dir(workspace).args(["--disable-pip-version-check", "install", "--quiet", "--no-deps", "--requirement", REQUIREMENTS]);
    shell::run(&mut pip)?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}
