//! `/api/v1/admin/recordings`: what it takes to run an execution again.

use execution::replay::KeptRecording;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{AppStore, ExecutionId, RecordingEntry, ScriptId, ScriptKind, SourceAt};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Authorized, InQuery, Json, OfExecution, Path, Query, action},
    listing::{Listing, page},
    problem::Problem,
};

/// Which recordings are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordingQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    _app: Option<String>,
    /// Only those of one script.
    script: Option<Uuid>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// An execution that was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingEntryBody {
    execution_id: Uuid,
    app_id: Uuid,
    script_id: Uuid,
    /// `ok`, or the kind of failure; null if the row of the execution is gone.
    outcome: Option<String>,
    /// As it is kept: compressed and sealed.
    bytes: u32,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Everything that determined an execution, with what came of it. Values of secrets are replaced by marks with name and version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingBody {
    execution_id: Uuid,
    app_id: Uuid,
    /// Invocation, limits, calls with their answers, and how it ended. Its form has a number (`format`) and may grow.
    #[schema(value_type = Value)]
    recording: Value,
    /// The script as it was deployed then, and the modules that it could import; empty if that deployment is gone.
    sources: Vec<SourceBody>,
}

/// A text of a deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceBody {
    name: String,
    #[schema(value_type = super::words::ScriptKind)]
    kind: ScriptKind,
    source: String,
}

impl RecordingEntryBody {
    fn of(entry: RecordingEntry, app_id: Uuid) -> Self {
        let RecordingEntry { execution, script, bytes, outcome, created_at } = entry;
        Self { execution_id: execution.uuid(), app_id, script_id: script.uuid(), outcome, bytes, created_at }
    }
}

/// Lists the executions of an app that were recorded, newest first: those that failed, and some that did not.
#[utoipa::path(
    get, path = "/api/v1/admin/recordings", tag = "recordings",
    params(RecordingQuery),
    responses((status = 200, body = Listing<RecordingEntryBody>)),
)]
pub(super) async fn list_recordings(
    app: Authorized<action::LogRead, InQuery>,
    Query(query): Query<RecordingQuery>,
) -> Result<Json<Listing<RecordingEntryBody>>, Problem> {
    let entries = app.recordings(query.script.map(ScriptId::from), page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(entries, |entry| RecordingEntryBody::of(entry, app.app_id().uuid()))))
}

/// One recording: what the script was told and what it answered, so it takes the right to read data too. Without the visitor's credentials.
#[utoipa::path(
    get, path = "/api/v1/admin/recordings/{id}", tag = "recordings",
    params(("id" = Uuid, Path, description = "Id of the execution.")),
    responses((status = 200, body = RecordingBody)),
)]
pub(super) async fn get_recording(
    app: Authorized<action::RecordingRead, OfExecution>,
    Path(id): Path<Uuid>,
) -> Result<Json<RecordingBody>, Problem> {
    let recording = find(&app, id).await?.shown();
    let at = |pointer: &str| recording.pointer(pointer).cloned().unwrap_or_default();
    let deployment = at("/invocation/deployment").as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    let sources = app.sources_at(deployment, at("/invocation/script_name").as_str().unwrap_or_default()).await?;
    let sources = sources.into_iter().map(|SourceAt { name, kind, text }| SourceBody { name, kind, source: text });
    Ok(Json(RecordingBody { execution_id: id, app_id: app.app_id().uuid(), sources: sources.collect(), recording }))
}

/// The recording of an execution.
pub(super) async fn find(app: &AppStore, id: Uuid) -> Result<KeptRecording, Problem> {
    let text = app.recording(ExecutionId::from(id)).await?.ok_or_else(|| Problem::not_found("recording"))?;
    KeptRecording::read(&text).map_err(Problem::internal)
}
