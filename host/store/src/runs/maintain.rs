//! Partitions ahead, and trimming by age and size.

use jiff::Timestamp;

use super::Runs;
use crate::Result;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Whole UTC days before today.
    pub days: u16,
    /// Executions and logs together, indexes included, in bytes.
    pub bytes_max: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 7, bytes_max: 2 * 1024 * 1024 * 1024 }
    }
}

/// What a maintenance did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Partitions made.
    pub created: u32,
    /// Partitions dropped, by age or size.
    pub dropped: u32,
    /// Rows deleted, of deleted apps or because today alone exceeds the size.
    pub deleted: u64,
    /// Bytes that both tables hold now.
    pub bytes: u64,
}

impl Runs {
    /// Makes the partitions of today and tomorrow, drops those beyond `retention`. To be called at start and every few minutes; one node
    /// at a time does it, another returns at once.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn maintain(&self, now: Timestamp, retention: Retention) -> Result<Maintained> {
        todo!()
    }
}
