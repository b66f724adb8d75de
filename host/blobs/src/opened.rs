//! A blob on its way out, piece by piece.

use std::{fs::File, io::IoSliceMut, os::unix::fs::FileExt as _};

use rustix::io::{ReadWriteFlags, preadv2};

use crate::Error;

/// A blob that is open. It stays readable when its name is removed meanwhile.
#[derive(Debug)]
pub struct Opened {
    file: File,
}

impl Opened {
    pub(crate) fn new(file: File) -> Self {
        Self { file }
    }

    /// Exactly `length` bytes from `offset` on.
    ///
    /// # Errors
    /// The disk failed, or the blob ends before: somebody has cut it since it was opened.
    pub fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset).map_err(Error::disk("read a piece of a blob"))?;
        Ok(bytes)
    }

    /// The same if the kernel has the bytes in memory, so that nothing waits for the disk. `None`: it has not all of them, or something is the matter,
    /// which [`Opened::read`] tells.
    #[must_use]
    pub fn read_at_once(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = preadv2(&self.file, &mut [IoSliceMut::new(&mut bytes)], offset, ReadWriteFlags::NOWAIT).ok()?;
        (read == length).then_some(bytes)
    }
}
