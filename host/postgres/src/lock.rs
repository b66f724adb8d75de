//! One supervisor per directory.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::error::{FileContext, ServerError};

/// Held while this process supervises the directory. The kernel lets go of it when the process ends, however it ends; it is
/// closed on exec, so the server does not inherit it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(path: &Path) -> Result<Self, ServerError> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).context("open the lock file", path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(Errno::WOULDBLOCK) => Err(ServerError::InUse { directory: path.parent().unwrap_or(path).to_owned() }),
            Err(other) => Err(other).context("lock", path),
        }
    }
}
