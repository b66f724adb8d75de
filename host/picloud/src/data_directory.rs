//! The directory that holds everything.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use rustix::process::geteuid;

/// Makes the directory. Nobody else can list it; as root, PostgreSQL's own user has to pass through to its part.
pub(crate) fn make(path: &Path) -> anyhow::Result<()> {
    let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
    let made = fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.with_context(|| format!("could not make the data directory {}", path.display()))?;
    let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set.with_context(|| format!("could not set the mode of the data directory {}", path.display()))
}
