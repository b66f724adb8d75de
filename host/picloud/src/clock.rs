//! The clock of the process. Everybody else is given it.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "the owner of the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Milliseconds since 1970-01-01T00:00:00Z; 0 if the machine believes to be before that.
#[expect(clippy::disallowed_methods, reason = "the owner of the clock")]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
