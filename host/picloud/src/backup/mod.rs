//! Backups: one archive with everything but the master keys.
//!
//! ```text
//! manifest.json           what it is, and what must be in it
//! database.dump           pg_dump -Fc
//! files/<app>/<digest>    bytes of apps' files
//! assets/<app>/<digest>   bytes of deployments' assets
//! end.json                the last entry: without it the archive was cut off
//! ```
//!
//! It is made while the server runs. A moment of the database is held; the dump sees that moment, and so does the list of the bytes that its rows need,
//! which are copied then. Bytes have their digest as their name and never change, and what nothing needs any more stays for a quarter of an hour
//! at least, mostly a day; so what the list names is there. What is not, all the same, is told, and is named in the archive.

mod archive;
mod check;
mod make;
mod programs;
mod restore;
mod smoke;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use make::make;
pub(crate) use restore::{restore, verify};

/// Of the archive.
const FORMAT: u32 = 1;

/// What a backup is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Version of the PiCloud that made it.
    picloud: String,
    /// Number of the newest migration of the database.
    schema: i64,
    /// Of the server that was dumped.
    postgres: String,
    created_at: jiff::Timestamp,
    dump_bytes: u64,
    dump_sha256: String,
    /// How many files and assets must follow.
    files: u64,
    assets: u64,
    /// Rows by table.
    rows: BTreeMap<String, i64>,
    /// Names of the master keys without which its secrets can't be read. The keys themselves are not in the archive.
    master_keys: Vec<String>,
}

/// The end of an archive.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct End {
    /// Bytes that rows need and that were missing or damaged when the backup was made: `files/<app>/<digest>`.
    missing: Vec<String>,
}
