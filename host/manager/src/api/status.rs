//! `/healthz`, `/readyz`, `/version`, `/openapi.json`.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Json;
use crate::{Readiness, State, state::Versions};

/// Tells that the process lives. Depends on nothing.
#[utoipa::path(
    get, path = "/healthz", tag = "status",
    security(()),
    responses((status = 200, body = String, content_type = "text/plain", example = "ok")),
)]
pub(super) async fn healthz() -> &'static str {
    "ok"
}

/// Whether requests should be sent here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadinessBody {
    /// `ready`, `degraded` (serving from memory) or `not_ready`.
    status: &'static str,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Tells whether requests should be sent here: 200, also when degraded, or 503.
#[utoipa::path(
    get, path = "/readyz", tag = "status",
    security(()),
    responses((status = 200, body = ReadinessBody), (status = 503, body = ReadinessBody)),
)]
pub(super) async fn readyz(Shared(state): Shared<Arc<State>>) -> Response {
    let (status, word, detail) = match (state.readiness)().await {
        Readiness::Ready => (StatusCode::OK, "ready", None),
        Readiness::Degraded(detail) => (StatusCode::OK, "degraded", Some(detail)),
        Readiness::NotReady(detail) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready", Some(detail)),
    };
    let mut response = (status, Json(ReadinessBody { status: word, detail })).into_response();
    response.extensions_mut().insert(super::envelope::Finished);
    response
}

/// Tells the versions of every surface.
#[utoipa::path(get, path = "/version", tag = "status", security(()), responses((status = 200, body = Versions)))]
pub(super) async fn version(Shared(state): Shared<Arc<State>>) -> Json<Versions> {
    Json(state.versions.clone())
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "status", security(()), responses((status = 200, body = Object)))]
pub(super) async fn openapi_json() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], super::openapi::text()).into_response()
}
