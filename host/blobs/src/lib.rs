//! Bytes by their SHA-256, in a directory per owner: what the files of apps and the assets of deployments are made of.
//!
//! A blob is `<directory>/<owner>/<digest>`. It is written under another name in the same directory, synced and renamed, so that one that is
//! there is whole and stays; what is read as a whole is hashed again. Nobody chooses a name here: the owner is an id and the rest a digest, and nothing but a regular
//! file below the directory is ever opened ([`cap_std`], without following links), whatever somebody put there (S-6.1).
//!
//! All calls wait for the disk, but for those whose names say `at_once`: they belong on a thread that may. Several nodes can share the directory.
//!
//! Deliberately absent: paths of apps, counting, and any knowledge of what is still needed. Called by `store`, which knows.

#![forbid(unsafe_code)]

mod directory;
mod incoming;
mod opened;

pub use directory::Blobs;
pub use incoming::{Incoming, Sealed};
pub use opened::Opened;

/// SHA-256 of a blob.
pub type Digest = [u8; 32];

/// Why a blob can't be read or written.
#[expect(clippy::error_impl_error, reason = "read as `blobs::Error`, the one error of this crate")]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or what is there is no regular file.
    #[error("there is no blob {digest} of {owner}")]
    Missing { owner: uuid::Uuid, digest: String },
    /// What is there is not what was written.
    #[error("the blob {digest} of {owner} is damaged: put a copy of it back from a backup")]
    Damaged { owner: uuid::Uuid, digest: String },
    /// The kernel can't keep a path below a directory (`openat2`, Linux 5.6), or something forbids it to.
    #[error("no files of apps can be kept in {place}: the system call openat2 is needed (Linux 5.6), and was refused")]
    NoOpenat2 {
        place: String,
        #[source]
        source: std::io::Error,
    },
    /// The disk failed.
    #[error("could not {operation}")]
    Disk {
        operation: &'static str,
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn disk(operation: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Disk { operation, source }
    }
}

/// The name of a blob.
pub(crate) fn name(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
