//! `cargo xtask run` and `dev`: from a fresh clone to a running PiCloud.

use std::{os::unix::process::CommandExt as _, path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::{dashboard, guest, setup, shell};

/// Installs, builds, and becomes `picloud serve`.
pub(crate) fn run(workspace: &Path, arguments: &[String]) -> Result<()> {
    setup::run(setup::For::Building)?;
    build(workspace)?;
    serve(workspace, arguments, None)
}

/// The same without looking for packages, and with what the program itself logs.
pub(crate) fn dev(workspace: &Path, arguments: &[String]) -> Result<()> {
    build(workspace)?;
    serve(workspace, arguments, Some("debug,hyper=info,sqlx=info,h2=info,cranelift=info,wasmtime=info"))
}

/// Everything, with the one set of features: a part of the workspace would build Wasmtime once more.
pub(crate) fn build(workspace: &Path) -> Result<()> {
    guest::build(workspace)?;
    dashboard::build(workspace)?;
    shell::run(shell::cargo(workspace).args(["build", "--workspace", "--locked"]))
}

/// Replaces this process, so that signals reach the server itself.
fn serve(workspace: &Path, arguments: &[String], log: Option<&str>) -> Result<()> {
    let mut server = Command::new(shell::target(workspace).join("debug/picloud"));
    server.current_dir(workspace).arg("serve").args(arguments);
    if let Some(log) = log {
        server.env("PICLOUD_LOG", log);
    }
    Err(server.exec()).context("starting picloud")
}
