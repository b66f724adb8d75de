//! Batches of rows, one statement per table.

use execution::{Failure, InvocationType, Level, Usage};

use super::Runs;
use crate::{AppId, ExecutionId, Result, RouteId, ScriptId};

/// An execution that ended. `created_at` is the time inside the id.
#[derive(Debug, Clone)]
pub struct NewExecution {
    pub id: ExecutionId,
    pub app: AppId,
    pub request_id: String,
    pub script: ScriptId,
    /// `None` for a call by id.
    pub route: Option<RouteId>,
    /// Number of the deployment that ran.
    pub deployment: u32,
    pub invocation_type: InvocationType,
    /// `ok` or the kind of failure.
    pub outcome: &'static str,
    /// What the visitor saw; `None` if nobody was left.
    pub status: Option<u16>,
    pub method: String,
    pub host: String,
    pub path: String,
    pub usage: Usage,
    /// Message and trace for the developer.
    pub failure: Option<Failure>,
    pub logs_dropped: u64,
}

/// A line that a script logged. `created_at` is the time inside the execution's id.
#[derive(Debug, Clone)]
pub struct NewLog {
    pub app: AppId,
    pub execution: ExecutionId,
    pub script: ScriptId,
    pub level: Level,
    pub message: String,
    /// A JSON object, as text.
    pub fields: Option<String>,
}

impl Runs {
    /// Writes a batch of executions and logs in one transaction and returns the ids of the logs, in their order. Meant for batches of up to a few
    /// thousand rows. A missing partition is made. Rows of apps that were deleted are accepted and swept later.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: nothing was written, worth another try. [`crate::Error::Database`]: nothing was written.
    pub async fn append(&self, executions: &[NewExecution], logs: &[NewLog]) -> Result<Vec<i64>> {
        todo!()
    }
}
