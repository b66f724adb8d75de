//! `/api/v1/admin/triggers`: scripts that run when something happens in their app. Each change makes a deployment; pausing does not.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AppStore, Change, LiveTrigger, Revision, TriggerId};
use triggers::Trigger;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfTrigger, Path, Query, action, app_ref, etag, object_or_null},
    listing::{Listing, OfOneApp, page},
    problem::Problem,
    routes::at_script,
    trigger_bodies::{self, Kind, RetryBody, TriggerShown, TriggerTerms},
    words,
};
use crate::State;

/// A new trigger.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTrigger {
    /// Slug or id of the app.
    app: String,
    /// Unique among the app's triggers: 1 to 64 of a-z, 0-9, `_` and `-`.
    #[schema(example = "on-order")]
    name: String,
    /// Id of an endpoint script of the app.
    script: Uuid,
    #[schema(value_type = words::TriggerKind)]
    kind: Kind,
    /// Of `kv` a prefix of keys, of `file` a prefix of paths; any if absent.
    prefix: Option<String>,
    /// Of `topic` its name.
    topic: Option<String>,
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<RetryBody>)]
    retry: Option<RetryBody>,
}

/// A trigger as it should be (PUT).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerPut {
    name: String,
    /// Id of an endpoint script of the app.
    script: Uuid,
    #[schema(value_type = words::TriggerKind)]
    kind: Kind,
    prefix: Option<String>,
    topic: Option<String>,
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<RetryBody>)]
    retry: Option<RetryBody>,
}

/// A trigger of the active deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriggerBody {
    #[serde(flatten)]
    trigger: TriggerShown,
    app_id: Uuid,
    /// Since when it starts nothing; null: it does.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<Timestamp>,
}

impl TriggerBody {
    fn of(live: &LiveTrigger, app_id: Uuid) -> Option<Self> {
        Some(Self { trigger: TriggerShown::of(&live.trigger)?, app_id, paused_at: live.paused_at })
    }
}

/// A schedule or trigger before it is deployed, and what people call it.
pub(super) struct Draft {
    pub(super) trigger: Trigger,
    pub(super) what: &'static str,
}

/// Lists an app's triggers, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/triggers", tag = "triggers",
    params(OfOneApp),
    responses((status = 200, body = Listing<TriggerBody>)),
)]
pub(super) async fn list_triggers(
    app: Authorized<action::RouteRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<TriggerBody>>, Problem> {
    let listed = app.triggers(false, page(query.limit, query.cursor.as_deref())?).await?;
    let items = listed.items.iter().filter_map(|live| TriggerBody::of(live, app.app_id().uuid())).collect();
    Ok(Json(Listing { items, next_cursor: listed.next_cursor }))
}

/// Creates a trigger and deploys it.
#[utoipa::path(
    post, path = "/api/v1/admin/triggers", tag = "triggers",
    request_body = NewTrigger,
    responses((status = 201, body = TriggerBody)),
)]
pub(super) async fn create_trigger(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewTrigger>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::RouteWrite>(&state, &app_ref(&body.app)).await?;
    let NewTrigger { name, script, kind, prefix, topic, retry, .. } = body;
    let trigger = trigger(TriggerId::new(state.now()), TriggerPut { name, script, kind, prefix, topic, retry })?;
    let id = create(&state, &app, Draft { trigger, what: "trigger" }).await?;
    Ok((StatusCode::CREATED, answer(&app, id).await?).into_response())
}

/// One trigger.
#[utoipa::path(
    get, path = "/api/v1/admin/triggers/{id}", tag = "triggers",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn get_trigger(app: Authorized<action::RouteRead, OfTrigger>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    answer(&app, id.into()).await
}

/// Replaces everything about a trigger but its id, and deploys it.
#[utoipa::path(
    put, path = "/api/v1/admin/triggers/{id}", tag = "triggers",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = TriggerPut,
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn put_trigger(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<TriggerPut>,
) -> Result<Response, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let trigger = trigger(id.into(), body)?;
    replace(&state, &app, Draft { trigger, what: "trigger" }, expected).await?;
    answer(&app, id.into()).await
}

/// Removes a trigger. What it has put into the queue stays there.
#[utoipa::path(
    delete, path = "/api/v1/admin/triggers/{id}", tag = "triggers",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_trigger(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let live = live(&app, id.into()).await?;
    remove(&state, &app, &live.trigger, "trigger", if_match.revision()?.map(Revision::parse)).await
}

/// Pauses a trigger, whatever is deployed meanwhile: what happens starts nothing, and is not caught up.
#[utoipa::path(
    post, path = "/api/v1/admin/triggers/{id}/pause", tag = "triggers",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn pause_trigger(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    pause(&state, &app, id.into(), false, true).await?;
    answer(&app, id.into()).await
}

/// Lets a paused trigger go on.
#[utoipa::path(
    post, path = "/api/v1/admin/triggers/{id}/resume", tag = "triggers",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn resume_trigger(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    pause(&state, &app, id.into(), false, false).await?;
    answer(&app, id.into()).await
}

/// Deploys a new one, if the app may have one more.
pub(super) async fn create(state: &State, app: &AppStore, draft: Draft) -> Result<TriggerId, Problem> {
    let Draft { trigger, what } = draft;
    let limits = check(state, app, &trigger).await?;
    let is_schedule = trigger.schedule().is_some();
    let (max, name) = if is_schedule { (limits.schedules, "schedules") } else { (limits.triggers, "triggers") };
    if app.count_triggers(is_schedule).await? >= max {
        return Err(store::Error::LimitReached { what: name, max, advice: "remove one, or raise the limit of this name" }.into());
    }
    let (id, message) = (TriggerId::from(trigger.id), format!("Create {what} {}", trigger.name));
    app.deploy(&[Change::CreateTrigger(trigger)], &message, state.now()).await.map_err(at_script)?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(id)
}

/// Deploys one in the place of the one that has its id.
pub(super) async fn replace(state: &State, app: &AppStore, draft: Draft, expected: Option<Revision>) -> Result<(), Problem> {
    let Draft { trigger, what } = draft;
    // A schedule does not become a trigger.
    app.trigger(trigger.id.into(), trigger.schedule().is_some()).await?.ok_or_else(|| Problem::not_found(what))?;
    check(state, app, &trigger).await?;
    let message = format!("Change {what} {}", trigger.name);
    app.deploy(&[Change::ReplaceTrigger { trigger, expected }], &message, state.now()).await.map_err(at_script)?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(())
}

/// Deploys the app without it.
pub(super) async fn remove(
    state: &State,
    app: &AppStore,
    trigger: &Trigger,
    what: &str,
    expected: Option<Revision>,
) -> Result<StatusCode, Problem> {
    let message = format!("Remove {what} {}", trigger.name);
    app.deploy(&[Change::RemoveTrigger { id: trigger.id.into(), expected }], &message, state.now()).await?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Pauses one or lets it go on, and makes that so on this node at once.
pub(super) async fn pause(state: &State, app: &AppStore, id: TriggerId, is_schedule: bool, pause: bool) -> Result<(), Problem> {
    let what = if is_schedule { "schedule" } else { "trigger" };
    app.pause_trigger(id, is_schedule, pause, state.now()).await?.ok_or_else(|| Problem::not_found(what))?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(())
}

async fn check(state: &State, app: &AppStore, trigger: &Trigger) -> Result<execution::AppLimits, Problem> {
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    trigger_bodies::check(trigger, &limits, state.now()).map_err(|(pointer, message)| Problem::invalid(pointer, message))?;
    Ok(limits)
}

fn trigger(id: TriggerId, body: TriggerPut) -> Result<Trigger, Problem> {
    let TriggerPut { name, script, kind, prefix, topic, retry } = body;
    let terms = TriggerTerms { kind, prefix, topic, retry: retry.unwrap_or_default() };
    let (on, retry) = terms.parts().map_err(|(pointer, message)| Problem::invalid(pointer, message))?;
    Ok(Trigger { id: id.uuid(), name, script, on, retry })
}

async fn live(app: &AppStore, id: TriggerId) -> Result<LiveTrigger, Problem> {
    app.trigger(id, false).await?.ok_or_else(|| Problem::not_found("trigger"))
}

async fn answer(app: &AppStore, id: TriggerId) -> Result<Response, Problem> {
    let live = live(app, id).await?;
    let tag = etag(live.revision().as_str());
    let body = TriggerBody::of(&live, app.app_id().uuid()).ok_or_else(|| Problem::not_found("trigger"))?;
    Ok((tag, Json(body)).into_response())
}
