//! `cargo xtask bench`: measures everything side by side in one run.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{peers, run, setup, shell};

/// Builds with the profile that is also tested, and runs the `bench` program.
pub(crate) fn run(workspace: &Path, arguments: &[String]) -> Result<()> {
    setup::run(setup::For::Measuring)?;
    run::build(workspace)?;
    peers::prepare(workspace);
    let mut bench = Command::new(shell::target(workspace).join("debug/bench"));
    shell::run(bench.current_dir(workspace).args(arguments))
}
