//! `/api/v1/admin/schedules`: scripts that run at their times. Each change makes a deployment; pausing does not.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{AppStore, LiveTrigger, ScheduleRun};
use triggers::{Cron, WrongCron};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfTrigger, Path, Query, action, app_ref, etag},
    listing::{Listing, OfAll, OfOneApp, page},
    problem::Problem,
    trigger_bodies::{NewTrigger, RetryBody, ScheduleTerms, TriggerPut, TriggerShown},
    trigger_changes as changes, words,
};
use crate::State;

/// Slots that an answer shows ahead.
const NEXT_SHOWN: usize = 5;
/// Most slots that a check shows.
const NEXT_MAX: u32 = 100;

/// What changes about a schedule (PATCH). What is not named stays; null is as if it had been absent when the schedule was made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct SchedulePatch {
    #[schema(value_type = String, required = false)]
    name: Option<String>,
    /// Id of an endpoint script of the app.
    #[schema(value_type = Uuid, required = false)]
    script: Option<Uuid>,
    #[schema(value_type = ScheduleTermsPatch, required = false)]
    on: Option<ScheduleTermsPatch>,
    retry: Option<RetryBody>,
}

/// When else a script is to run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct ScheduleTermsPatch {
    #[schema(value_type = String, required = false)]
    cron: Option<String>,
    time_zone: Option<String>,
    #[schema(value_type = Option<words::Overlap>)]
    overlap: Option<::triggers::Overlap>,
    #[schema(value_type = Option<words::CatchUp>)]
    catch_up: Option<::triggers::CatchUp>,
    #[schema(minimum = 0)]
    jitter_seconds: Option<u32>,
    /// Replaced as a whole.
    payload: Option<Value>,
}

/// A schedule of the active deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleBody {
    #[serde(flatten)]
    schedule: TriggerShown<ScheduleTerms>,
    app_id: Uuid,
    /// Since when it has no runs; null: it has.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<Timestamp>,
    /// The next slots; empty while it is paused.
    #[schema(value_type = Vec<String>)]
    next: Vec<Timestamp>,
}

/// What became of a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleRunBody {
    /// The slot: `ctx.event.scheduled_at`.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// The job that runs it, which is gone from the queue when it is done; executions have it as `job_id`. Null: none does.
    job_id: Option<Uuid>,
    /// Why none does: the run before had not ended, the app has as many jobs as it may, the script is not there.
    #[schema(value_type = Option<words::Skipped>)]
    skipped: Option<String>,
    /// Slots before it that were missed, and for which it stands.
    missed: u32,
    /// Whether a person asked for it.
    by_hand: bool,
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
}

/// An expression to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleCheck {
    /// Slug or id of the app.
    app: String,
    #[schema(example = "0 9 * * MON-FRI")]
    cron: String,
    /// IANA name; `UTC` if absent.
    time_zone: Option<String>,
    /// How many slots to show: 1 to 100; 5 if absent.
    #[schema(minimum = 1)]
    count: Option<u32>,
    /// The slots behind this moment; behind now if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    after: Option<Timestamp>,
}

/// What an expression means.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleChecked {
    #[schema(value_type = Vec<String>)]
    next: Vec<Timestamp>,
}

impl ScheduleBody {
    fn of(live: &LiveTrigger, app_id: Uuid) -> Option<Self> {
        let cron = live.trigger.schedule().and_then(|schedule| schedule.cron(live.next_at?).ok());
        let next = match (live.next_at, cron) {
            (Some(at), Some(cron)) => std::iter::once(at).chain(cron.after(at)).take(NEXT_SHOWN).collect(),
            (next, _) => next.into_iter().collect(),
        };
        Some(Self { schedule: TriggerShown::of(&live.trigger)?, app_id, paused_at: live.paused_at, next })
    }
}

impl From<ScheduleRun> for ScheduleRunBody {
    fn from(run: ScheduleRun) -> Self {
        let ScheduleRun { scheduled_at, job, skipped, missed, by_hand, made_at } = run;
        Self { scheduled_at, job_id: job.map(Uuid::from), skipped, missed, by_hand, made_at }
    }
}

/// Lists an app's schedules, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/schedules", tag = "schedules",
    params(OfOneApp),
    responses((status = 200, body = Listing<ScheduleBody>)),
)]
pub(super) async fn list_schedules(
    app: Authorized<action::RouteRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<ScheduleBody>>, Problem> {
    let listed = app.triggers(true, page(query.limit, query.cursor.as_deref())?).await?;
    let items = listed.items.iter().filter_map(|live| ScheduleBody::of(live, app.app_id().uuid())).collect();
    Ok(Json(Listing { items, next_cursor: listed.next_cursor }))
}

/// Creates a schedule and deploys it. Its first slot is the next one from now.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules", tag = "schedules",
    request_body = NewTrigger<ScheduleTerms>,
    responses((status = 201, body = ScheduleBody)),
)]
pub(super) async fn create_schedule(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewTrigger<ScheduleTerms>>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::RouteWrite>(&state, &app_ref(&body.app)).await?;
    let live = changes::create(&state, &app, body).await?;
    Ok((StatusCode::CREATED, answer(&app, &live)?).into_response())
}

/// What an expression means: its next slots.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/check", tag = "schedules",
    request_body = ScheduleCheck,
    responses((status = 200, body = ScheduleChecked)),
)]
pub(super) async fn check_schedule(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<ScheduleCheck>,
) -> Result<Json<ScheduleChecked>, Problem> {
    caller.authorize::<action::RouteRead>(&state, &app_ref(&body.app)).await?;
    let count = body.count.unwrap_or(5);
    if !(1..=NEXT_MAX).contains(&count) {
        return Err(Problem::invalid("/count", format!("1 to {NEXT_MAX} slots can be shown.")));
    }
    let after = body.after.unwrap_or_else(|| state.now());
    let cron = Cron::parse(&body.cron, body.time_zone.as_deref().unwrap_or("UTC"), after).map_err(|wrong| match wrong {
        WrongCron::Expression(why) => Problem::invalid("/cron", why),
        WrongCron::Zone(why) => Problem::invalid("/time_zone", why),
    })?;
    Ok(Json(ScheduleChecked { next: cron.after(after).take(count as usize).collect() }))
}

/// One schedule.
#[utoipa::path(
    get, path = "/api/v1/admin/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ScheduleBody)),
)]
pub(super) async fn get_schedule(app: Authorized<action::RouteRead, OfTrigger>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    answer(&app, &live(&app, id).await?)
}

/// Replaces everything about a schedule but its id, and deploys it. If its times change, its first slot is the next one from now.
#[utoipa::path(
    put, path = "/api/v1/admin/schedules/{id}", tag = "schedules",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = TriggerPut<ScheduleTerms>,
    responses((status = 200, body = ScheduleBody)),
)]
pub(super) async fn put_schedule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<TriggerPut<ScheduleTerms>>,
) -> Result<Response, Problem> {
    answer(&app, &changes::replace(&state, &app, id.into(), &if_match, body).await?)
}

/// Changes parts of a schedule, and deploys it. If its times change, its first slot is the next one from now.
#[utoipa::path(
    patch, path = "/api/v1/admin/schedules/{id}", tag = "schedules",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = SchedulePatch,
    responses((status = 200, body = ScheduleBody)),
)]
pub(super) async fn patch_schedule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(patch): Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    answer(&app, &changes::patch::<ScheduleTerms>(&state, &app, id.into(), if_match, patch).await?)
}

/// Removes a schedule. What it has put into the queue stays there.
#[utoipa::path(
    delete, path = "/api/v1/admin/schedules/{id}", tag = "schedules",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_schedule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    changes::remove::<ScheduleTerms>(&state, &app, id.into(), &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pauses a schedule, whatever is deployed meanwhile: slots that come have no runs, and are not caught up.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/{id}/pause", tag = "schedules",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ScheduleBody)),
)]
pub(super) async fn pause_schedule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    answer(&app, &changes::pause::<ScheduleTerms>(&state, &app, id.into(), true).await?)
}

/// Lets a paused schedule go on, with the next slot from now.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/{id}/resume", tag = "schedules",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ScheduleBody)),
)]
pub(super) async fn resume_schedule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    answer(&app, &changes::pause::<ScheduleTerms>(&state, &app, id.into(), false).await?)
}

/// Makes a run for this moment, beside its slots: also while the schedule is paused or another run has not ended.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/{id}/run", tag = "schedules",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ScheduleRunBody)),
)]
pub(super) async fn run_schedule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::JobRun, OfTrigger>,
    Path(id): Path<Uuid>,
) -> Result<Json<ScheduleRunBody>, Problem> {
    let quotas = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    let run = app.run_schedule(id.into(), quotas.queue_jobs, state.now()).await?.ok_or_else(|| Problem::not_found("schedule"))?;
    state.data_plane.wake_queue();
    Ok(Json(run.into()))
}

/// What became of a schedule's slots, newest first. Kept for seven days.
#[utoipa::path(
    get, path = "/api/v1/admin/schedules/{id}/runs", tag = "schedules",
    params(("id" = Uuid, Path), OfAll),
    responses((status = 200, body = Listing<ScheduleRunBody>)),
)]
pub(super) async fn list_schedule_runs(
    app: Authorized<action::RouteRead, OfTrigger>,
    Path(id): Path<Uuid>,
    Query(query): Query<OfAll>,
) -> Result<Json<Listing<ScheduleRunBody>>, Problem> {
    live(&app, id).await?;
    let runs = app.schedule_runs(id.into(), page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(runs, ScheduleRunBody::from)))
}

async fn live(app: &AppStore, id: Uuid) -> Result<LiveTrigger, Problem> {
    changes::live::<ScheduleTerms>(app, id.into()).await
}

fn answer(app: &AppStore, live: &LiveTrigger) -> Result<Response, Problem> {
    let body = ScheduleBody::of(live, app.app_id().uuid()).ok_or_else(|| Problem::not_found("schedule"))?;
    Ok((etag(live.revision().as_str()), Json(body)).into_response())
}
