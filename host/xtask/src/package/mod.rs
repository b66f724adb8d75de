//! `cargo xtask deb` and what is tested about it: the package, the image for containers, and the pages that say how to install them.

mod deb;
mod debian;
mod image;
mod installed;
mod page;

use std::path::Path;

use anyhow::Result;
pub(crate) use deb::{Program, build};

/// Installs the package in a Debian of its own, uses it as its pages say, brings it to the next version and back, and removes it; then the steps of the image.
pub(crate) fn test(workspace: &Path) -> Result<()> {
    let package = build(workspace, Program::Dev)?;
    let next = build(workspace, Program::Next)?;
    let base = debian::Base::prepare(workspace)?;
    installed::test(workspace, &base, &package, &next)?;
    image::test(workspace, &base, &package)
}
