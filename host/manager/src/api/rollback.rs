//! The way back, and the history of what was active: `apps/{app}/rollback` and `/api/v1/admin/activations`.

use std::sync::Arc;

use axum::extract::State as Shared;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{ActivationEntry, Cause};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    deployments::{AuthorBody, DeploymentBody},
    extract::{Authorized, Json, OfApp, Query, action},
    listing::{Listing, OfOneApp, check_message, page},
    problem::{Problem, ProblemType},
    words,
};
use crate::State;

/// Where to go back to. May be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    /// Number of a deployment; what was active before the present one if absent.
    to: Option<u32>,
    /// Why, for people.
    message: Option<String>,
}

/// One time that an app began to run another deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivationBody {
    id: Uuid,
    app_id: Uuid,
    /// Number of the deployment that ran from then on. It may have been pruned since.
    deployment: u32,
    /// What ran until then; null for the first.
    previous: Option<u32>,
    #[schema(value_type = words::ActivationCause)]
    cause: Cause,
    message: String,
    /// Who did it.
    author: AuthorBody,
    #[schema(value_type = String, format = DateTime)]
    activated_at: Timestamp,
}

/// Makes an earlier deployment the active one again.
#[utoipa::path(
    post, path = "/api/v1/admin/apps/{app}/rollback", tag = "deployments",
    params(("app" = String, Path, description = "Slug or id.")),
    request_body = Option<Rollback>,
    responses((status = 200, body = DeploymentBody)),
)]
pub(super) async fn rollback_app(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentWrite, OfApp>,
    body: Option<Json<Rollback>>,
) -> Result<Json<DeploymentBody>, Problem> {
    let Rollback { to, message } = body.map(|Json(body)| body).unwrap_or_default();
    let message = message.unwrap_or_default();
    check_message("/message", &message)?;
    let deployment = app.roll_back(to, &message, state.now()).await?.ok_or_else(|| nowhere(to))?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(Json(DeploymentBody::of(deployment, app.app_id().uuid())))
}

fn nowhere(to: Option<u32>) -> Problem {
    let detail = match to {
        Some(number) => format!("The app has no deployment {number}, or no longer; GET /api/v1/admin/deployments lists those it has."),
        None => "No other deployment of the app was active before the present one.".to_owned(),
    };
    Problem::new(ProblemType::NotFound, detail)
}

/// Lists what was active when, and who decided it, newest first. The last 1,000 are kept.
#[utoipa::path(
    get, path = "/api/v1/admin/activations", tag = "deployments",
    params(OfOneApp),
    responses((status = 200, body = Listing<ActivationBody>)),
)]
pub(super) async fn list_activations(
    app: Authorized<action::DeploymentRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<ActivationBody>>, Problem> {
    let entries = app.activations(page(query.limit, query.cursor.as_deref())?).await?;
    let app_id = app.app_id().uuid();
    Ok(Json(Listing::of(entries, |entry| {
        let ActivationEntry { id, number, previous, cause, message, author, at } = entry;
        ActivationBody { id, app_id, deployment: number, previous, cause, message, author: AuthorBody::of(author), activated_at: at }
    })))
}
