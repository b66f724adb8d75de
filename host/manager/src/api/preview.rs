//! `/api/v1/admin/deployments/{id}/preview`: a link to look at a deployment before, or after, it is active.

use std::sync::Arc;

use axum::extract::State as Shared;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::DeploymentId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, OfDeployment, Path, action},
    problem::Problem,
};
use crate::State;

/// How long a link is good, in seconds: if not asked for, at least, at most.
const SECONDS_DEFAULT: u32 = 3_600;
const SECONDS_MIN: u32 = 60;
const SECONDS_MAX: u32 = 7 * 24 * 3_600;

/// For how long. May be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRequest {
    /// 60 to 604,800 (7 days); 3,600 (an hour) if absent.
    expires_in_seconds: Option<u32>,
}

/// A link for whoever should see the deployment. It runs with the app's real data.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewBody {
    /// Opens the preview: leaves a cookie on its host and leads to `/`. A credential: whoever has it sees the preview.
    url: String,
    /// Where the preview answers.
    host: String,
    /// Number of the deployment.
    deployment: u32,
    /// The end of the link and of the cookie.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Makes a link to the preview of a deployment. The deployment need not be active; it uses the app's real data.
#[utoipa::path(
    post, path = "/api/v1/admin/deployments/{id}/preview", tag = "deployments",
    params(("id" = Uuid, Path)),
    request_body = Option<PreviewRequest>,
    responses((status = 200, body = PreviewBody)),
)]
pub(super) async fn preview_deployment(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentPreview, OfDeployment>,
    Path(id): Path<Uuid>,
    body: Option<Json<PreviewRequest>>,
) -> Result<Json<PreviewBody>, Problem> {
    let seconds = body.map(|Json(body)| body).unwrap_or_default().expires_in_seconds.unwrap_or(SECONDS_DEFAULT);
    if !(SECONDS_MIN..=SECONDS_MAX).contains(&seconds) {
        return Err(Problem::invalid("/expires_in_seconds", format!("A link is good for {SECONDS_MIN} to {SECONDS_MAX} seconds.")));
    }
    let now = state.now();
    let expires = now.as_second().saturating_add(i64::from(seconds));
    let expires_at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(expires);
    let slug = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.slug;
    let handed_out = app.hand_out_preview(DeploymentId::from(id), expires_at, now).await?;
    let deployment = handed_out.ok_or_else(|| Problem::not_found("deployment"))?.number;
    let path = state.data_plane.preview_link(app.app_id().uuid(), deployment, u64::try_from(expires).unwrap_or(0));
    let host = format!("{deployment}--{slug}.{}", state.base_domain);
    Ok(Json(PreviewBody { url: format!("{}{path}", origin_of(&state, &host)), host, deployment, expires_at }))
}

/// Scheme, host and port: those of the instance, but for the host.
fn origin_of(state: &State, host: &str) -> String {
    let own = state.origins.first().map_or("", String::as_str);
    let (scheme, rest) = own.split_once("://").unwrap_or(("http", own));
    // An IPv6 address without a port ends with a bracket.
    let port = rest.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    port.map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}"))
}
