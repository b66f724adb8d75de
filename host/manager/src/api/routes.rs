//! `/api/v1/admin/routes`: which requests reach which script, or the assets. Each change makes a deployment.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AppStore, Change, Revision, Route, RouteId, RouteTarget};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfRoute, Path, Query, action, app_ref, etag, object_or_null, present},
    listing::{Listing, OfOneApp, page},
    problem::{FieldError, Problem, ProblemType},
    static_routes::{StaticBody, shown, target_by_id},
    words,
};
use crate::{RouteField, RouteRefusal, RouteSpec, State};

/// Longest pattern of a path.
const PATH_BYTES_MAX: usize = 1024;

/// A new route.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoute {
    /// Slug or id of the app.
    app: String,
    /// Id of an endpoint script of the app; or else `static`.
    script: Option<Uuid>,
    /// The assets of the deployment answer.
    #[serde(rename = "static", default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<StaticBody>)]
    assets: Option<StaticBody>,
    /// `/exact`, `/users/:id` or a prefix `/files/*`.
    #[schema(example = "/hello/:name")]
    path: String,
    /// Any method if absent or null; of a static route GET, which answers HEAD too.
    method: Option<String>,
    /// A host or `*.` wildcard; any of the app's hosts if absent or null.
    host: Option<String>,
}

/// A route as it should be (PUT).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoutePut {
    /// Id of an endpoint script of the app; or else `static`.
    script: Option<Uuid>,
    /// The assets of the deployment answer.
    #[serde(rename = "static", default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<StaticBody>)]
    assets: Option<StaticBody>,
    path: String,
    method: Option<String>,
    host: Option<String>,
}

/// What changes about a route (PATCH); null stands for "any".
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoutePatch {
    /// This script answers from now on.
    script: Option<Uuid>,
    /// Assets answer from now on, as this says as a whole.
    #[serde(rename = "static", default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<StaticBody>)]
    assets: Option<StaticBody>,
    path: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    method: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    host: Option<Option<String>>,
}

/// A route of the active deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteBody {
    id: Uuid,
    app_id: Uuid,
    #[schema(value_type = words::RouteKind)]
    kind: &'static str,
    /// Null: assets answer.
    script_id: Option<Uuid>,
    /// Null: a script answers.
    #[serde(rename = "static")]
    assets: Option<StaticBody>,
    /// Null: any.
    method: Option<String>,
    /// Null: any of the app's hosts.
    host: Option<String>,
    path: String,
    /// When this form was deployed.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

impl RouteBody {
    pub(super) fn of(route: Route, app_id: Uuid) -> Self {
        let Route { id, target, method, host, path, changed_at } = route;
        let (kind, script_id, assets) = shown(target);
        Self { id: id.uuid(), app_id, kind, script_id, assets, method, host, path, changed_at }
    }
}

/// A route before it is stored: canonical, and known to fit among the others.
struct Draft {
    target: RouteTarget,
    spec: RouteSpec,
}

/// Lists an app's routes, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/routes", tag = "routes",
    params(OfOneApp),
    responses((status = 200, body = Listing<RouteBody>)),
)]
pub(super) async fn list_routes(
    app: Authorized<action::RouteRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<RouteBody>>, Problem> {
    let routes = app.routes(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(routes, |route| RouteBody::of(route, app.app_id().uuid()))))
}

/// Creates a route and deploys it.
#[utoipa::path(
    post, path = "/api/v1/admin/routes", tag = "routes",
    request_body = NewRoute,
    responses((status = 201, body = RouteBody)),
)]
pub(super) async fn create_route(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewRoute>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::RouteWrite>(&state, &app_ref(&body.app)).await?;
    let id = RouteId::new(state.now());
    let NewRoute { script, assets, path, method, host, .. } = body;
    let draft = draft(&state, &app, id, RoutePut { script, assets, path, method, host }).await?;
    let message = format!("Create route {}", describe(&draft.spec));
    let RouteSpec { method, host, path, .. } = draft.spec;
    let change = Change::CreateRoute { id, target: draft.target, method, host, path };
    app.deploy(&[change], &message, state.now()).await.map_err(at_script)?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok((StatusCode::CREATED, answer(&app, id).await?).into_response())
}

/// One route.
#[utoipa::path(
    get, path = "/api/v1/admin/routes/{id}", tag = "routes",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RouteBody)),
)]
pub(super) async fn get_route(app: Authorized<action::RouteRead, OfRoute>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    answer(&app, RouteId::from(id)).await
}

/// Replaces everything about a route but its id, and deploys it.
#[utoipa::path(
    put, path = "/api/v1/admin/routes/{id}", tag = "routes",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = RoutePut,
    responses((status = 200, body = RouteBody)),
)]
pub(super) async fn put_route(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfRoute>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<RoutePut>,
) -> Result<Response, Problem> {
    replace(&state, &app, RouteId::from(id), &if_match, body).await
}

/// Changes parts of a route, and deploys it.
#[utoipa::path(
    patch, path = "/api/v1/admin/routes/{id}", tag = "routes",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = RoutePatch,
    responses((status = 200, body = RouteBody)),
)]
pub(super) async fn patch_route(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfRoute>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<RoutePatch>,
) -> Result<Response, Problem> {
    let id = RouteId::from(id);
    let present = app.route(id).await?.ok_or_else(|| Problem::not_found("route"))?;
    // What is not named here must not overwrite what somebody else changes meanwhile.
    let if_match = if_match.or(present.revision().as_str());
    let (_, script, assets) = shown(present.target);
    let becomes_static = body.assets.is_some() && assets.is_none();
    let merged = RoutePut {
        script: if body.assets.is_some() { body.script } else { body.script.or(script) },
        assets: if body.script.is_some() { body.assets } else { body.assets.or(assets) },
        path: body.path.unwrap_or(present.path),
        // That of a script's route says nothing about assets, which have their own.
        method: body.method.unwrap_or(if becomes_static { None } else { present.method }),
        host: body.host.unwrap_or(present.host),
    };
    replace(&state, &app, id, &if_match, merged).await
}

/// Removes a route.
#[utoipa::path(
    delete, path = "/api/v1/admin/routes/{id}", tag = "routes",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_route(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::RouteWrite, OfRoute>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let id = RouteId::from(id);
    let expected = if_match.revision()?.map(Revision::parse);
    let route = app.route(id).await?.ok_or_else(|| Problem::not_found("route"))?;
    let message = format!("Remove route {}", describe(&spec(&route)));
    app.deploy(&[Change::RemoveRoute { id, expected }], &message, state.now()).await?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn replace(state: &State, app: &AppStore, id: RouteId, if_match: &IfMatch, body: RoutePut) -> Result<Response, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let draft = draft(state, app, id, body).await?;
    let message = format!("Change route {}", describe(&draft.spec));
    let RouteSpec { method, host, path, .. } = draft.spec;
    let change = Change::ReplaceRoute { id, target: draft.target, method, host, path, expected };
    app.deploy(&[change], &message, state.now()).await.map_err(at_script)?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    answer(app, id).await
}

async fn answer(app: &AppStore, id: RouteId) -> Result<Response, Problem> {
    let route = app.route(id).await?.ok_or_else(|| Problem::not_found("route"))?;
    let tag = etag(route.revision().as_str());
    Ok((tag, Json(RouteBody::of(route, app.app_id().uuid()))).into_response())
}

/// Makes a route canonical and checks that it fits among the app's others.
async fn draft(state: &State, app: &AppStore, id: RouteId, body: RoutePut) -> Result<Draft, Problem> {
    let RoutePut { script, assets, path, method, host } = body;
    let (target, method) = target_by_id(script, assets, method)?;
    let spec = canonical(state, RouteSpec { id: id.uuid(), method, host, path })?;
    let routes = app.all_routes().await?;
    let others: Vec<RouteSpec> = routes.iter().filter(|route| route.id != id).map(self::spec).collect();
    match state.data_plane.check_route(&others, &spec) {
        Ok(()) => Ok(Draft { target, spec }),
        Err(RouteRefusal::Invalid { field, message }) => Err(Problem::invalid(pointer(field), message)),
        Err(RouteRefusal::Conflict { with }) => Err(conflict(&others, with)),
    }
}

/// Method in upper case, host canonical.
pub(super) fn canonical(state: &State, spec: RouteSpec) -> Result<RouteSpec, Problem> {
    canonical_or_fault(state, spec).map_err(|(field, message)| Problem::invalid(pointer(field), message))
}

/// The same; else the field that is wrong, and a sentence.
pub(super) fn canonical_or_fault(state: &State, spec: RouteSpec) -> Result<RouteSpec, (RouteField, String)> {
    if spec.path.chars().any(char::is_control) || spec.path.len() > PATH_BYTES_MAX {
        return Err((RouteField::Path, format!("A path has at most {PATH_BYTES_MAX} bytes and no control characters.")));
    }
    let host = match spec.host {
        None => None,
        Some(text) => {
            let (wildcard, name) = text.strip_prefix("*.").map_or(("", text.as_str()), |name| ("*.", name));
            let name = state.data_plane.canonical_host(name).map_err(|message| (RouteField::Host, message))?;
            Some(format!("{wildcard}{name}"))
        }
    };
    Ok(RouteSpec { method: spec.method.map(|method| method.to_ascii_uppercase()), host, ..spec })
}

/// A stored route, for the matcher.
pub(super) fn spec(route: &Route) -> RouteSpec {
    RouteSpec { id: route.id.uuid(), method: route.method.clone(), host: route.host.clone(), path: route.path.clone() }
}

/// A route as people write it.
pub(super) fn describe(spec: &RouteSpec) -> String {
    format!("{} {}{}", spec.method.as_deref().unwrap_or("ANY"), spec.host.as_deref().unwrap_or(""), spec.path)
}

/// The field of a body that a refusal is about.
pub(super) fn pointer(field: RouteField) -> &'static str {
    match field {
        RouteField::Method => "/method",
        RouteField::Host => "/host",
        RouteField::Path => "/path",
    }
}

/// 409 that names the other route.
fn conflict(others: &[RouteSpec], with: Uuid) -> Problem {
    let other = others.iter().find(|route| route.id == with).map_or_else(String::new, describe);
    Problem::new(ProblemType::RouteConflict, format!("The route {other} ({with}) answers the same requests.")).with_other(with)
}

pub(super) fn at_script(error: store::Error) -> Problem {
    match &error {
        store::Error::Missing { what: store::Thing::Script, name } => {
            let message = format!("The app has no script {name}; `script` takes the id of one.");
            let field = FieldError { pointer: Some("/script".to_owned()), message: message.clone(), ..FieldError::default() };
            Problem::new(ProblemType::InvalidRequest, message).with_error(field)
        }
        _ => error.into(),
    }
}
