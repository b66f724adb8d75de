//! `/api/v1/admin/queue`: jobs that wait and jobs that run.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use execution::{
    AllLimits,
    queue::{ATTEMPTS, BACKOFF_MS, Growth, NewJob, Options},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::{Job, JobFailure, JobId, Revision};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfJob, Path, Query, action, app_ref, etag},
    listing::{Listing, OfOneApp, page},
    problem::Problem,
    trigger_bodies::milliseconds,
    words,
};
use crate::State;

/// A call of a script that is to be run later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewJobBody {
    /// Slug or id of the app.
    app: String,
    /// Name of an endpoint. It runs as it is deployed then.
    script: String,
    /// Any JSON: the script's `ctx.event.payload`.
    payload: Value,
    /// Not before so many seconds from now: 0 to 2592000; 0 if absent.
    #[schema(minimum = 0)]
    delay_seconds: Option<f64>,
    /// How often it is tried, at most: 1 to 20; 5 if absent.
    #[schema(minimum = 1)]
    attempts: Option<u32>,
    /// The pause after the first failure, which doubles with each further one, up to an hour: 0.1 to 3600 seconds; 10 if absent.
    #[schema(minimum = 0)]
    backoff_seconds: Option<f64>,
}

/// A call of a script that runs later, or runs now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobBody {
    id: Uuid,
    app_id: Uuid,
    #[schema(value_type = words::JobState)]
    state: &'static str,
    /// Name of the endpoint.
    script: String,
    /// What it is about. Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    payload: Option<Box<RawValue>>,
    /// Jobs that led to it, itself included.
    depth: u32,
    /// Those that have failed.
    attempts: u32,
    attempts_max: u32,
    /// The pause after the first failure.
    backoff_seconds: f64,
    /// How the pauses grow.
    #[schema(value_type = words::Growth)]
    growth: Growth,
    /// The trigger or schedule that made it; null if somebody enqueued it.
    trigger_id: Option<Uuid>,
    /// The slot of a schedule; null if none made it.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
    /// When it is tried next; null while it runs, and of a dead letter.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    enqueued_at: Timestamp,
    /// The execution that asked for it; null if a person did.
    enqueued_by: Option<Uuid>,
    /// The execution that runs it; null if none does.
    execution_id: Option<Uuid>,
    /// Why the last attempt failed; null if none did.
    failure: Option<JobFailureBody>,
    /// Since when it is a dead letter; null if it is none.
    #[schema(value_type = Option<String>, format = DateTime)]
    died_at: Option<Timestamp>,
}

/// Why an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobFailureBody {
    /// The execution, where there is more about it; null if nothing ran.
    execution_id: Option<Uuid>,
    /// A kind of failure as executions have it; `no_script`: there is no such endpoint; `loop`: too many calls led to it; `lost`: its server was lost too often.
    outcome: String,
    message: String,
}

impl JobBody {
    /// As it stands in a list.
    pub(super) fn listed(job: Job, app_id: Uuid) -> Self {
        let state = match (&job.died_at, &job.execution) {
            (Some(_), _) => "dead",
            (None, Some(_)) => "running",
            (None, None) => "waiting",
        };
        let failure = job.failed.map(|JobFailure { execution, outcome, message }| JobFailureBody {
            execution_id: execution.map(Uuid::from),
            outcome,
            message,
        });
        Self {
            id: job.id.uuid(),
            app_id,
            state,
            script: job.script,
            payload: None,
            depth: job.depth,
            attempts: job.attempts,
            attempts_max: job.attempts_max,
            backoff_seconds: job.backoff_ms as f64 / 1e3,
            growth: job.growth,
            trigger_id: job.trigger.map(Uuid::from),
            scheduled_at: job.scheduled_at,
            due_at: job.due_at,
            enqueued_at: job.enqueued_at,
            enqueued_by: job.enqueued_by.map(Uuid::from),
            execution_id: job.execution.map(Uuid::from),
            failure,
            died_at: job.died_at,
        }
    }
}

/// Lists the jobs of an app that wait or run, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/queue", tag = "queue",
    params(OfOneApp),
    responses((status = 200, body = Listing<JobBody>)),
)]
pub(super) async fn list_jobs(app: Authorized<action::DataRead>, Query(query): Query<OfOneApp>) -> Result<Json<Listing<JobBody>>, Problem> {
    let jobs = app.jobs(false, page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(jobs, |job| JobBody::listed(job, app.app_id().uuid()))))
}

/// Enqueues a call of a script, as scripts do by `queue::enqueue`.
#[utoipa::path(
    post, path = "/api/v1/admin/queue", tag = "queue",
    request_body = NewJobBody,
    responses((status = 201, body = JobBody)),
)]
pub(super) async fn create_job(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewJobBody>,
) -> Result<impl IntoResponse, Problem> {
    let app = caller.authorize::<action::JobRun>(&state, &app_ref(&body.app)).await?;
    let AllLimits { execution: limits, app: quotas } = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits;
    let how = options(&body)?;
    let payload = body.payload.to_string();
    if payload.len() as u64 > limits.queue_payload_bytes {
        let (bytes, max) = (payload.len(), limits.queue_payload_bytes);
        return Err(Problem::invalid("/payload", format!("The payload has {bytes} bytes as JSON, and this app's have at most {max}.")));
    }
    if !app.has_endpoint(&body.script.replace('\0', "\u{fffd}")).await? {
        let message = format!("The active deployment has no endpoint named `{}`.", body.script);
        return Err(Problem::invalid("/script", message));
    }
    let now = state.now();
    let job = NewJob { id: JobId::new(now).uuid(), script: body.script, payload, depth: 1, how, origin: None };
    let job = app.enqueue(&job, quotas.queue_jobs, now).await?;
    state.data_plane.wake_queue();
    Ok((StatusCode::CREATED, answer(job, app.app_id().uuid())?))
}

/// One job that waits or runs.
#[utoipa::path(
    get, path = "/api/v1/admin/queue/{id}", tag = "queue",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobBody)),
)]
pub(super) async fn get_job(app: Authorized<action::DataRead, OfJob>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    let job = app.job(JobId::from(id), false).await?.ok_or_else(|| Problem::not_found("job"))?;
    answer(job, app.app_id().uuid())
}

/// Removes a job. Of one that runs nothing is committed.
#[utoipa::path(
    delete, path = "/api/v1/admin/queue/{id}", tag = "queue",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_job(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite, OfJob>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    match app.delete_job(JobId::from(id), false, expected.as_ref(), state.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("job")),
    }
}

/// A job with its payload and its tag.
pub(super) fn answer(mut job: Job, app: Uuid) -> Result<Response, Problem> {
    let tag = etag(job.revision().as_str());
    let payload = RawValue::from_string(std::mem::take(&mut job.payload)).map_err(Problem::internal)?;
    Ok((tag, Json(JobBody { payload: Some(payload), ..JobBody::listed(job, app) })).into_response())
}

fn options(body: &NewJobBody) -> Result<Options, Problem> {
    let how = Options {
        delay_ms: body.delay_seconds.map_or(0, milliseconds),
        attempts: body.attempts.unwrap_or(ATTEMPTS),
        backoff_ms: body.backoff_seconds.map_or(BACKOFF_MS, milliseconds),
        ..Options::default()
    };
    how.check().map_err(|(option, rule)| {
        let pointer = if option == "attempts" { "/attempts".to_owned() } else { format!("/{option}_seconds") };
        let mut letters = rule.chars();
        let sentence: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        Problem::invalid(&pointer, format!("{sentence}."))
    })?;
    Ok(how)
}
