//! `/api/v1/admin/apps`: the isolation boundary.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use execution::{AllLimits, Ceilings, limits};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{App, AppUpdate, LimitsUpdate, Revision, Slug};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    authz::{Action, Scope},
    extract::{Authorized, Caller, IfMatch, Json, OfApp, Query, action, etag, missing, present},
    listing::{Listing, OfAll, check_name, page},
    lookalike,
    problem::{FieldError, Problem, ProblemType},
};
use crate::State;

/// A new app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewApp {
    /// First label of the app's host: 1 to 40 of `a-z`, `0-9`, `-`.
    #[schema(example = "shop")]
    slug: String,
    /// For people; the slug if absent.
    name: Option<String>,
}

/// What changes about an app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppPatch {
    /// Null: the slug.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Limits that change; a null one goes back to its default, and `null` for `limits` brings all of them back.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<BTreeMap<String, Option<u64>>>, example = json!({ "fuel": 2_000_000_000, "wall_ms": null }))]
    limits: Option<Option<BTreeMap<String, Option<u64>>>>,
}

/// An app.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppBody {
    id: Uuid,
    slug: String,
    name: String,
    /// Where it answers: `<slug>.<base domain>`.
    host: String,
    /// Number of the deployment that runs; null before the first.
    deployment: Option<u32>,
    /// What it has of all limits: what it was given, or the defaults, within what the instance allows.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    limits: AllLimits,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl AppBody {
    fn of(app: App, state: &State) -> Self {
        let App { id, slug, name, deployment, limits, created_at, .. } = app;
        let host = format!("{slug}.{}", state.base_domain);
        Self { id: id.uuid(), slug, name, host, deployment, limits, created_at }
    }
}

/// Lists the apps that the caller sees, oldest first.
#[utoipa::path(get, path = "/api/v1/admin/apps", tag = "apps", params(OfAll), responses((status = 200, body = Listing<AppBody>)))]
pub(super) async fn list_apps(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<OfAll>,
) -> Result<Json<Listing<AppBody>>, Problem> {
    let page = page(query.limit, query.cursor.as_deref())?;
    // A key without the scope sees no app; the store's list knows roles and bindings, not scopes.
    if let Some(key) = caller.whoami(&state).await?.key
        && !key.scopes.iter().any(|scope| scope == Scope::ScriptRead.word())
    {
        return Err(missing(Scope::ScriptRead));
    }
    let apps = state.control.own(&caller.principal).apps(page).await?;
    Ok(Json(Listing::of(apps, |app| AppBody::of(app, &state))))
}

/// Creates an app; its maker becomes its first member.
#[utoipa::path(post, path = "/api/v1/admin/apps", tag = "apps", request_body = NewApp, responses((status = 201, body = AppBody)))]
pub(super) async fn create_app(Shared(state): Shared<Arc<State>>, caller: Caller, Json(body): Json<NewApp>) -> Result<Response, Problem> {
    let instance = caller.authorize_instance(&state, Action::AppCreate).await?;
    let slug: Slug = body.slug.parse().map_err(|error: store::SlugError| Problem::invalid("/slug", format!("{error}.")))?;
    let name = body.name.unwrap_or_else(|| slug.to_string());
    check_name("/name", &name)?;
    if let Some(other) = lookalike::of_slug(&state, slug.as_str()) {
        return Err(Problem::invalid("/slug", format!("The slug `{slug}` is, or reads like, {other}; choose another.")));
    }
    let app = instance.create_app(&slug, &name, state.now()).await.map_err(|error| at_slug(error, slug.as_str()))?;
    state.data_plane.refresh(app.id.uuid()).await;
    Ok((StatusCode::CREATED, answer(app, &state)).into_response())
}

/// One app.
#[utoipa::path(
    get, path = "/api/v1/admin/apps/{app}", tag = "apps",
    params(("app" = String, Path, description = "Slug or id.")),
    responses((status = 200, body = AppBody)),
)]
pub(super) async fn get_app(Shared(state): Shared<Arc<State>>, app: Authorized<action::AppRead, OfApp>) -> Result<Response, Problem> {
    let app = app.app().await?.ok_or_else(|| Problem::not_found("app"))?;
    Ok(answer(app, &state))
}

/// Changes an app's name and its limits, which are live within a second. Its slug stays.
#[utoipa::path(
    patch, path = "/api/v1/admin/apps/{app}", tag = "apps",
    params(IfMatch, ("app" = String, Path, description = "Slug or id.")),
    request_body = AppPatch,
    responses((status = 200, body = AppBody)),
)]
pub(super) async fn patch_app(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::AppWrite, OfApp>,
    if_match: IfMatch,
    Json(body): Json<AppPatch>,
) -> Result<Response, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let seen = app.app().await?.ok_or_else(|| Problem::not_found("app"))?;
    let name = body.name.map(|name| name.unwrap_or(seen.slug));
    if let Some(name) = &name {
        check_name("/name", name)?;
    }
    let limits = body.limits.map(|limits| checked(limits, state.control.ceilings())).transpose()?;
    let update = AppUpdate { name, limits };
    let app = app.update(&update, expected.as_ref(), state.now()).await?.ok_or_else(|| Problem::not_found("app"))?;
    state.data_plane.refresh(app.id.uuid()).await;
    Ok(answer(app, &state))
}

/// Deletes an app with everything in it.
#[utoipa::path(
    delete, path = "/api/v1/admin/apps/{app}", tag = "apps",
    params(IfMatch, ("app" = String, Path, description = "Slug or id.")),
    responses((status = 204)),
)]
pub(super) async fn delete_app(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::AppWrite, OfApp>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let present = app.app().await?.ok_or_else(|| Problem::not_found("app"))?;
    if_match.check(present.revision.as_str())?;
    let id = app.app_id().uuid();
    if !app.into_store().delete(state.now()).await? {
        return Err(Problem::not_found("app"));
    }
    state.data_plane.refresh(id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Limits that exist, within their bounds.
fn checked(limits: Option<BTreeMap<String, Option<u64>>>, ceilings: &Ceilings) -> Result<LimitsUpdate, Problem> {
    let Some(limits) = limits else { return Ok(LimitsUpdate::Defaults) };
    for (name, value) in &limits {
        let pointer = format!("/limits/{}", name.replace('~', "~0").replace('/', "~1"));
        let Some(limit) = limits::all().find(|limit| limit.name == name) else {
            let message = format!("There is no such limit. The limits are: {}.", limits::names());
            return Err(Problem::invalid(&pointer, message));
        };
        let (floor, ceiling) = (limit.floor, ceilings.of(limit));
        if let Some(value) = value.filter(|value| !(floor..=ceiling).contains(value)) {
            let bounds = format!("{value} is outside of what an app can be given: {floor} to {ceiling} {}.", limit.unit);
            return Err(Problem::invalid(&pointer, bounds));
        }
    }
    Ok(LimitsUpdate::These(limits))
}

fn answer(app: App, state: &State) -> Response {
    (etag(app.revision.as_str()), Json(AppBody::of(app, state))).into_response()
}

fn at_slug(error: store::Error, slug: &str) -> Problem {
    if !matches!(error, store::Error::Duplicate { .. }) {
        return error.into();
    }
    let message = format!("There is an app with the slug `{slug}` already; choose another slug.");
    let error = FieldError { pointer: Some("/slug".to_owned()), message: message.clone(), ..FieldError::default() };
    Problem::new(ProblemType::NameTaken, message).with_error(error)
}
