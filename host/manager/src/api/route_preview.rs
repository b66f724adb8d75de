//! `/api/v1/admin/routes/check` and `/routes/match`: what a route would collide with, and what a request would hit. Both use
//! the matcher of the data plane itself.

use std::sync::Arc;

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use store::{AppStore, Route, RouteTarget};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Caller, Json, action, app_ref, object_or_null},
    problem::{FieldError, Problem},
    routes::{RouteBody, canonical, describe, pointer, spec},
    static_routes::{AssetMatchBody, StaticBody, served, target_by_id},
};
use crate::{RouteRefusal, RouteSpec, State};

/// A route that does not exist yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Candidate {
    /// Slug or id of the app.
    app: String,
    #[schema(example = "/users/:id")]
    path: String,
    /// Of a static route GET.
    method: Option<String>,
    host: Option<String>,
    /// If assets would answer: whether those that it names are there is looked at too.
    #[serde(rename = "static", default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<StaticBody>)]
    assets: Option<StaticBody>,
    /// The route that it would replace, which it can't collide with.
    route: Option<Uuid>,
}

/// Whether a route could be created.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckBody {
    valid: bool,
    /// What is wrong with the route itself.
    errors: Vec<FieldError>,
    /// The route that answers the same requests.
    conflict: Option<RouteBody>,
}

/// A request that is not sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    /// Slug or id of the app.
    app: String,
    /// `GET` if absent.
    method: Option<String>,
    /// `<slug>.<base domain>` if absent.
    host: Option<String>,
    /// As it would be sent, percent-encoded.
    #[schema(example = "/users/7")]
    path: String,
}

/// What a request would hit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MatchBody {
    /// Null: none, 404; or 405 if `allow` is not empty.
    route: Option<RouteBody>,
    /// Parameters of the path, decoded; the rest of a prefix is `*`.
    params: std::collections::BTreeMap<String, String>,
    /// The methods that this path has, if the method is what does not fit.
    allow: Vec<String>,
    /// Why this route and not another.
    why: String,
    /// What a static route would serve; null: a script answers, or nothing.
    asset: Option<AssetMatchBody>,
}

/// Tells whether a route could be created.
#[utoipa::path(
    post, path = "/api/v1/admin/routes/check", tag = "routes",
    request_body = Candidate,
    responses((status = 200, body = CheckBody)),
)]
pub(super) async fn check_route(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<Candidate>,
) -> Result<Json<CheckBody>, Problem> {
    let app = caller.authorize::<action::RouteRead>(&state, &app_ref(&body.app)).await?;
    let id = body.route.unwrap_or(Uuid::nil());
    let (errors, method) = match body.assets {
        None => (Vec::new(), body.method),
        Some(assets) => {
            let (target, method) = target_by_id(None, Some(assets), body.method)?;
            (missing_assets(&app, &target).await?, method)
        }
    };
    let candidate = canonical(&state, RouteSpec { id, method, host: body.host, path: body.path })?;
    let routes = app.all_routes().await?;
    let others: Vec<RouteSpec> = routes.iter().map(spec).filter(|other| Some(other.id) != body.route).collect();
    let answer = match state.data_plane.check_route(&others, &candidate) {
        Ok(()) => CheckBody { valid: errors.is_empty(), errors, conflict: None },
        Err(RouteRefusal::Invalid { field, message }) => {
            let error = FieldError { pointer: Some(pointer(field).to_owned()), message, ..FieldError::default() };
            CheckBody { valid: false, errors: [vec![error], errors].concat(), conflict: None }
        }
        Err(RouteRefusal::Conflict { with }) => {
            let message = others.iter().find(|other| other.id == with).map_or_else(String::new, describe);
            let message = format!("The route {message} answers the same requests.");
            let error = FieldError { pointer: Some("/path".to_owned()), message, ..FieldError::default() };
            CheckBody { valid: false, errors: [vec![error], errors].concat(), conflict: body_of(routes, with, app.app_id().uuid()) }
        }
    };
    Ok(Json(answer))
}

/// Tells what a request would hit, and why.
#[utoipa::path(
    post, path = "/api/v1/admin/routes/match", tag = "routes",
    request_body = Sample,
    responses((status = 200, body = MatchBody)),
)]
pub(super) async fn match_route(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<Sample>,
) -> Result<Json<MatchBody>, Problem> {
    let app = caller.authorize::<action::RouteRead>(&state, &app_ref(&body.app)).await?;
    let host = match body.host {
        Some(host) => state.data_plane.canonical_host(&host).map_err(|message| Problem::invalid("/host", message))?,
        None => format!("{}.{}", app.app().await?.ok_or_else(|| Problem::not_found("app"))?.slug, state.base_domain),
    };
    let method = body.method.unwrap_or_else(|| "GET".to_owned()).to_ascii_uppercase();
    let routes = app.all_routes().await?;
    let specs: Vec<RouteSpec> = routes.iter().map(spec).collect();
    let found = state.data_plane.match_route(&specs, &host, &method, &body.path).map_err(|message| Problem::invalid("/path", message))?;
    let target = found.route.and_then(|id| routes.iter().find(|route| route.id.uuid() == id)).map(|route| &route.target);
    let asset = match target {
        Some(RouteTarget::Static(terms)) => Some(served(&state, &app, terms, &body.path).await?),
        Some(RouteTarget::Script(_)) | None => None,
    };
    Ok(Json(MatchBody {
        route: found.route.and_then(|id| body_of(routes, id, app.app_id().uuid())),
        params: found.params.into_iter().collect(),
        allow: found.allow,
        why: found.why,
        asset,
    }))
}

/// The assets that a static route names and the active deployment does not have.
async fn missing_assets(app: &AppStore, target: &RouteTarget) -> Result<Vec<FieldError>, Problem> {
    let RouteTarget::Static(terms) = target else { return Ok(Vec::new()) };
    let assets = app.active_assets().await?;
    let missing = terms.named().filter(|(_, path)| assets.find(path).is_none()).map(|(field, path)| FieldError {
        pointer: Some(format!("/static/{field}")),
        message: format!("The active deployment has no asset {path}."),
        ..FieldError::default()
    });
    Ok(missing.collect())
}

fn body_of(routes: Vec<Route>, id: Uuid, app_id: Uuid) -> Option<RouteBody> {
    routes.into_iter().find(|route| route.id.uuid() == id).map(|route| RouteBody::of(route, app_id))
}
