//! `POST /api/v1/admin/executions/{id}/replay`: an execution run again from its recording, in a fresh sandbox that reaches nothing.

use std::sync::Arc;

use axum::extract::State as Shared;
use execution::{Divergence, Ended, Failure, LogLine, Question, Replayed, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, OfExecution, Path, action},
    problem::{Problem, ProblemType},
    recordings, words,
};
use crate::{ReplayError, State};

/// Longest body of an answer that is shown; what is beyond is cut off.
const BODY_CHARS_MAX: usize = 64 << 10;

/// By which code.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayPost {
    /// Number of a deployment; the one that ran then if absent.
    deployment: Option<u32>,
}

/// What came of it, beside what was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplayBody {
    execution_id: Uuid,
    /// Number of the deployment that ran now.
    deployment: u32,
    /// Whether it was the same again: answer or failure, log, calls, and where they can be compared, fuel and what it would have written.
    equal: bool,
    equal_result: bool,
    equal_logs: bool,
    equal_fuel: bool,
    /// Whether fuel can be compared: the interpreter is the one that ran then.
    comparable_fuel: bool,
    /// Whether it would have written the same: keys, files and jobs.
    equal_effects: bool,
    /// Whether that can be compared: older recordings do not know it.
    comparable_effects: bool,
    recorded: EndedBody,
    replayed: EndedBody,
    /// Calls of the recording that the script waited for.
    calls: usize,
    /// Where the run first did other than the recorded one; null if it did not.
    divergence: Option<DivergenceBody>,
    /// What it asked and the recording knows no answer to.
    unanswered: Vec<Value>,
}

/// How a run ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndedBody {
    /// `ok`, or the kind of failure.
    outcome: String,
    /// Null if it failed.
    answer: Option<AnswerBody>,
    /// Why it failed; null if it did not.
    message: Option<String>,
    fuel_used: u64,
    memory_peak_bytes: u64,
    logs: Vec<ReplayLogBody>,
}

/// What a script answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnswerBody {
    status: u16,
    /// Names and values, in order.
    headers: Vec<[String; 2]>,
    /// As text, its first 65536 characters; what is no text is replaced.
    body: String,
}

/// A line that a script logged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplayLogBody {
    #[schema(value_type = words::Level)]
    level: String,
    message: String,
    fields: Option<Value>,
}

/// Where two runs part.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DivergenceBody {
    /// Which call, from 0.
    index: usize,
    /// What was recorded there; null: nothing more.
    expected: Option<Value>,
    /// What was asked; null: the run ended before.
    asked: Option<Value>,
}

impl ReplayBody {
    fn of(execution_id: Uuid, replayed: Replayed) -> Self {
        Self {
            execution_id,
            deployment: replayed.deployment,
            equal: replayed.is_equal(),
            equal_result: replayed.has_equal_result(),
            equal_logs: replayed.has_equal_logs(),
            equal_fuel: replayed.has_equal_fuel(),
            comparable_fuel: replayed.same_guest,
            equal_effects: replayed.has_equal_effects(),
            comparable_effects: replayed.has_comparable_effects(),
            calls: replayed.calls,
            recorded: EndedBody::of(replayed.recorded),
            replayed: EndedBody::of(replayed.replayed),
            divergence: replayed.divergence.map(|Divergence { index, expected, asked }| DivergenceBody {
                index,
                expected: expected.map(shown),
                asked: asked.map(shown),
            }),
            unanswered: replayed.unanswered.into_iter().map(shown).collect(),
        }
    }
}

impl EndedBody {
    fn of(ended: Ended) -> Self {
        let Ended { result, usage, logs, .. } = ended;
        let (outcome, answer, message) = match result {
            Ok(response) => ("ok", Some(AnswerBody::of(response)), None),
            Err(Failure { kind, message, .. }) => (kind.as_str(), None, Some(message)),
        };
        Self {
            outcome: outcome.to_owned(),
            answer,
            message,
            fuel_used: usage.fuel_used,
            memory_peak_bytes: usage.memory_peak_bytes,
            logs: logs.lines.into_iter().map(ReplayLogBody::of).collect(),
        }
    }
}

impl AnswerBody {
    pub(super) fn of(response: Response) -> Self {
        let Response { status, headers, body } = response;
        let body = String::from_utf8_lossy(&body).chars().take(BODY_CHARS_MAX).collect();
        Self { status, headers: headers.into_iter().map(|(name, value)| [name, value]).collect(), body }
    }

    /// Of a failure nobody sees more.
    pub(super) fn of_status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

impl ReplayLogBody {
    pub(super) fn of(line: LogLine) -> Self {
        let fields = line.fields.and_then(|fields| serde_json::from_str(&fields).ok());
        Self { level: line.level.as_str().to_owned(), message: line.message, fields }
    }
}

/// A question as JSON.
fn shown(question: Question) -> Value {
    serde_json::to_value(question).unwrap_or_default()
}

/// Runs an execution again from its recording, by the code that ran then or by that of another deployment. Nothing is asked, called or written: what the
/// script was told then, it is told again.
#[utoipa::path(
    post, path = "/api/v1/admin/executions/{id}/replay", tag = "recordings",
    params(("id" = Uuid, Path)),
    request_body = ReplayPost,
    responses((status = 200, body = ReplayBody)),
)]
pub(super) async fn replay_execution(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::Replay, OfExecution>,
    Path(id): Path<Uuid>,
    Json(body): Json<ReplayPost>,
) -> Result<Json<ReplayBody>, Problem> {
    let recording = recordings::find(&app, id).await?;
    let replayed = state.data_plane.replay(app.app_id().uuid(), &recording, body.deployment).await.map_err(refused)?;
    Ok(Json(ReplayBody::of(id, replayed)))
}

pub(super) fn refused(error: ReplayError) -> Problem {
    match error {
        ReplayError::NoCode(message) => Problem::invalid("/deployment", message),
        ReplayError::NotReplayable(message) => Problem::new(ProblemType::NotReplayable, message),
        ReplayError::Later(message) => Problem::unavailable("Nothing ran: there is no place free just now.", message),
    }
}
