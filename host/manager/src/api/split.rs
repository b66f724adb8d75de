//! `/api/v1/admin/apps/{app}/split`: another deployment for a share of the visitors.

use std::sync::Arc;

use axum::{extract::State as Shared, response::IntoResponse};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Revision, Split, SplitTerms, Sticky, StickyError};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, IfMatch, Json, OfApp, action, etag},
    problem::Problem,
};
use crate::State;

/// Executions of the other deployment that are looked at: if not asked for, at least, at most.
const WINDOW_DEFAULT: u16 = 100;
const WINDOW_MIN: u16 = 20;
const WINDOW_MAX: u16 = 10_000;

/// Who gets the other deployment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitPut {
    /// Number of a deployment that is not the active one.
    deployment: u32,
    /// Of the visitors, 1 to 99. A larger share moves visitors to the other deployment and none back.
    percent: u8,
    /// What keeps a visitor on his side: `client_ip` (if absent), `cookie:<name>` or `header:<name>`. Who lacks the cookie or field is told
    /// apart by his address.
    sticky: Option<String>,
    /// Ends the split when more than so many percent (0 to 99) of the other deployment's last executions on a node answered 500 or above.
    /// Absent: never.
    stop_above_error_rate: Option<u8>,
    /// How many executions those are: 20 to 10,000; 100 if absent. With fewer than 20 nothing is judged.
    window_requests: Option<u16>,
}

/// The running split, or the last that ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SplitBody {
    running: bool,
    /// Number of the other deployment.
    deployment: u32,
    percent: u8,
    sticky: String,
    stop_above_error_rate: Option<u8>,
    window_requests: u16,
    /// The admin who set it; null once he is gone.
    started_by: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Null while it runs.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Why it ended, in one sentence.
    ended_because: Option<String>,
}

impl SplitBody {
    fn of(split: Split) -> Self {
        let Split { deployment, terms, started_by, started_at, ended, .. } = split;
        let SplitTerms { percent, sticky, stop_above, window_requests } = terms;
        let (ended_at, ended_because) = ended.unzip();
        Self {
            running: ended_at.is_none(),
            deployment,
            percent,
            sticky: sticky.to_string(),
            stop_above_error_rate: stop_above,
            window_requests,
            started_by: started_by.map(Uuid::from),
            started_at,
            ended_at,
            ended_because,
        }
    }
}

/// The running split of an app, or the last that ended.
#[utoipa::path(
    get, path = "/api/v1/admin/apps/{app}/split", tag = "deployments",
    params(("app" = String, Path, description = "Slug or id.")),
    responses((status = 200, body = SplitBody)),
)]
pub(super) async fn get_split(app: Authorized<action::DeploymentRead, OfApp>) -> Result<impl IntoResponse, Problem> {
    Ok(answer(app.split().await?.ok_or_else(|| Problem::not_found("split"))?))
}

/// Gives a share of the visitors another deployment, in place of any split that runs. Activating a deployment, that one too, ends it.
#[utoipa::path(
    put, path = "/api/v1/admin/apps/{app}/split", tag = "deployments",
    params(IfMatch, ("app" = String, Path, description = "Slug or id.")),
    request_body = SplitPut,
    responses((status = 200, body = SplitBody)),
)]
pub(super) async fn put_split(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentWrite, OfApp>,
    if_match: IfMatch,
    Json(body): Json<SplitPut>,
) -> Result<impl IntoResponse, Problem> {
    let (terms, expected) = (terms(&body)?, if_match.revision()?.map(Revision::parse));
    let split = app.set_split(body.deployment, &terms, expected.as_ref(), state.now()).await?;
    let split = split.ok_or_else(|| Problem::not_found("deployment"))?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(answer(split))
}

/// Ends the running split: all visitors get the active deployment.
#[utoipa::path(
    delete, path = "/api/v1/admin/apps/{app}/split", tag = "deployments",
    params(IfMatch, ("app" = String, Path, description = "Slug or id.")),
    responses((status = 204)),
)]
pub(super) async fn delete_split(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentWrite, OfApp>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    if !app.end_split(expected.as_ref(), state.now()).await? {
        return Err(Problem::not_found("running split"));
    }
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(split: Split) -> impl IntoResponse + use<> {
    (etag(split.revision().as_str()), Json(SplitBody::of(split)))
}

fn terms(body: &SplitPut) -> Result<SplitTerms, Problem> {
    if !(1..=99).contains(&body.percent) {
        return Err(Problem::invalid("/percent", "A share is 1 to 99 percent; for all visitors, activate the deployment."));
    }
    if body.stop_above_error_rate.is_some_and(|rate| rate > 99) {
        return Err(Problem::invalid("/stop_above_error_rate", "A rate is 0 to 99 percent; leave it out for never."));
    }
    let window_requests = body.window_requests.unwrap_or(WINDOW_DEFAULT);
    if !(WINDOW_MIN..=WINDOW_MAX).contains(&window_requests) {
        return Err(Problem::invalid("/window_requests", format!("The window is {WINDOW_MIN} to {WINDOW_MAX} executions.")));
    }
    let sticky = body.sticky.as_deref().map_or(Ok(Sticky::ClientIp), str::parse);
    let sticky = sticky.map_err(|error: StickyError| Problem::invalid("/sticky", format!("Unknown: {error}.")))?;
    Ok(SplitTerms { percent: body.percent, sticky, stop_above: body.stop_above_error_rate, window_requests })
}
