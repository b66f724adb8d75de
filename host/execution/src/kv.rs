//! Keys and values, as an execution reads and writes them.

use serde::{Deserialize, Serialize};

/// Names one state of one key. Taken from a sequence and never used again.
pub type Version = i64;

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// JSON.
    pub value: String,
    pub version: Version,
}

/// Asks for keys in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Every key begins with it; may be empty.
    pub prefix: String,
    /// Only keys behind this one.
    pub after: Option<String>,
    /// Most entries, 1 to [`PAGE_ENTRIES_MAX`].
    pub limit: u32,
}

/// Most entries of a page.
pub const PAGE_ENTRIES_MAX: u32 = 1_000;
/// A page ends with the entry that brings its keys and values to so many bytes.
pub const PAGE_BYTES_MAX: usize = 1 << 20;
/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 512;

/// Entries of a range, from its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub entries: Vec<(String, Stored)>,
    /// The range goes on behind the last entry.
    pub more: bool,
}

/// What an execution saw, and must still be so when it commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// A key; `None`: it was not there.
    Key { key: String, version: Option<Version> },
    /// A page: exactly these keys in these versions.
    Page { range: Range, entries: Vec<(String, Version)>, more: bool },
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// `expires_at_ms`: milliseconds since 1970-01-01T00:00:00Z; `None`: never.
    Set {
        value: String,
        expires_at_ms: Option<u64>,
    },
    Delete,
    /// Added to the whole number that is there, 0 if there is none.
    Add(i64),
}
