//! What ran.

use execution::{Frame, TracedCall, Usage};
use jiff::Timestamp;
use sqlx::types::Json;
use uuid::Uuid;

use super::AppStore;
use crate::{Error, ExecutionId, JobId, Listed, Page, Result, RouteId, ScriptId, time::Time};

/// The row of one execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    pub id: ExecutionId,
    pub request_id: String,
    pub script: ScriptId,
    /// `None` for a call by id, and for a job.
    pub route: Option<RouteId>,
    /// The job that it ran.
    pub job: Option<JobId>,
    /// Number of the deployment that ran.
    pub deployment: u32,
    /// `http`, `queue` or `test`.
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
    /// What it waited for. Not read for lists.
    pub calls: Vec<TracedCall>,
    /// Log lines beyond the limit, which were not kept.
    pub logs_dropped: u64,
    /// How often the script was run; the figures are those of the last time.
    pub attempts: u32,
    /// The trace that it belongs to: its own id, or that of whoever called.
    pub trace: Uuid,
    pub created_at: Timestamp,
}

/// Which executions are asked for; `None` for any.
#[derive(Debug, Clone, Default)]
pub struct ExecutionFilter {
    pub script: Option<ScriptId>,
    pub outcome: Option<String>,
    /// From the least to the greatest, both included.
    pub status: Option<(u16, u16)>,
    pub request_id: Option<String>,
    /// Those that were accepted then or later.
    pub from: Option<Timestamp>,
    /// Those that were accepted before.
    pub to: Option<Timestamp>,
}

impl AppStore {
    /// Executions, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn executions(&self, filter: &ExecutionFilter, page: Page) -> Result<Listed<Execution>> {
        // The time inside the cursor's id leads to its partition; older ones follow, newer ones are left out.
        let below = ExecutionId::from(page.below());
        let until = if page.is_first() { Timestamp::MAX } else { below.created_at() };
        let (least, greatest) = filter.status.unzip();
        // No row is older than the epoch, and no column as old as a moment can be.
        let moment = |moment: Option<Timestamp>, otherwise: Timestamp| Time(moment.unwrap_or(otherwise).max(Timestamp::UNIX_EPOCH));
        // No status is above what the column has.
        let status = |status: Option<u16>| status.map(|status| i16::try_from(status).unwrap_or(i16::MAX));
        let rows = sqlx::query_as!(
            ExecutionRow,
            r#"
            select id as "id: ExecutionId", request_id, script_id as "script: ScriptId", route_id as "route: RouteId", job_id as "job: JobId",
                deployment, invocation_type, outcome, status,
                method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message,
                error_trace as "error_trace: Json<Vec<Frame>>",
                logs_dropped, attempts, null::jsonb as "calls: Json<Vec<TracedCall>>", trace_id, created_at as "created_at: Time"
            from executions
            where app_id = $1 and created_at <= $2 and (created_at, id) < ($2, $3)
                and ($4::uuid is null or script_id = $4) and ($5::text is null or outcome = $5)
                and ($6::smallint is null or status >= $6) and ($7::smallint is null or status <= $7)
                and ($8::text is null or request_id = $8) and created_at >= $9 and created_at < $10
            order by created_at desc, id desc limit $11
            "#,
            self.app as _,
            Time(until) as _,
            below as _,
            filter.script as _,
            filter.outcome.as_deref(),
            status(least),
            status(greatest),
            filter.request_id.as_deref(),
            moment(filter.from, Timestamp::UNIX_EPOCH) as _,
            moment(filter.to, Timestamp::MAX) as _,
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list executions"))?;
        let rows = rows.into_iter().map(Execution::from).collect();
        Ok(page.cut(rows, |execution: &Execution| execution.id.uuid()))
    }

    /// One execution.
    ///
    /// # Errors
    /// The database failed.
    pub async fn execution(&self, id: ExecutionId) -> Result<Option<Execution>> {
        let row = sqlx::query_as!(
            ExecutionRow,
            r#"
            select id as "id: ExecutionId", request_id, script_id as "script: ScriptId", route_id as "route: RouteId", job_id as "job: JobId",
                deployment, invocation_type, outcome, status,
                method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message,
                error_trace as "error_trace: Json<Vec<Frame>>",
                logs_dropped, attempts, calls as "calls: Json<Vec<TracedCall>>", trace_id, created_at as "created_at: Time"
            from executions where app_id = $1 and created_at = $2 and id = $3
            "#,
            self.app as _,
            Time(id.created_at()) as _,
            id as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("get execution"))?;
        Ok(row.map(Execution::from))
    }
}

struct ExecutionRow {
    id: ExecutionId,
    request_id: String,
    script: ScriptId,
    route: Option<RouteId>,
    job: Option<JobId>,
    deployment: i32,
    invocation_type: String,
    outcome: String,
    status: Option<i16>,
    method: String,
    host: String,
    path: String,
    fuel_used: i64,
    memory_peak_bytes: i64,
    wall_us: i64,
    host_calls: i32,
    error_message: Option<String>,
    error_trace: Option<Json<Vec<Frame>>>,
    logs_dropped: i64,
    attempts: i16,
    calls: Option<Json<Vec<TracedCall>>>,
    trace_id: Option<Uuid>,
    created_at: Timestamp,
}

impl From<ExecutionRow> for Execution {
    fn from(row: ExecutionRow) -> Self {
        // What was written was never negative.
        let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
        Self {
            id: row.id,
            request_id: row.request_id,
            script: row.script,
            route: row.route,
            job: row.job,
            deployment: u32::try_from(row.deployment).unwrap_or(0),
            invocation_type: row.invocation_type,
            outcome: row.outcome,
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            method: row.method,
            host: row.host,
            path: row.path,
            usage: Usage {
                fuel_used: unsigned(row.fuel_used),
                memory_peak_bytes: unsigned(row.memory_peak_bytes),
                wall_us: unsigned(row.wall_us),
                host_calls: u32::try_from(row.host_calls).unwrap_or(0),
            },
            error_message: row.error_message,
            error_trace: row.error_trace.map_or_else(Vec::new, |Json(trace)| trace),
            calls: row.calls.map_or_else(Vec::new, |Json(calls)| calls),
            logs_dropped: unsigned(row.logs_dropped),
            attempts: u32::try_from(row.attempts).unwrap_or(1),
            trace: row.trace_id.unwrap_or_else(|| row.id.uuid()),
            created_at: row.created_at,
        }
    }
}
