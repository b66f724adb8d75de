//! Batches of rows, one statement per table.

use std::{borrow::Cow, collections::BTreeSet};

use execution::{Failure, InvocationType, Level, TracedCall, Usage};
use jiff::civil::Date;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Runs, partition::day_of, recordings};
use crate::{AppId, Error, ExecutionId, JobId, Result, RouteId, ScriptId, error::sqlstate, time::Time};

/// An execution that ended. `created_at` is the time inside the id.
#[derive(Debug, Clone)]
pub struct NewExecution {
    pub id: ExecutionId,
    pub app: AppId,
    pub request_id: String,
    pub script: ScriptId,
    /// `None` for a call by id, and for a job.
    pub route: Option<RouteId>,
    /// The job that it ran.
    pub job: Option<JobId>,
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
    /// What the script waited for.
    pub calls: Vec<TracedCall>,
    pub logs_dropped: u64,
    /// How often the script was run; the figures are those of the last time.
    pub attempts: u32,
    /// What it takes to run it again.
    pub recording: Option<NewRecording>,
    /// The trace of whoever called; `None`: it has the id of the execution.
    pub trace: Option<Uuid>,
}

/// A recording to be kept.
#[derive(Clone)]
pub struct NewRecording {
    /// JSON without secrets.
    pub text: Vec<u8>,
    /// What the recordings of the app may have together: the limit `recordings_bytes`.
    pub bytes_max: u64,
}

impl std::fmt::Debug for NewRecording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRecording").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
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

/// A row that no partition takes is reported as a broken check.
const NO_PARTITION: &str = "23514";

/// Log ids are handed out under this advisory lock, so that they become visible in their order.
const LOG_ORDER_LOCK: i64 = 0x7069_636c_6c6f_6773;

impl Runs {
    /// Writes a batch of executions and logs in one transaction and returns the ids of the logs, in their order: ids grow in the
    /// order of commits. Meant for batches of up to a few thousand rows; all log lines of one execution belong in one batch. A missing
    /// partition is made. Rows of apps that were deleted are accepted and swept later. What was written before (by a batch whose
    /// commit was not acknowledged, or with what the execution wrote) is left as it is and has no ids.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: nothing was written, worth another try. [`crate::Error::Database`]: nothing was written.
    pub async fn append(&self, executions: &[NewExecution], logs: &[NewLog]) -> Result<Vec<i64>> {
        match self.try_append(executions, logs).await {
            Err(error) if lacks_partition(&error) => {
                let days: BTreeSet<Date> =
                    executions.iter().map(|row| row.id).chain(logs.iter().map(|row| row.execution)).map(day_of).collect();
                self.make_days(&days).await?;
                self.try_append(executions, logs).await
            }
            outcome => outcome,
        }
        .map_err(Error::sql("append executions"))
    }

    async fn try_append(&self, executions: &[NewExecution], logs: &[NewLog]) -> sqlx::Result<Vec<i64>> {
        let mut transaction = self.data.begin().await?;
        insert_executions(&mut transaction, executions).await?;
        if let Some(vault) = &self.vault {
            recordings::insert(&mut transaction, vault, executions).await?;
        }
        let ids = if logs.is_empty() { Vec::new() } else { insert_logs(&mut transaction, logs).await? };
        transaction.commit().await?;
        Ok(ids)
    }
}

/// Whether the day of a row has no partition yet.
pub(crate) fn lacks_partition(error: &sqlx::Error) -> bool {
    sqlstate(error).as_deref() == Some(NO_PARTITION)
}

/// Rows that are there already stay as they are.
pub(crate) async fn insert_executions(connection: &mut PgConnection, rows: &[NewExecution]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    macro_rules! column {
        ($row:ident => $value:expr) => {
            &rows.iter().map(|$row| $value).collect::<Vec<_>>()
        };
    }
    let traces = rows.iter().map(|row| row.failure.as_ref().and_then(|failure| serde_json::to_string(&failure.trace).ok()));
    let calls = rows.iter().map(|row| (!row.calls.is_empty()).then(|| serde_json::to_string(&row.calls).ok()).flatten());
    sqlx::query!(
        "insert into executions (app_id, created_at, id, request_id, script_id, route_id, deployment, invocation_type, outcome, status,
            method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message, error_trace, logs_dropped, attempts, calls, job_id,
            trace_id)
        select app_id, created_at, id, request_id, script_id, route_id, deployment, invocation_type, outcome, status,
            method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message, error_trace::json, logs_dropped, attempts, calls::jsonb, job_id,
            trace_id
        from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::int[], $8::text[], $9::text[],
            $10::smallint[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::int[], $18::text[],
            $19::text[], $20::bigint[], $21::smallint[], $22::text[], $23::uuid[], $24::uuid[])
        as new (app_id, created_at, id, request_id, script_id, route_id, deployment, invocation_type, outcome, status,
            method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message, error_trace, logs_dropped, attempts, calls, job_id,
            trace_id)
        on conflict do nothing",
        column!(row => row.app) as &[AppId],
        column!(row => Time(row.id.created_at())) as &[Time],
        column!(row => row.id) as &[ExecutionId],
        column!(row => storable(&row.request_id)) as &[Cow<'_, str>],
        column!(row => row.script) as &[ScriptId],
        column!(row => row.route) as &[Option<RouteId>],
        column!(row => i32::try_from(row.deployment).unwrap_or(i32::MAX)) as &[i32],
        column!(row => row.invocation_type.as_str()) as &[&str],
        column!(row => row.outcome) as &[&str],
        column!(row => row.status.and_then(|status| i16::try_from(status).ok())) as &[Option<i16>],
        column!(row => storable(&row.method)) as &[Cow<'_, str>],
        column!(row => storable(&row.host)) as &[Cow<'_, str>],
        column!(row => storable(&row.path)) as &[Cow<'_, str>],
        column!(row => signed(row.usage.fuel_used)) as &[i64],
        column!(row => signed(row.usage.memory_peak_bytes)) as &[i64],
        column!(row => signed(row.usage.wall_us)) as &[i64],
        column!(row => i32::try_from(row.usage.host_calls).unwrap_or(i32::MAX)) as &[i32],
        column!(row => row.failure.as_ref().map(|failure| storable(&failure.message))) as &[Option<Cow<'_, str>>],
        &traces.collect::<Vec<_>>() as &[Option<String>],
        column!(row => signed(row.logs_dropped)) as &[i64],
        column!(row => i16::try_from(row.attempts).unwrap_or(i16::MAX)) as &[i16],
        &calls.collect::<Vec<_>>() as &[Option<String>],
        column!(row => row.job) as &[Option<JobId>],
        column!(row => row.trace) as &[Option<Uuid>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_logs(connection: &mut PgConnection, rows: &[NewLog]) -> sqlx::Result<Vec<i64>> {
    sqlx::query!("select pg_advisory_xact_lock($1)", LOG_ORDER_LOCK).execute(&mut *connection).await?;
    sqlx::query_scalar!(
        "insert into execution_logs (app_id, created_at, execution_id, script_id, level, message, fields)
        select app_id, created_at, execution_id, script_id, level, message, fields
        from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])
        with ordinality as new (app_id, created_at, execution_id, script_id, level, message, fields, place)
        where not exists (
            select from execution_logs old
            where old.app_id = new.app_id and old.created_at = new.created_at and old.execution_id = new.execution_id
        )
        order by place
        returning id",
        &rows.iter().map(|row| row.app).collect::<Vec<_>>() as &[AppId],
        &rows.iter().map(|row| Time(row.execution.created_at())).collect::<Vec<_>>() as &[Time],
        &rows.iter().map(|row| row.execution).collect::<Vec<_>>() as &[ExecutionId],
        &rows.iter().map(|row| row.script).collect::<Vec<_>>() as &[ScriptId],
        &rows.iter().map(|row| row.level.as_str()).collect::<Vec<_>>() as &[&str],
        &rows.iter().map(|row| storable(&row.message)).collect::<Vec<_>>() as &[Cow<'_, str>],
        &rows.iter().map(|row| row.fields.as_deref().map(storable)).collect::<Vec<_>>() as &[Option<Cow<'_, str>>]
    )
    .fetch_all(connection)
    .await
}

/// PostgreSQL takes every character in a text but NUL, and one such text would refuse the whole batch: other apps' rows with it.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Figures beyond the column's range are stored as its largest.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
