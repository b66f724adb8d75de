//! `/api/v1/admin/triggers`: scripts that run when something happens in their app. Each change makes a deployment; pausing does not.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{AppStore, LiveTrigger};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfTrigger, Path, Query, action, app_ref, etag},
    listing::{Listing, OfOneApp, page},
    problem::Problem,
    trigger_bodies::{Kind, NewTrigger, RetryBody, TriggerPut, TriggerShown, TriggerTerms},
    trigger_changes as changes, words,
};
use crate::State;

/// What changes about a trigger (PATCH). What is not named stays; null is as if it had been absent when the trigger was made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct TriggerPatch {
    #[schema(value_type = String, required = false)]
    name: Option<String>,
    /// Id of an endpoint script of the app.
    #[schema(value_type = Uuid, required = false)]
    script: Option<Uuid>,
    #[schema(value_type = TriggerTermsPatch, required = false)]
    on: Option<TriggerTermsPatch>,
    retry: Option<RetryBody>,
}

/// What else a trigger waits for. Another kind begins anew: it takes nothing from the one before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct TriggerTermsPatch {
    #[schema(value_type = words::TriggerKind, required = false)]
    kind: Option<Kind>,
    prefix: Option<String>,
    topic: Option<String>,
}

/// A trigger of the active deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriggerBody {
    #[serde(flatten)]
    trigger: TriggerShown<TriggerTerms>,
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
    request_body = NewTrigger<TriggerTerms>,
    responses((status = 201, body = TriggerBody)),
)]
pub(super) async fn create_trigger(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewTrigger<TriggerTerms>>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::RouteWrite>(&state, &app_ref(&body.app)).await?;
    let live = changes::create(&state, &app, body).await?;
    Ok((StatusCode::CREATED, answer(&app, &live)?).into_response())
}

/// One trigger.
#[utoipa::path(
    get, path = "/api/v1/admin/triggers/{id}", tag = "triggers",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn get_trigger(app: Authorized<action::RouteRead, OfTrigger>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    answer(&app, &changes::live::<TriggerTerms>(&app, id.into()).await?)
}

/// Replaces everything about a trigger but its id, and deploys it.
#[utoipa::path(
    put, path = "/api/v1/admin/triggers/{id}", tag = "triggers",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = TriggerPut<TriggerTerms>,
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn put_trigger(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<TriggerPut<TriggerTerms>>,
) -> Result<Response, Problem> {
    answer(&app, &changes::replace(&state, &app, id.into(), &if_match, body).await?)
}

/// Changes parts of a trigger, and deploys it.
#[utoipa::path(
    patch, path = "/api/v1/admin/triggers/{id}", tag = "triggers",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = TriggerPatch,
    responses((status = 200, body = TriggerBody)),
)]
pub(super) async fn patch_trigger(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfTrigger>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(patch): Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    answer(&app, &changes::patch::<TriggerTerms>(&state, &app, id.into(), if_match, patch).await?)
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
    changes::remove::<TriggerTerms>(&state, &app, id.into(), &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
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
    answer(&app, &changes::pause::<TriggerTerms>(&state, &app, id.into(), true).await?)
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
    answer(&app, &changes::pause::<TriggerTerms>(&state, &app, id.into(), false).await?)
}

fn answer(app: &AppStore, live: &LiveTrigger) -> Result<Response, Problem> {
    let body = TriggerBody::of(live, app.app_id().uuid()).ok_or_else(|| Problem::not_found("trigger"))?;
    Ok((etag(live.revision().as_str()), Json(body)).into_response())
}
