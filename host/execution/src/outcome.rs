//! What a run of a script came to.

use serde::{Deserialize, Serialize};

use crate::Effects;

/// The end of an execution: its answer or its failure, and in both cases what it used and what it logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub result: Result<Response, Failure>,
    pub usage: Usage,
    pub logs: Logs,
    /// What the script waited for, in order: the first 100 of it.
    pub calls: Vec<TracedCall>,
    /// What is left to do in the app's state. Nothing, if the script failed.
    pub effects: Effects,
}

/// A call of the host that a script waited for. Shown to those who may read logs, so it says nothing of keys, values and queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedCall {
    /// `kv.get`, `kv.list`, `secrets.get NAME`, or `http GET https://api.example.com/users`: cut at 256 bytes.
    pub call: String,
    /// Microseconds from the start of the execution.
    pub start_us: u64,
    /// Microseconds until the answer. Requests that are sent together share them.
    pub wall_us: u64,
    /// The status, the code of an error, `found`, `absent`, the version, or how many entries there were.
    pub result: String,
}

/// The script's answer, by the convention of DESIGN section 4: already a status, headers and bytes, but not yet checked
/// against the rules of HTTP (the orchestrator does, and turns a breach into [`FailureKind::InvalidResponse`]).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    pub status: u16,
    /// In the script's order; a name may repeat (several `set-cookie`).
    pub headers: Vec<(String, String)>,
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
}

/// What an execution used. Same image, request and host answers: the same figures, except `wall_us`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// WebAssembly instructions of the interpreter.
    pub fuel_used: u64,
    /// Largest size of the sandbox's linear memory, in bytes.
    pub memory_peak_bytes: u64,
    /// From the start of the sandbox to its end, in microseconds.
    pub wall_us: u64,
    /// Calls of host functions that count against the budget (log calls do not).
    pub host_calls: u32,
}

/// Log lines in the order they were written, within the limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Logs {
    pub lines: Vec<LogLine>,
    /// Lines that exceeded the limit and were not kept.
    pub dropped: u64,
}

/// One line a script logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub level: Level,
    /// As the script wrote it, control characters included; cut at the line limit.
    pub message: String,
    /// A JSON object, as text, when the script passed fields.
    pub fields: Option<String>,
}

/// Severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Info,
    Warn,
    Error,
}

impl Level {
    /// The word used in SQL and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Why an execution has no answer: for the script's developer, never for a visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// One sentence: what happened, the limit and what was used if it was a limit, what to do. At most [`FAILURE_MESSAGE_BYTES_MAX`], and what
    /// says that there was more.
    pub message: String,
    /// Where, innermost first: the failing place, then the calls that led to it. Empty after a hard trap.
    pub trace: Vec<Frame>,
}

/// Most of what a script throws that is kept: it stands in the row of the execution, in its log, and in the dead letter of a job.
pub const FAILURE_MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Calls that can be nested, and the top level.
pub const FAILURE_FRAMES_MAX: usize = 65;
/// Most of the name of a function or a script that is kept.
pub const FAILURE_NAME_BYTES_MAX: usize = 256;

impl Failure {
    /// Cuts off what is longer than a failure is. To be called when secrets are masked: half of one would not be found.
    pub fn bound(&mut self) {
        let bytes = self.message.len();
        if cut(&mut self.message, FAILURE_MESSAGE_BYTES_MAX) {
            self.message.push_str(&format!(" [cut off: {bytes} bytes in all]"));
        }
        self.trace.truncate(FAILURE_FRAMES_MAX);
        for frame in &mut self.trace {
            cut(&mut frame.script, FAILURE_NAME_BYTES_MAX);
            cut(&mut frame.function, FAILURE_NAME_BYTES_MAX);
        }
    }
}

/// Whether something was cut off.
fn cut(text: &mut String, bytes_max: usize) -> bool {
    if text.len() <= bytes_max {
        return false;
    }
    text.truncate(text.floor_char_boundary(bytes_max));
    text.shrink_to_fit();
    true
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub script: String,
    /// Name of the function; empty at the top level.
    pub function: String,
    /// 1-based; 0 if unknown.
    pub line: u32,
    /// 1-based, in characters; 0 if unknown.
    pub column: u32,
}

/// The closed list of ways to fail. The status for a visitor is in the orchestrator's `error.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The script threw, or a run-time error, or calls nested too deep.
    Error,
    /// The answer breaks the convention or is too large.
    InvalidResponse,
    /// The wall-clock limit.
    Deadline,
    Fuel,
    Memory,
    HostCalls,
    /// What the script read was changed by others meanwhile, each time it was tried.
    Conflict,
    /// The app's state can't be written just now.
    StateUnavailable,
    /// The app would store more than it may.
    Quota,
    /// A fault of PiCloud itself: a defect, reported as such.
    Internal,
}

impl FailureKind {
    /// The word used in SQL and the API (`outcome`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::InvalidResponse => "invalid_response",
            Self::Deadline => "deadline",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::HostCalls => "host_calls",
            Self::Conflict => "conflict",
            Self::StateUnavailable => "state_unavailable",
            Self::Quota => "quota",
            Self::Internal => "internal",
        }
    }
}

impl Outcome {
    /// The value of the column `outcome`: `ok` or the kind of failure.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.result {
            Ok(_) => "ok",
            Err(failure) => failure.kind.as_str(),
        }
    }
}
