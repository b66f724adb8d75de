//! What ran.

use execution::{Frame, Usage};
use jiff::Timestamp;

use super::AppStore;
use crate::{ExecutionId, Listed, Page, Result, RouteId, ScriptId};

/// The row of one execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    pub id: ExecutionId,
    pub request_id: String,
    pub script: ScriptId,
    /// `None` for a call by id.
    pub route: Option<RouteId>,
    /// Number of the deployment that ran.
    pub deployment: u32,
    /// `http` or `test`.
    pub invocation_type: String,
    /// `ok` or the kind of failure.
    pub outcome: String,
    /// What the visitor saw.
    pub status: Option<u16>,
    pub method: String,
    pub host: String,
    pub path: String,
    pub usage: Usage,
    pub error_message: Option<String>,
    /// Innermost first.
    pub error_trace: Vec<Frame>,
    /// Log lines beyond the limit, which were not kept.
    pub logs_dropped: u64,
    pub created_at: Timestamp,
}

/// Which executions are asked for; `None` for any.
#[derive(Debug, Clone, Default)]
pub struct ExecutionFilter {
    pub script: Option<ScriptId>,
    pub outcome: Option<String>,
}

impl AppStore {
    /// Executions, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn executions(&self, filter: &ExecutionFilter, page: Page) -> Result<Listed<Execution>> {
        todo!()
    }

    /// One execution.
    ///
    /// # Errors
    /// The database failed.
    pub async fn execution(&self, id: ExecutionId) -> Result<Option<Execution>> {
        todo!()
    }
}
