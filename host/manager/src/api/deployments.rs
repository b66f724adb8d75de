//! `/api/v1/admin/deployments`: what ran when, and going back to it.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State as Shared;
use jiff::Timestamp;
use serde::Serialize;
use store::{Author, Deployment, DeploymentId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, OfDeployment, Path, Query, action},
    listing::{Listing, OfOneApp, page},
    manifest::SettingsBody,
    problem::Problem,
    routes::RouteBody,
    scripts::ScriptBody,
    trigger_bodies::{ScheduleTerms, TriggerShown, TriggerTerms},
};
use crate::State;

/// All scripts, routes and assets of an app at one moment. Immutable.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeploymentBody {
    id: Uuid,
    app_id: Uuid,
    /// 1, 2, 3 ... in each app.
    number: u32,
    /// Whether it is the one that runs.
    active: bool,
    message: String,
    /// Limits that this deployment lowers, by name.
    settings: SettingsBody,
    /// Who made it.
    author: AuthorBody,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Who did something. All null once the person is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuthorBody {
    /// The admin, or whose key it was.
    id: Option<Uuid>,
    username: Option<String>,
    name: Option<String>,
    /// The key; null for a person.
    key_id: Option<Uuid>,
    key_name: Option<String>,
}

impl AuthorBody {
    pub(super) fn of(author: Author) -> Self {
        let Author { admin, username, display_name, key, key_name } = author;
        Self { id: admin.map(Uuid::from), username, name: display_name, key_id: key.map(Uuid::from), key_name }
    }
}

impl DeploymentBody {
    pub(super) fn of(deployment: Deployment, app_id: Uuid) -> Self {
        let Deployment { id, number, message, settings, author, created_at, active, .. } = deployment;
        let (settings, author) = (SettingsBody::of(settings), AuthorBody::of(author));
        Self { id: id.uuid(), app_id, number, active, message, settings, author, created_at }
    }
}

/// A deployment with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeploymentDetail {
    #[serde(flatten)]
    deployment: DeploymentBody,
    /// Without sources.
    scripts: Vec<ScriptBody>,
    routes: Vec<RouteBody>,
    schedules: Vec<TriggerShown<ScheduleTerms>>,
    triggers: Vec<TriggerShown<TriggerTerms>>,
    /// Digests by path, as `POST /deployments` takes them.
    #[schema(example = json!({ "/index.html": "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9" }))]
    assets: BTreeMap<String, String>,
}

/// Lists an app's deployments, newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/deployments", tag = "deployments",
    params(OfOneApp),
    responses((status = 200, body = Listing<DeploymentBody>)),
)]
pub(super) async fn list_deployments(
    app: Authorized<action::DeploymentRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<DeploymentBody>>, Problem> {
    let deployments = app.deployments(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(deployments, |deployment| DeploymentBody::of(deployment, app.app_id().uuid()))))
}

/// One deployment with its scripts, routes and assets.
#[utoipa::path(
    get, path = "/api/v1/admin/deployments/{id}", tag = "deployments",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DeploymentDetail)),
)]
pub(super) async fn get_deployment(
    app: Authorized<action::DeploymentRead, OfDeployment>,
    Path(id): Path<Uuid>,
) -> Result<Json<DeploymentDetail>, Problem> {
    let found = app.deployment(DeploymentId::from(id)).await?.ok_or_else(|| Problem::not_found("deployment"))?;
    let app_id = app.app_id().uuid();
    Ok(Json(DeploymentDetail {
        deployment: DeploymentBody::of(found.deployment, app_id),
        scripts: found.scripts.into_iter().map(|script| ScriptBody::of(script, app_id, None)).collect(),
        routes: found.routes.into_iter().map(|route| RouteBody::of(route, app_id)).collect(),
        schedules: found.triggers.iter().filter_map(TriggerShown::of).collect(),
        triggers: found.triggers.iter().filter_map(TriggerShown::of).collect(),
        assets: found.assets.into_iter().map(|(path, digest)| (path, digest.to_string())).collect(),
    }))
}

/// Makes a deployment the one that runs: forward or back. Live within a second.
#[utoipa::path(
    post, path = "/api/v1/admin/deployments/{id}/activate", tag = "deployments",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DeploymentBody)),
)]
pub(super) async fn activate_deployment(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentWrite, OfDeployment>,
    Path(id): Path<Uuid>,
) -> Result<Json<DeploymentBody>, Problem> {
    let deployment = app.activate(DeploymentId::from(id), state.now()).await?.ok_or_else(|| Problem::not_found("deployment"))?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(Json(DeploymentBody::of(deployment, app.app_id().uuid())))
}
