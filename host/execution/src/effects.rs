//! What an execution leaves behind in its app's state, all or nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    dead_letters, files,
    kv::{Read, Write},
    pubsub::NewMessage,
    queue::NewJob,
};

/// Everything that happens to the app's state when the execution commits, and what must still hold for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// In the order in which they were seen first.
    pub reads: Vec<Read>,
    /// By key, so that all executions lock rows in the same order.
    pub writes: BTreeMap<String, Write>,
    /// Of files, in the order in which they were seen first.
    #[serde(default)]
    pub file_reads: Vec<files::Read>,
    /// Of files, by path.
    #[serde(default)]
    pub file_writes: BTreeMap<String, files::Write>,
    /// Jobs to be enqueued, in order.
    #[serde(default)]
    pub jobs: Vec<NewJob>,
    /// Messages to be published, in order. Not written where there are none, so that what was written before there were any compares as equal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<NewMessage>,
    /// Of dead letters, in the order in which they were seen first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead_letter_reads: Vec<dead_letters::Read>,
    /// What becomes of dead letters, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decisions: BTreeMap<Uuid, dead_letters::Decision>,
    /// Something was done that can't be undone (a call of another server): the script must not be run again.
    pub irrevocable: bool,
}

impl Effects {
    /// Whether the state is changed.
    #[must_use]
    pub fn has_writes(&self) -> bool {
        !(self.writes.is_empty()
            && self.file_writes.is_empty()
            && self.jobs.is_empty()
            && self.messages.is_empty()
            && self.decisions.is_empty())
    }

    /// Whether the queue has something to run that it had not before, beside what triggers make of it.
    #[must_use]
    pub fn has_jobs(&self) -> bool {
        !self.jobs.is_empty() || self.decisions.values().any(|decision| matches!(decision, dead_letters::Decision::Replay { .. }))
    }

    /// Whether the database must be asked once more before the answer may leave: something is written, or what was read in several
    /// steps must have been true at one moment.
    #[must_use]
    pub fn need_commit(&self) -> bool {
        self.has_writes() || self.reads.len() + self.file_reads.len() + self.dead_letter_reads.len() > 1
    }
}
