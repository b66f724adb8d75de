//! Files: rows here, bytes in the directory of [`blobs`].
//!
//! The order in which both are written makes that a row never leads nowhere: the bytes are claimed ([`claim`]), lie on the disk, and then a transaction
//! makes the row. What nothing needs any more is swept a day later ([`sweep`]); a claim begins that day anew.

pub(crate) mod claim;
mod keep;
mod read;
pub(crate) mod sweep;
mod usage;
pub(crate) mod write;

use std::sync::Arc;

use blobs::Blobs;
use execution::Effects;

pub(super) use read::are_still_so;
pub(crate) use usage::{FileUsage, add, most_added, usage};
pub(super) use write::{Rows, write};

use super::AppData;
use crate::{Digest, Error, Result};

impl AppData {
    /// The bytes of a file that was read of ([`AppData::file`]).
    ///
    /// # Errors
    /// [`Error::NoFiles`], [`Error::Files`].
    pub async fn file_bytes(&self, digest: &str, size: u64) -> Result<Vec<u8>> {
        let digest = self.digest(digest)?;
        let app = self.app;
        on_disk(self.blobs.as_ref(), move |blobs| blobs.read(app.uuid(), digest.as_bytes(), size)).await
    }

    /// The rows that an execution leaves behind.
    pub(super) fn file_rows<'a>(&self, effects: &'a Effects) -> Result<Rows<'a>> {
        let no_digest = |_| Error::Files { source: blobs::Error::Missing { owner: self.app.uuid(), digest: "that is none".to_owned() } };
        write::rows(&effects.file_writes).map_err(no_digest)
    }

    fn digest(&self, text: &str) -> Result<Digest> {
        let none = |_| Error::Files { source: blobs::Error::Missing { owner: self.app.uuid(), digest: text.to_owned() } };
        text.parse().map_err(none)
    }
}

/// Does something that waits for the disk, on a thread that may.
pub(crate) async fn on_disk<T: Send + 'static>(
    blobs: Option<&Arc<Blobs>>,
    work: impl FnOnce(&Blobs) -> std::result::Result<T, blobs::Error> + Send + 'static,
) -> Result<T> {
    let blobs = Arc::clone(blobs.ok_or(Error::NoFiles)?);
    blocking(move || work(&blobs)).await
}

/// The same with what is open already.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::result::Result<T, blobs::Error> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    // It is not waited for by a runtime that ends.
    let done = done.map_err(|error| blobs::Error::Disk { operation: "wait for the disk", source: std::io::Error::other(error) });
    done.and_then(|done| done).map_err(|source| Error::Files { source })
}
