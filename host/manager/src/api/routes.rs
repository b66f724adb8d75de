//! `/api/v1/admin/routes`: which requests reach which script. Each change makes a deployment.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AppStore, Change, Revision, Route, RouteId, ScriptId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfRoute, Path, Query, action, app_ref, etag, present},
    listing::{Listing, OfOneApp, page},
    problem::{FieldError, Problem, ProblemType},
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
    /// Id of an endpoint script of the app.
    script: Uuid,
    /// `/exact`, `/users/:id` or a prefix `/files/*`.
    #[schema(example = "/hello/:name")]
    path: String,
    /// Any method if absent or null.
    method: Option<String>,
    /// A host or `*.` wildcard; any of the app's hosts if absent or null.
    host: Option<String>,
}

/// A route as it should be (PUT).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoutePut {
    script: Uuid,
    path: String,
    method: Option<String>,
    host: Option<String>,
}

/// What changes about a route (PATCH); null stands for "any".
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoutePatch {
    script: Option<Uuid>,
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
    script_id: Uuid,
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
        let Route { id, script, method, host, path, changed_at } = route;
        Self { id: id.uuid(), app_id, script_id: script.uuid(), method, host, path, changed_at }
    }
}

/// A route before it is stored: canonical, and known to fit among the others.
struct Draft {
    script: ScriptId,
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
    let draft = draft(&state, &app, id, body.script, body.method, body.host, body.path).await?;
    let message = format!("Create route {}", describe(&draft.spec));
    let RouteSpec { method, host, path, .. } = draft.spec;
    let change = Change::CreateRoute { id, script: draft.script, method, host, path };
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
    let merged = RoutePut {
        script: body.script.unwrap_or_else(|| present.script.uuid()),
        path: body.path.unwrap_or(present.path),
        method: body.method.unwrap_or(present.method),
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
    let draft = draft(state, app, id, body.script, body.method, body.host, body.path).await?;
    let message = format!("Change route {}", describe(&draft.spec));
    let RouteSpec { method, host, path, .. } = draft.spec;
    let change = Change::ReplaceRoute { id, script: draft.script, method, host, path, expected };
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
async fn draft(
    state: &State,
    app: &AppStore,
    id: RouteId,
    script: Uuid,
    method: Option<String>,
    host: Option<String>,
    path: String,
) -> Result<Draft, Problem> {
    let spec = canonical(state, RouteSpec { id: id.uuid(), method, host, path })?;
    let routes = app.all_routes().await?;
    let others: Vec<RouteSpec> = routes.iter().filter(|route| route.id != id).map(self::spec).collect();
    match state.data_plane.check_route(&others, &spec) {
        Ok(()) => Ok(Draft { script: ScriptId::from(script), spec }),
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

fn at_script(error: store::Error) -> Problem {
    match &error {
        store::Error::Missing { what: store::Thing::Script, name } => {
            let message = format!("The app has no script {name}; `script` takes the id of one.");
            let field = FieldError { pointer: Some("/script".to_owned()), message: message.clone(), ..FieldError::default() };
            Problem::new(ProblemType::InvalidRequest, message).with_error(field)
        }
        _ => error.into(),
    }
}
