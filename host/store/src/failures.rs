//! How often the database failed, since the start of the process.
//!
//! Counted where errors get their operation, which all of them pass; so the counters are the process's and not a store's, which that place does
//! not know.

use std::sync::atomic::{AtomicU64, Ordering};

static NO_CONNECTION: AtomicU64 = AtomicU64::new(0);
static UNAVAILABLE: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Counts one failure.
pub(crate) fn count(source: &sqlx::Error, is_transient: bool) {
    let counter = match source {
        sqlx::Error::PoolTimedOut => &NO_CONNECTION,
        _ if is_transient => &UNAVAILABLE,
        _ => &REFUSED,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Reason and count: who waited in vain for one of the pool's connections, to whom the database did not answer (or in a way that calls for another
/// try), and whose statement it refused.
#[must_use]
pub fn failures() -> [(&'static str, u64); 3] {
    [("no_connection", &NO_CONNECTION), ("unavailable", &UNAVAILABLE), ("refused", &REFUSED)]
        .map(|(reason, counter)| (reason, counter.load(Ordering::Relaxed)))
}
