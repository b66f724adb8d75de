//! Files of an app, as an execution reads and writes them.
//!
//! A path names a file as a key names a value: it is looked up, never walked. What it leads to is a digest, and the bytes lie under that.

mod path;

use serde::{Deserialize, Serialize};

pub use path::{COMPONENT_BYTES_MAX, DEPTH_MAX, PATH_BYTES_MAX, check as check_path, check_prefix};

/// Names one state of one path. Taken from a sequence and never used again.
pub type Version = i64;

/// What is known of a file without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    pub version: Version,
    /// When it was written, in milliseconds since 1970-01-01T00:00:00Z.
    pub updated_at_ms: u64,
}

/// The bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content(#[serde(with = "crate::bytes")] pub Vec<u8>);

/// Asks for files in the order of the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Every path begins with it; may be empty.
    pub prefix: String,
    /// Only paths behind this one.
    pub after: Option<String>,
    /// Most entries, 1 to [`PAGE_ENTRIES_MAX`].
    pub limit: u32,
}

/// Most entries of a page.
pub const PAGE_ENTRIES_MAX: u32 = 1_000;

/// Entries of a range, from its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub entries: Vec<(String, Info)>,
    /// The range goes on behind the last entry.
    pub more: bool,
}

/// What an execution saw, and must still be so when it commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// A path; `None`: there was no file.
    Path { path: String, version: Option<Version> },
    /// A page: exactly these paths in these versions.
    Page { range: Range, entries: Vec<(String, Version)>, more: bool },
}

/// A change of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    Put {
        /// SHA-256 of the bytes, in lower-case hexadecimal.
        digest: String,
        #[serde(with = "crate::bytes")]
        bytes: Vec<u8>,
        /// When, by the clock of the execution, in milliseconds since 1970-01-01T00:00:00Z.
        updated_at_ms: u64,
    },
    Delete,
}
