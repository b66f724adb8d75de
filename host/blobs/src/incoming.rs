//! A blob on its way in.

use std::io::{self, Write as _};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use sha2::{Digest as _, Sha256};

use crate::{Digest, Error, directory::sync, name};

/// What the names of blobs begin with that are not whole. No digest does.
pub(crate) const PART: &str = "part-";

/// A blob that is being written, piece by piece.
#[derive(Debug)]
pub struct Incoming {
    part: Part,
    file: File,
    hash: Sha256,
    size: u64,
}

/// A blob that is whole and on the disk, but has no name yet.
#[derive(Debug)]
pub struct Sealed {
    part: Part,
    digest: Digest,
    size: u64,
}

/// The file under its first name; removed when it is dropped.
#[derive(Debug)]
struct Part {
    dir: Dir,
    name: String,
}

impl Incoming {
    pub(crate) fn begin(dir: Dir) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = random.iter().fold(PART.to_owned(), |name, byte| format!("{name}{byte:02x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).follow(FollowSymlinks::No);
        let file = dir.open_with(&name, &options)?;
        Ok(Self { part: Part { dir, name }, file, hash: Sha256::new(), size: 0 })
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(Error::disk("write a blob"))?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// So many bytes were written.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// No more bytes: waits until they are on the disk.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn seal(self) -> Result<Sealed, Error> {
        self.file.sync_all().map_err(Error::disk("sync a blob"))?;
        Ok(Sealed { part: self.part, digest: self.hash.finalize().into(), size: self.size })
    }
}

impl Sealed {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes it a blob, for good. One of the same digest that is there is the same, or damaged: it is replaced.
    ///
    /// # Errors
    /// The disk failed.
    pub fn keep(self) -> Result<(), Error> {
        let dir = &self.part.dir;
        dir.rename(&self.part.name, dir, name(&self.digest)).and_then(|()| sync(dir)).map_err(Error::disk("keep a blob"))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing of this name; what can't be removed is swept later.
        let _ = self.dir.remove_file(&self.name);
    }
}
