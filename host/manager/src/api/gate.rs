//! `POST /api/v1/admin/deployments/{id}/gate`: what the app's last visitors would have got from a deployment, before anybody gets it.

use std::sync::Arc;

use axum::extract::State as Shared;
use execution::Replayed;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use store::{AppStore, DeploymentId, ExecutionId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, OfDeployment, Path, action},
    problem::Problem,
    recordings,
};
use crate::{ReplayError, State};

/// Recordings of each script, if the caller doesn't say, and at most.
const PER_SCRIPT_DEFAULT: u32 = 20;
const PER_SCRIPT_MAX: u32 = 100;
/// Recordings that are run again in all: each takes a sandbox for as long as the execution took.
const RUNS_MAX: u32 = 500;
/// Run again at the same time: half of what an app may by default run at once is left for its visitors.
const AT_ONCE: usize = 4;
/// Differences that are listed.
const LISTED_MAX: usize = 50;

/// How the deployment is held against the past.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GatePost {
    /// The newest recordings of each script that are run again: 1 to 100; 20 if absent. 500 in all.
    #[schema(minimum = 1, maximum = 100)]
    recordings: Option<u32>,
    /// It passes if no more of a hundred runs end with another answer or would write something else; 100 if absent.
    #[schema(maximum = 100)]
    changed_percent_max: Option<u32>,
    /// It passes if no more runs fail that did not fail then; 0 if absent.
    new_failures_max: Option<u32>,
    /// Whether it is activated if it passes.
    #[serde(default)]
    activate: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct GateBody {
    deployment_id: Uuid,
    app_id: Uuid,
    passed: bool,
    activated: bool,
    /// Executions that were run again.
    runs: u32,
    /// Of them, those that ended with another answer or another error, or would have written something else.
    changed: u32,
    /// Of them, those that would have written something else; older recordings do not know what was written.
    changed_effects: u32,
    /// Of them, those that fail and did not then.
    new_failures: u32,
    /// Of them, those that do not fail and did then.
    mended: u32,
    /// Recordings that could not be run again: the script is gone, or a secret has changed.
    skipped: u32,
    /// Instructions of all runs together, then and now; only of those where they can be compared.
    fuel_recorded: u64,
    fuel_replayed: u64,
    /// The first fifty that differ. `POST /executions/{id}/replay` with the deployment's number shows how.
    differences: Vec<GateDifference>,
}

/// An execution that would have ended otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GateDifference {
    execution_id: Uuid,
    /// `ok`, or the kind of failure.
    recorded_outcome: String,
    replayed_outcome: String,
    /// Null if it failed.
    recorded_status: Option<u16>,
    replayed_status: Option<u16>,
    /// Whether it would have written something else.
    changed_effects: bool,
    /// Why it fails now; null if it does not.
    message: Option<String>,
}

/// Runs the newest recordings of each script again, by the code of a deployment, which need not be active; and activates it, if that is asked for, when it passes.
#[utoipa::path(
    post, path = "/api/v1/admin/deployments/{id}/gate", tag = "deployments",
    params(("id" = Uuid, Path)),
    request_body = GatePost,
    responses((status = 200, body = GateBody)),
)]
pub(super) async fn gate_deployment(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentGate, OfDeployment>,
    Path(id): Path<Uuid>,
    Json(body): Json<GatePost>,
) -> Result<Json<GateBody>, Problem> {
    let per_script = body.recordings.unwrap_or(PER_SCRIPT_DEFAULT);
    if !(1..=PER_SCRIPT_MAX).contains(&per_script) {
        return Err(Problem::invalid("/recordings", format!("It is 1 to {PER_SCRIPT_MAX} of each script.")));
    }
    let changed_max = body.changed_percent_max.unwrap_or(100);
    if changed_max > 100 {
        return Err(Problem::invalid("/changed_percent_max", "It is 0 to 100 percent."));
    }
    let deployment = app.deployment_row(DeploymentId::from(id)).await?.ok_or_else(|| Problem::not_found("deployment"))?;
    let executions = app.newest_recordings(per_script, RUNS_MAX).await?;
    let mut report = GateBody { deployment_id: id, app_id: app.app_id().uuid(), ..GateBody::default() };
    let runs = executions.into_iter().map(|execution| run_again(&state, &app, execution, deployment.number));
    let mut runs = stream::iter(runs).buffered(AT_ONCE);
    while let Some(run) = runs.next().await {
        let (execution, replayed) = run?;
        report.note(execution, replayed);
    }
    drop(runs);
    report.passed = report.new_failures <= body.new_failures_max.unwrap_or(0)
        && u64::from(report.changed) * 100 <= u64::from(report.runs) * u64::from(changed_max);
    if report.passed && body.activate {
        app.activate(deployment.id, state.now()).await?.ok_or_else(|| Problem::not_found("deployment"))?;
        state.data_plane.refresh(app.app_id().uuid()).await;
        report.activated = true;
    }
    Ok(Json(report))
}

/// `None`: it can't be run again.
async fn run_again(
    state: &State,
    app: &AppStore,
    execution: ExecutionId,
    deployment: u32,
) -> Result<(ExecutionId, Option<Replayed>), Problem> {
    // One that has made room meanwhile is one less.
    let Ok(recording) = recordings::find(app, execution.uuid()).await else { return Ok((execution, None)) };
    match state.data_plane.replay(app.app_id().uuid(), &recording, Some(deployment)).await {
        Ok(replayed) => Ok((execution, Some(replayed))),
        Err(ReplayError::NoCode(_) | ReplayError::NotReplayable(_)) => Ok((execution, None)),
        Err(ReplayError::Later(message)) => Err(Problem::unavailable("There is no place free just now; nothing was activated.", message)),
    }
}

impl GateBody {
    fn note(&mut self, execution: ExecutionId, replayed: Option<Replayed>) {
        let Some(replayed) = replayed else {
            self.skipped += 1;
            return;
        };
        self.runs += 1;
        if replayed.same_guest {
            self.fuel_recorded += replayed.recorded.usage.fuel_used;
            self.fuel_replayed += replayed.replayed.usage.fuel_used;
        }
        if replayed.has_equal_result() && !replayed.has_other_effects() {
            return;
        }
        self.changed += 1;
        self.changed_effects += u32::from(replayed.has_other_effects());
        let (failed, fails) = (replayed.recorded.result.is_err(), replayed.replayed.result.is_err());
        self.new_failures += u32::from(fails && !failed);
        self.mended += u32::from(failed && !fails);
        if self.differences.len() < LISTED_MAX {
            self.differences.push(GateDifference::of(execution, replayed));
        }
    }
}

impl GateDifference {
    fn of(execution: ExecutionId, run: Replayed) -> Self {
        let changed_effects = run.has_other_effects();
        let Replayed { recorded, replayed, .. } = run;
        let outcome = |result: &Result<execution::Response, execution::Failure>| match result {
            Ok(response) => ("ok".to_owned(), Some(response.status)),
            Err(failure) => (failure.kind.as_str().to_owned(), None),
        };
        let (recorded_outcome, recorded_status) = outcome(&recorded.result);
        let (replayed_outcome, replayed_status) = outcome(&replayed.result);
        let message = replayed.result.err().map(|failure| failure.message);
        let execution_id = execution.uuid();
        Self { execution_id, recorded_outcome, replayed_outcome, recorded_status, replayed_status, changed_effects, message }
    }
}
