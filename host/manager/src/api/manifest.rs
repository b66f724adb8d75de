//! `POST /api/v1/admin/deployments`: the complete contents of an app in one call.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::{Activation, Deployed, Digest, Manifest, ManifestSource, ScriptKind, Settings};
use utoipa::ToSchema;

use super::{
    deployments::DeploymentBody,
    difference::{DiffBody, Texts},
    extract::{Caller, Json, action, app_ref, at_most, object, object_or_null},
    listing::check_message,
    manifest_check,
    problem::Problem,
    static_routes::StaticBody,
    trigger_bodies::{DeployedTrigger, ScheduleTerms, TriggerTerms},
    words,
};
use crate::State;

/// Most scripts of one app, and most routes.
const SCRIPTS_MAX: usize = 10_000;
const ROUTES_MAX: usize = 10_000;
/// Most schedules, and most triggers.
const TRIGGERS_MAX: usize = 1_000;

/// Everything that an app should be. What is not in it is gone from the app afterwards; earlier deployments keep it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDeployment {
    /// Slug or id of the app.
    app: String,
    /// Why, for people.
    message: Option<String>,
    /// At most 10,000. A script keeps the id that its name has in the active deployment.
    #[serde(deserialize_with = "at_most::<_, _, SCRIPTS_MAX>")]
    pub(super) scripts: Vec<DeployedScript>,
    /// At most 10,000. A route keeps the id that its method, host and path have in the active deployment.
    #[serde(default, deserialize_with = "at_most::<_, _, ROUTES_MAX>")]
    pub(super) routes: Vec<DeployedRoute>,
    /// At most 1,000. A schedule keeps the id, and the slot that it waits for, that its name has in the active deployment.
    #[serde(default, deserialize_with = "at_most::<_, _, TRIGGERS_MAX>")]
    pub(super) schedules: Vec<DeployedTrigger<ScheduleTerms>>,
    /// At most 1,000. A trigger keeps the id that its name has in the active deployment.
    #[serde(default, deserialize_with = "at_most::<_, _, TRIGGERS_MAX>")]
    pub(super) triggers: Vec<DeployedTrigger<TriggerTerms>>,
    /// Digests by path: `/index.html` and the SHA-256, in hexadecimal, of bytes that were uploaded (`PUT /assets/{digest}`) or that a deployment has
    /// which is kept.
    #[serde(default)]
    #[schema(example = json!({}))]
    pub(super) assets: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "object")]
    pub(super) settings: SettingsBody,
    /// Number of the active deployment as the caller knows it, 0 for none: 412 if it is another one now.
    expected: Option<u32>,
    /// Only answer what would change. The bytes of its assets need not be there.
    #[serde(default)]
    pub(super) dry_run: bool,
    /// Whether the new deployment runs at once (if absent) or waits for a preview, a share of the traffic, an activation.
    #[serde(default = "yes")]
    #[schema(default = true)]
    activate: bool,
}

fn yes() -> bool {
    true
}

/// A script of a whole deployment, with either `source` or `digest`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeployedScript {
    /// Unique in the app: 1 to 64 of letters, digits, `_`, `-`, `.` and `/`.
    pub(super) name: String,
    /// `endpoint` (answers requests; if absent) or `module` (is imported by name).
    #[schema(value_type = Option<words::ScriptKind>)]
    pub(super) kind: Option<ScriptKind>,
    /// Rhai.
    pub(super) source: Option<String>,
    /// SHA-256, in hexadecimal, of a source that the app has in a deployment that is kept.
    pub(super) digest: Option<String>,
}

/// A route of a whole deployment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeployedRoute {
    /// Name of an endpoint script of this deployment; or else `static`.
    pub(super) script: Option<String>,
    /// The assets of this deployment answer.
    #[serde(rename = "static", default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<StaticBody>)]
    pub(super) assets: Option<StaticBody>,
    /// `/exact`, `/users/:id` or a prefix `/files/*`.
    pub(super) path: String,
    /// Any method if absent or null; of a static route GET, which answers HEAD too.
    pub(super) method: Option<String>,
    /// A host or `*.` wildcard; any of the app's hosts if absent or null.
    pub(super) host: Option<String>,
}

/// Settings that belong to the code: they come and go with the deployment.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsBody {
    /// Limits of an execution, lowered below the app's: name and value. A value above the app's changes nothing.
    #[serde(default)]
    #[schema(example = json!({ "fuel": 100_000_000 }))]
    pub(super) limits: BTreeMap<String, u64>,
}

impl SettingsBody {
    pub(super) fn of(settings: Settings) -> Self {
        Self { limits: settings.limits }
    }
}

/// A new deployment or, if nothing would change, the active one; for a dry run, what would change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum DeployedOrDiff {
    Deployed(Box<DeploymentBody>),
    Diff(DiffBody),
}

/// Deploys the complete contents of an app. The same contents as the active ones make no new deployment: 200 with the active one.
#[utoipa::path(
    post, path = "/api/v1/admin/deployments", tag = "deployments",
    request_body = NewDeployment,
    responses((status = 201, body = DeploymentBody), (status = 200, body = DeployedOrDiff)),
)]
pub(super) async fn create_deployment(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewDeployment>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::DeploymentWrite>(&state, &app_ref(&body.app)).await?;
    let message = body.message.clone().unwrap_or_default();
    check_message("/message", &message)?;
    let (expected, dry_run) = (body.expected, body.dry_run);
    let activation = if body.activate { Activation::AtOnce } else { Activation::Later };
    let (manifest, uses) = manifest_check::checked(&state, &app, body).await?;

    if dry_run {
        let active = app.app().await?.and_then(|app| app.deployment);
        let difference = app.plan_manifest(&manifest, expected, state.now()).await?;
        let given = given(&manifest);
        let texts = Texts { app: &app, given: &given };
        return Ok(Json(DiffBody::of(difference, (active, None), &uses, texts).await?).into_response());
    }
    let app_id = app.app_id().uuid();
    let answer = |deployment| Json(DeploymentBody::of(deployment, app_id));
    Ok(match app.deploy_manifest(&manifest, expected, activation, &message, state.now()).await? {
        Deployed::New(deployment) => {
            state.data_plane.refresh(app_id).await;
            (StatusCode::CREATED, answer(deployment)).into_response()
        }
        Deployed::Unchanged(deployment) => answer(deployment).into_response(),
    })
}

/// The texts that the manifest brings, by digest.
fn given(manifest: &Manifest) -> HashMap<Digest, &str> {
    let texts = manifest.scripts.iter().filter_map(|script| match &script.source {
        ManifestSource::Text(text) => Some((Digest::of(text.as_bytes()), text.as_str())),
        ManifestSource::Known(_) => None,
    });
    texts.collect()
}
