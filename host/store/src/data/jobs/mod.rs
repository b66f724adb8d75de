//! The queue: jobs of all apps for the node that runs them, and of one app for the execution that makes or ends them.
//!
//! A job that runs is leased: its `due_at` lies a minute ahead, and whoever runs it moves it on. If that stops, it is due again, with the same execution id.
//! It ends in the transaction of what it has done, which takes its row away: so whatever is delivered twice, its effects are there once.

mod claim;
pub(crate) mod dead_letters;
mod figures;
pub(crate) mod fire;
mod settle;
mod write;

pub use claim::{Claim, Claimed};
pub use figures::{QUEUE_COUNT_MAX, QueueFigures};
pub use settle::FailedAttempt;
pub(crate) use write::{NewJobs, count, finish, insert};

use execution::queue::Options;
use jiff::Timestamp;

use crate::{AppId, ExecutionId, JobId, TriggerId};

/// How long a job that runs is left alone, unless its node asks for more.
pub const LEASE: std::time::Duration = std::time::Duration::from_secs(60);

/// So often the same execution is begun; a job whose node is lost each time may well be why.
pub const DELIVERIES_MAX: u16 = 5;

/// A job that this node runs. The proof that it may: only claiming makes one.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    app: AppId,
    id: JobId,
    execution: ExecutionId,
    /// Name of the endpoint.
    pub script: String,
    /// JSON.
    pub payload: String,
    /// Jobs that led to it, itself included.
    pub depth: u32,
    /// Calls of PiCloud by PiCloud that led to it.
    pub hops: u8,
    /// Where in a trace what asked for it stands (W3C `traceparent`); `None`: nothing in a trace did.
    pub traceparent: Option<String>,
    pub how: Options,
    /// Attempts that have failed before.
    pub failed: u32,
    pub enqueued_at: Timestamp,
    /// `None`: a person did.
    pub enqueued_by: Option<ExecutionId>,
    /// What made it; `None`: somebody enqueued it.
    pub trigger: Option<TriggerId>,
    /// What has happened, as a JSON object: see [`execution::queue::Origin`].
    pub event: Option<String>,
    /// The slot, if a schedule made it.
    pub scheduled_at: Option<Timestamp>,
}

impl ClaimedJob {
    /// Whose it is.
    #[must_use]
    pub fn app(&self) -> AppId {
        self.app
    }

    /// The same over all attempts.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The execution that this attempt is, however often it is delivered.
    #[must_use]
    pub fn execution(&self) -> ExecutionId {
        self.execution
    }
}
