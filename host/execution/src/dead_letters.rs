//! Dead letters: jobs whose attempts have all failed, as an execution sees them and decides on them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most entries of a page.
pub const PAGE_ENTRIES_MAX: u32 = 1_000;
/// So many characters of a message are shown: a page of them is in the server's memory.
pub const MESSAGE_CHARS_MAX: u32 = 1_000;

/// A job that has failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Of the job.
    pub id: Uuid,
    /// Name of its endpoint.
    pub script: String,
    /// JSON; `None` in a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Those that have failed.
    pub attempts: u32,
    /// A kind of failure, `no_script`, `loop` or `lost`.
    pub outcome: String,
    /// At most [`MESSAGE_CHARS_MAX`] characters.
    pub message: String,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub enqueued_at_ms: i64,
    pub death: Death,
}

/// When a job died, in microseconds since 1970-01-01T00:00:00Z. One that was replayed and has died again has another: so it names one state of one dead letter.
pub type Death = i64;

/// Asks for dead letters in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Only those behind this one.
    pub after: Option<Uuid>,
    /// Most entries, 1 to [`PAGE_ENTRIES_MAX`].
    pub limit: u32,
}

/// Dead letters of a range, from its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub entries: Vec<DeadLetter>,
    /// The range goes on behind the last entry.
    pub more: bool,
}

/// What an execution saw, and must still be so when it commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// A dead letter; `None`: there was none.
    One { id: Uuid, death: Option<Death> },
    /// A page: exactly these.
    Page { range: Range, entries: Vec<(Uuid, Death)>, more: bool },
}

/// What becomes of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is a job again, with all its attempts. `depth`: jobs that have led to it, at least.
    Replay { depth: u32 },
    /// It is gone.
    Resolve,
}
