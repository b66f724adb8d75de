//! `/api/v1/admin/executions`: what ran, how it ended, what it used.

use std::collections::HashMap;

use execution::{Frame, TracedCall};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AppStore, Execution, ExecutionFilter, ExecutionId, ScriptId};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    diagnostic::excerpt,
    extract::{Authorized, InQuery, Json, OfExecution, Path, Query, action},
    listing::{Listing, page},
    logs::LogBody,
    problem::Problem,
    words,
};

/// Frames of a trace that are shown with their source line.
const FRAMES_SHOWN_MAX: usize = 16;

/// Which executions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExecutionQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    _app: Option<String>,
    /// Only those of one script.
    script: Option<Uuid>,
    /// Only those that ended so: `ok`, `error`, `deadline`, `fuel`, ...
    outcome: Option<String>,
    /// Only those whose visitor saw this status: `404`, or `5xx` for all that begin with 5.
    status: Option<String>,
    /// Only those of this request: its `X-Request-Id`, which scripts have as `ctx.request_id`.
    request_id: Option<String>,
    /// Only those that were accepted then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only those that were accepted before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One run of a script.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionBody {
    id: Uuid,
    app_id: Uuid,
    script_id: Uuid,
    /// Null for a call by id, and for a job.
    route_id: Option<Uuid>,
    /// The job that it ran; null if it ran none.
    job_id: Option<Uuid>,
    /// Number of the deployment that ran.
    deployment: u32,
    request_id: String,
    /// `http`, `queue` or `test`.
    #[schema(value_type = words::InvocationType)]
    invocation_type: String,
    /// `ok`, or the kind of failure.
    outcome: String,
    /// What the visitor saw; null if nobody was left to see it.
    status: Option<u16>,
    /// Empty for a job, like host and path.
    method: String,
    host: String,
    path: String,
    /// Instructions of the interpreter: equal for equal requests.
    fuel_used: u64,
    memory_peak_bytes: u64,
    /// Microseconds from the start of the sandbox to its end.
    wall_us: u64,
    host_calls: u32,
    /// Log lines beyond the limit, which were not kept.
    logs_dropped: u64,
    /// How often the script was run, since others changed what it had read; the figures are those of the last time.
    attempts: u32,
    /// The trace that it belongs to, as `traceparent` has it: that of whoever called, or the digits of its own id.
    #[schema(example = "0af7651916cd43dd8448eb211c80319c")]
    trace_id: String,
    /// Why it failed; null if it did not.
    error: Option<ExecutionError>,
    /// What the script waited for, in order: the first hundred. Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<CallBody>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Why an execution failed: for the script's developer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionError {
    message: String,
    /// The failing place, then the calls that led to it.
    trace: Vec<FrameBody>,
}

/// A call that the script waited for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallBody {
    /// `kv.get`, `kv.list`, `files.info`, `files.read`, `files.list`, `secrets.get` with the name, `queue.enqueue` with the name of the script, or `http` with method and URL, without its query.
    #[schema(example = "http GET https://api.example.com/users")]
    call: String,
    /// Microseconds from the start of the execution.
    start_us: u64,
    /// Microseconds until the answer. Requests that were sent together share them.
    wall_us: u64,
    /// The status, the code of an error, `found`, `absent`, `queued`, the version, or how many entries there were.
    #[schema(example = "200")]
    result: String,
}

/// A place in a script.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FrameBody {
    script: String,
    /// Empty at the top level.
    function: String,
    /// 1-based; 0 if unknown.
    line: u32,
    /// 1-based, in characters; 0 if unknown.
    column: u32,
    /// That line as it was deployed then. Absent in lists, and if the deployment is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_line: Option<String>,
    /// Text that, under `source_line`, points at the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    caret: Option<String>,
}

/// All log lines of one execution.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionLogs {
    /// In the order in which they were written.
    items: Vec<LogBody>,
    /// Lines beyond the limit, which were not kept.
    dropped: u64,
}

impl ExecutionBody {
    fn of(execution: Execution, app_id: Uuid) -> Self {
        let Execution {
            id, request_id, script, route, job, deployment, invocation_type, outcome, status, method, host, path, usage, ..
        } = execution;
        let trace = execution.error_trace.into_iter().map(FrameBody::of).collect();
        Self {
            id: id.uuid(),
            app_id,
            script_id: script.uuid(),
            route_id: route.map(Uuid::from),
            job_id: job.map(Uuid::from),
            deployment,
            request_id,
            invocation_type,
            outcome,
            status,
            method,
            host,
            path,
            fuel_used: usage.fuel_used,
            memory_peak_bytes: usage.memory_peak_bytes,
            wall_us: usage.wall_us,
            host_calls: usage.host_calls,
            logs_dropped: execution.logs_dropped,
            attempts: execution.attempts,
            trace_id: execution.trace.simple().to_string(),
            error: execution.error_message.map(|message| ExecutionError { message, trace }),
            calls: None,
            created_at: execution.created_at,
        }
    }
}

impl CallBody {
    fn of(traced: TracedCall) -> Self {
        let TracedCall { call, start_us, wall_us, result } = traced;
        Self { call, start_us, wall_us, result }
    }
}

impl FrameBody {
    pub(super) fn of(frame: Frame) -> Self {
        let Frame { script, function, line, column } = frame;
        Self { script, function, line, column, source_line: None, caret: None }
    }
}

/// Lists executions, newest first. A row appears within a second of its end.
#[utoipa::path(
    get, path = "/api/v1/admin/executions", tag = "executions",
    params(ExecutionQuery),
    responses((status = 200, body = Listing<ExecutionBody>)),
)]
pub(super) async fn list_executions(
    app: Authorized<action::LogRead, InQuery>,
    Query(query): Query<ExecutionQuery>,
) -> Result<Json<Listing<ExecutionBody>>, Problem> {
    // No row has a NUL; the database would not even compare it.
    let text = |text: Option<String>| text.map(|text| text.replace('\0', "\u{fffd}"));
    let filter = ExecutionFilter {
        script: query.script.map(ScriptId::from),
        outcome: text(query.outcome),
        status: query.status.as_deref().map(statuses).transpose()?,
        request_id: text(query.request_id),
        from: query.from,
        to: query.to,
    };
    let executions = app.executions(&filter, page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(executions, |execution| ExecutionBody::of(execution, app.app_id().uuid()))))
}

/// One execution; of a failure, with the source lines as they were deployed then.
#[utoipa::path(
    get, path = "/api/v1/admin/executions/{id}", tag = "executions",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ExecutionBody)),
)]
pub(super) async fn get_execution(
    app: Authorized<action::LogRead, OfExecution>,
    Path(id): Path<Uuid>,
) -> Result<Json<ExecutionBody>, Problem> {
    let mut execution = app.execution(ExecutionId::from(id)).await?.ok_or_else(|| Problem::not_found("execution"))?;
    let calls = std::mem::take(&mut execution.calls);
    let mut body = ExecutionBody::of(execution, app.app_id().uuid());
    body.calls = Some(calls.into_iter().map(CallBody::of).collect());
    if let Some(error) = &mut body.error {
        show_sources(&app, body.deployment, &mut error.trace).await?;
    }
    Ok(Json(body))
}

/// The log lines of one execution.
#[utoipa::path(
    get, path = "/api/v1/admin/executions/{id}/logs", tag = "executions",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ExecutionLogs)),
)]
pub(super) async fn get_execution_logs(
    app: Authorized<action::LogRead, OfExecution>,
    Path(id): Path<Uuid>,
) -> Result<Json<ExecutionLogs>, Problem> {
    let id = ExecutionId::from(id);
    let execution = app.execution(id).await?.ok_or_else(|| Problem::not_found("execution"))?;
    let items = app.execution_logs(id).await?.into_iter().map(LogBody::of).collect();
    Ok(Json(ExecutionLogs { items, dropped: execution.logs_dropped }))
}

/// `404`, or `5xx` for 500 to 599.
fn statuses(text: &str) -> Result<(u16, u16), Problem> {
    let class = text.strip_suffix("xx").and_then(|digit| digit.parse::<u16>().ok()).filter(|digit| (1..=5).contains(digit));
    let exact = || text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    let range = class.map(|digit| (digit * 100, digit * 100 + 99)).or_else(|| exact().map(|status| (status, status)));
    range.ok_or_else(|| Problem::invalid("?status", "A status is 100 to 599, or 1xx to 5xx for all that begin so."))
}

async fn show_sources(app: &AppStore, deployment: u32, trace: &mut [FrameBody]) -> Result<(), Problem> {
    let mut sources: HashMap<String, Option<String>> = HashMap::new();
    for frame in trace.iter_mut().take(FRAMES_SHOWN_MAX) {
        if !sources.contains_key(&frame.script) {
            sources.insert(frame.script.clone(), app.source_at(deployment, &frame.script).await?);
        }
        let shown = sources.get(&frame.script).and_then(Option::as_deref).and_then(|source| excerpt(source, frame.line, frame.column));
        if let Some(shown) = shown {
            frame.source_line = Some(shown.source_line);
            frame.caret = (frame.column > 0).then_some(shown.caret);
        }
    }
    Ok(())
}
