//! A recording: everything that determines an execution, and what came of it.

use serde::{Deserialize, Serialize};

use super::{Call, Divergence};
use crate::{Failure, Invocation, Limits, Logs, Question, Response, Usage};

/// Of the form in which recordings are kept. Raised when an older program could not read a newer recording.
pub const FORMAT: u32 = 1;

/// One execution: its last attempt, if there were several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    pub format: u32,
    /// SHA-256 of the guest: with another one the fuel can't be compared.
    pub guest: String,
    pub invocation: Invocation,
    pub limits: Limits,
    /// Whether the app shares its registrable domain with others, at the host that was asked: browsers' rules for a whole domain are then not its to set.
    pub shared_host: bool,
    pub calls: Vec<Call>,
    pub ended: Ended,
}

/// How an execution ended, after the answer was held against the rules of HTTP and before anything was committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub result: Result<Response, Failure>,
    pub usage: Usage,
    pub logs: Logs,
}

/// A recording beside what came of it now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    /// Number of the deployment that ran now.
    pub deployment: u32,
    pub recorded: Ended,
    pub replayed: Ended,
    /// Whether fuel can be compared: the guest is the one that was recorded.
    pub same_guest: bool,
    /// Calls of the recording.
    pub calls: usize,
    pub divergence: Option<Divergence>,
    /// Questions of the run that the recording knows no answer to.
    pub unanswered: Vec<Question>,
}

impl Replayed {
    /// Whether the run was the recorded one again: the same answer or failure, calls, log and, where it can be compared, fuel.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.has_equal_result() && self.has_equal_logs() && self.divergence.is_none() && (self.has_equal_fuel() || !self.same_guest)
    }

    #[must_use]
    pub fn has_equal_result(&self) -> bool {
        self.recorded.result == self.replayed.result
    }

    #[must_use]
    pub fn has_equal_fuel(&self) -> bool {
        self.recorded.usage.fuel_used == self.replayed.usage.fuel_used
    }

    #[must_use]
    pub fn has_equal_logs(&self) -> bool {
        self.recorded.logs == self.replayed.logs
    }
}
