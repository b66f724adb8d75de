//! A recording: everything that determines an execution, and what came of it.

use serde::{Deserialize, Serialize};

use super::{Call, Divergence, Secrets};
use crate::{Effects, Failure, Invocation, Limits, Logs, Question, Response, Usage};

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
    /// SHA-256 of what it would have written, without its secrets; `None`: it was recorded when that was not kept.
    #[serde(default)]
    pub effects: Option<String>,
}

impl Ended {
    /// `effects`: of the run, which count only if it has an answer. `secrets`: those that it read.
    #[must_use]
    pub fn new(result: Result<Response, Failure>, usage: Usage, logs: Logs, effects: &Effects, secrets: &Secrets) -> Self {
        let nothing = Effects::default();
        let digest = secrets.digest_of(if result.is_ok() { effects } else { &nothing });
        Self { result, usage, logs, effects: digest.ok() }
    }
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
    /// Whether the run was the recorded one again: the same answer or failure, calls, log and, where they can be compared, fuel and effects.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.has_equal_result()
            && self.has_equal_logs()
            && self.divergence.is_none()
            && (self.has_equal_fuel() || !self.same_guest)
            && !self.has_other_effects()
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
    pub fn has_equal_effects(&self) -> bool {
        self.recorded.effects == self.replayed.effects
    }

    /// Whether it is known what both write.
    #[must_use]
    pub fn has_comparable_effects(&self) -> bool {
        self.recorded.effects.is_some() && self.replayed.effects.is_some()
    }

    /// Whether it would write something else now.
    #[must_use]
    pub fn has_other_effects(&self) -> bool {
        self.has_comparable_effects() && !self.has_equal_effects()
    }

    #[must_use]
    pub fn has_equal_logs(&self) -> bool {
        self.recorded.logs == self.replayed.logs
    }
}
