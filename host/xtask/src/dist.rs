//! `cargo xtask dist`: a release archive.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{dashboard, guest, shell};

/// What goes into the archive beside the program.
const DOCUMENTS: &[&str] = &["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Builds the release and packs it: `target/dist/picloud-<version>-<architecture>-linux.tar.gz`.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    guest::build(workspace)?;
    dashboard::build(workspace)?;
    let program = program(workspace)?;
    let name = format!("picloud-{}-{}-linux", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let dist = shell::target(workspace).join("dist");
    let folder = dist.join(&name);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    fs::copy(program, folder.join("picloud")).context("copying the program")?;
    for document in DOCUMENTS {
        fs::copy(workspace.join(document), folder.join(document)).with_context(|| format!("copying {document}"))?;
    }
    let archive = dist.join(format!("{name}.tar.gz"));
    shell::run(Command::new("tar").arg("--create").arg("--gzip").arg("--file").arg(&archive).arg("--directory").arg(&dist).arg(&name))?;
    eprintln!("{}", archive.display());
    Ok(())
}

/// The program as users get it.
pub(crate) fn program(workspace: &Path) -> Result<PathBuf> {
    shell::run(shell::cargo(workspace).args(["build", "--release", "--package", "picloud", "--locked"]))?;
    Ok(shell::target(workspace).join("release/picloud"))
}
