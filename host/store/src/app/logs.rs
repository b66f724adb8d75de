//! What scripts logged.

use jiff::Timestamp;

use super::AppStore;
use crate::{ExecutionId, Result, ScriptId};

/// One line that a script logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Grows in the order in which batches were committed; unique in the instance.
    pub id: i64,
    pub execution: ExecutionId,
    pub script: ScriptId,
    /// `trace`, `info`, `warn` or `error`.
    pub level: String,
    pub message: String,
    /// A JSON object, as text.
    pub fields: Option<String>,
    /// When the execution was accepted.
    pub created_at: Timestamp,
}

/// Which lines are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogQuery {
    /// The newest lines, newest first; before this id if one is given.
    Latest { before: Option<i64> },
    /// The lines that follow an id, oldest first: how a reader resumes.
    After { id: i64 },
}

impl AppStore {
    /// At most `limit` lines of the app.
    ///
    /// # Errors
    /// The database failed.
    pub async fn logs(&self, query: LogQuery, limit: u16) -> Result<Vec<LogEntry>> {
        todo!()
    }

    /// All lines of one execution, in the order they were written. Their number is bounded by the log limit of an execution.
    ///
    /// # Errors
    /// The database failed.
    pub async fn execution_logs(&self, id: ExecutionId) -> Result<Vec<LogEntry>> {
        todo!()
    }
}
