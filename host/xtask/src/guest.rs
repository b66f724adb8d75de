//! `cargo xtask guest`: the guest component from its source, once per state of its inputs.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::{
    inputs,
    toolchain::{Module, TARGET, Toolchain},
};

/// What determines the bytes of the guest, beside the toolchain. Relative to the workspace.
const INPUTS: &[&str] =
    &["guest/Cargo.toml", "guest/Cargo.lock", "guest/src", "wit", "host/xtask/src/guest.rs", "host/xtask/src/toolchain.rs"];

/// Builds the component into `target/guest/guest.wasm` unless it is there already, and says so.
pub(crate) fn build(workspace: &Path) -> Result<()> {
    let output = workspace.join("target/guest");
    let guest = Module { name: "guest", folder: "guest", inputs: INPUTS };
    let component = component(workspace, &guest, &output, "the Rhai interpreter")?;
    let current = output.join("guest.wasm");
    // Its time stamp makes the executor build again: only touched when the bytes are others.
    if fs::read(&current).ok().as_deref() != Some(&component) {
        write_whole(&current, &component)?;
    }
    eprintln!("guest: {} ({} KiB)", inputs::hex(&Sha256::digest(&component))[..12].to_owned(), component.len() >> 10);
    Ok(())
}

/// The bytes of a component made of a crate, from `output` if that has been done for what determines them.
pub(crate) fn component(workspace: &Path, module: &Module, output: &Path, what: &str) -> Result<Vec<u8>> {
    let toolchain = Toolchain::find()?;
    let digest = inputs::digest(workspace, toolchain.version(), module.inputs)?[..32].to_owned();
    let cached = output.join(format!("{digest}.wasm"));
    if !cached.exists() {
        eprintln!("{}: building {what} for {TARGET} ({}); takes a minute or two, once", module.name, toolchain.describe());
        let core = toolchain.compile(workspace, module, output)?;
        let component = wit_component::ComponentEncoder::default().validate(true).module(&core)?.encode()?;
        write_whole(&cached, &component)?;
    }
    Ok(fs::read(&cached)?)
}

/// A reader sees the old file or the new one, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(path.parent().context("a file has a directory")?)?;
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)?;
    Ok(())
}
