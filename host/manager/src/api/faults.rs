//! `POST /api/v1/admin/executions/{id}/faults`: what stays behind when something goes wrong in the middle of an execution.

use std::sync::Arc;

use axum::extract::State as Shared;
use execution::replay::{Fault, Faulted, Faults};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, OfExecution, Path, action},
    problem::Problem,
    recordings, replay, words,
};
use crate::State;

/// All runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultsBody {
    execution_id: Uuid,
    /// Runs that failed and of which something stays all the same.
    leaving: usize,
    /// Runs that are not listed: their reports can't be told without the value of a secret that reads like a word of theirs.
    not_shown: usize,
    runs: Vec<FaultBody>,
}

/// One run, in which one thing went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultBody {
    /// What went wrong.
    #[schema(value_type = words::Fault)]
    fault: &'static str,
    /// Of a `call`: its number from 0. Of `fuel`: after how many instructions it ended. Null of a `conflict`.
    at: Option<u64>,
    /// `ok`, or the kind of failure.
    outcome: String,
    /// Null if it failed.
    status: Option<u16>,
    /// Why it failed; null if it did not.
    message: Option<String>,
    /// Keys that it would have changed. A run that fails changes none.
    writes: usize,
    /// Requests that other servers may have got.
    sent: usize,
    /// Whether it failed and something of it stays all the same.
    leaves_something: bool,
}

impl FaultBody {
    fn of(run: Faulted) -> Self {
        let leaves_something = run.leaves_something();
        let Faulted { fault, outcome, status, message, writes, sent } = run;
        let (fault, at) = match fault {
            Fault::Call(index) => ("call", Some(index as u64)),
            Fault::Fuel(fuel) => ("fuel", Some(fuel)),
            Fault::Conflict => ("conflict", None),
        };
        Self { fault, at, outcome, status, message, writes, sent, leaves_something }
    }
}

/// Runs an execution again from its recording, by the code that ran then: once for each call that it waited for, which fails then, once for each share of its
/// fuel, and once with a conflict at its end if it had called another server. Nothing is asked, called or written.
#[utoipa::path(
    post, path = "/api/v1/admin/executions/{id}/faults", tag = "recordings",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = FaultsBody)),
)]
pub(super) async fn try_faults(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::Replay, OfExecution>,
    Path(id): Path<Uuid>,
) -> Result<Json<FaultsBody>, Problem> {
    let recording = recordings::find(&app, id).await?;
    let Faults { runs, not_shown } = state.data_plane.try_faults(app.app_id().uuid(), &recording).await.map_err(replay::refused)?;
    let runs: Vec<FaultBody> = runs.into_iter().map(FaultBody::of).collect();
    Ok(Json(FaultsBody { execution_id: id, leaving: runs.iter().filter(|run| run.leaves_something).count(), not_shown, runs }))
}
