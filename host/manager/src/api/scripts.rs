//! `/api/v1/admin/scripts`: Rhai sources. Each change makes a deployment, and is live on this node before its answer.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use execution::{Modules, Source};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AppStore, Change, Revision, Script, ScriptId, ScriptKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    diagnostic::{of_compile_error, parse, text_of},
    extract::{Authorized, Caller, IfMatch, Json, OfScript, Path, Query, action, app_ref, etag},
    linking::{self, Edit},
    listing::{Listing, OfOneApp, page},
    problem::{FieldError, Problem, ProblemType},
    words,
};
use crate::State;

/// What a name that is none is answered with.
pub(super) const SCRIPT_NAME_RULE: &str = "A script's name has 1 to 64 letters, digits, _, -, . and / (ASCII).";

/// A new script.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewScript {
    /// Slug or id of the app.
    app: String,
    /// Unique in the app: 1 to 64 of letters, digits, `_`, `-`, `.` and `/`.
    #[schema(example = "hello")]
    name: String,
    /// Rhai.
    #[schema(example = "#{ hello: ctx.request.params.name }")]
    source: String,
    /// `endpoint` (answers requests; if absent) or `module` (is imported by name).
    #[schema(value_type = Option<words::ScriptKind>)]
    kind: Option<ScriptKind>,
}

/// A script as it should be (PUT).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptPut {
    name: String,
    source: String,
    /// `endpoint` if absent.
    #[schema(value_type = Option<words::ScriptKind>)]
    kind: Option<ScriptKind>,
}

/// What changes about a script (PATCH).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptPatch {
    name: Option<String>,
    source: Option<String>,
    #[schema(value_type = Option<words::ScriptKind>)]
    kind: Option<ScriptKind>,
}

/// A script of the active deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScriptBody {
    id: Uuid,
    app_id: Uuid,
    name: String,
    /// `endpoint` or `module`.
    #[schema(value_type = words::ScriptKind)]
    kind: ScriptKind,
    /// SHA-256 of the source.
    source_digest: String,
    /// Absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When this name, kind or source was deployed.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

impl ScriptBody {
    pub(super) fn of(script: Script, app_id: Uuid, source: Option<String>) -> Self {
        let Script { id, name, kind, source_digest, created_at, changed_at } = script;
        Self { id: id.uuid(), app_id, name, kind, source_digest: source_digest.to_string(), source, created_at, changed_at }
    }
}

/// A source to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Validation {
    source: String,
    /// The app whose modules it imports, by slug or id; without it there are none.
    app: Option<String>,
}

/// What the parser said.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ValidationBody {
    valid: bool,
    errors: Vec<FieldError>,
}

/// Lists an app's scripts without their sources, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/scripts", tag = "scripts",
    params(OfOneApp),
    responses((status = 200, body = Listing<ScriptBody>)),
)]
pub(super) async fn list_scripts(
    app: Authorized<action::ScriptRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<ScriptBody>>, Problem> {
    let scripts = app.scripts(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(scripts, |script| ScriptBody::of(script, app.app_id().uuid(), None))))
}

/// Creates a script and deploys it.
#[utoipa::path(
    post, path = "/api/v1/admin/scripts", tag = "scripts",
    request_body = NewScript,
    responses((status = 201, body = ScriptBody)),
)]
pub(super) async fn create_script(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewScript>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::ScriptWrite>(&state, &app_ref(&body.app)).await?;
    check_script_name(&body.name)?;
    let (id, message) = (ScriptId::new(state.now()), format!("Create script {}", body.name));
    let kind = body.kind.unwrap_or(ScriptKind::Endpoint);
    let change = Change::CreateScript { id, name: body.name.clone(), kind, source: body.source.clone() };
    let edit = Edit { before: None, after: Some((Source { name: body.name, text: body.source }, kind)) };
    linking::deploy(&state, &app, &edit, change, &message).await?;
    Ok((StatusCode::CREATED, answer(&app, id).await?).into_response())
}

/// One script with its source.
#[utoipa::path(
    get, path = "/api/v1/admin/scripts/{id}", tag = "scripts",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ScriptBody)),
)]
pub(super) async fn get_script(app: Authorized<action::ScriptRead, OfScript>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    answer(&app, ScriptId::from(id)).await
}

/// Replaces a script's name, source and kind, and deploys it.
#[utoipa::path(
    put, path = "/api/v1/admin/scripts/{id}", tag = "scripts",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = ScriptPut,
    responses((status = 200, body = ScriptBody)),
)]
pub(super) async fn put_script(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::ScriptWrite, OfScript>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<ScriptPut>,
) -> Result<Response, Problem> {
    let kind = body.kind.unwrap_or(ScriptKind::Endpoint);
    let patch = ScriptPatch { name: Some(body.name), source: Some(body.source), kind: Some(kind) };
    update(&state, &app, ScriptId::from(id), &if_match, patch).await
}

/// Changes a script's name, source or kind, and deploys it.
#[utoipa::path(
    patch, path = "/api/v1/admin/scripts/{id}", tag = "scripts",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = ScriptPatch,
    responses((status = 200, body = ScriptBody)),
)]
pub(super) async fn patch_script(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::ScriptWrite, OfScript>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<ScriptPatch>,
) -> Result<Response, Problem> {
    update(&state, &app, ScriptId::from(id), &if_match, body).await
}

/// Removes a script with its routes from what runs. Earlier deployments keep it.
#[utoipa::path(
    delete, path = "/api/v1/admin/scripts/{id}", tag = "scripts",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_script(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::ScriptWrite, OfScript>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let id = ScriptId::from(id);
    let expected = if_match.revision()?.map(Revision::parse);
    let (script, _) = app.script(id).await?.ok_or_else(|| Problem::not_found("script"))?;
    let message = format!("Remove script {}", script.name);
    let edit = Edit { before: Some((script.name, script.kind)), after: None };
    linking::deploy(&state, &app, &edit, Change::RemoveScript { id, expected }, &message).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Parses a source without storing it.
#[utoipa::path(
    post, path = "/api/v1/admin/scripts/validate", tag = "scripts",
    request_body = Validation,
    responses((status = 200, body = ValidationBody)),
)]
pub(super) async fn validate_script(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<Validation>,
) -> Result<Json<ValidationBody>, Problem> {
    let modules = match body.app {
        Some(app) => {
            let app = caller.authorize::<action::ScriptRead>(&state, &app_ref(&app)).await?;
            linking::modules_of(&app).await?
        }
        None => Modules::default(),
    };
    let source = Source { name: "script".to_owned(), text: body.source };
    let errors = match parse(&state, &source, &modules).await? {
        Ok(_) => Vec::new(),
        Err(error) => vec![of_compile_error(&error, text_of(&error.script, &source, &modules), "/source")],
    };
    Ok(Json(ValidationBody { valid: errors.is_empty(), errors }))
}

async fn update(state: &State, app: &AppStore, id: ScriptId, if_match: &IfMatch, patch: ScriptPatch) -> Result<Response, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let (present, text) = app.script(id).await?.ok_or_else(|| Problem::not_found("script"))?;
    if let Some(name) = &patch.name {
        check_script_name(name)?;
    }
    let name = patch.name.clone().unwrap_or_else(|| present.name.clone());
    let message = format!("Change script {name}");
    let source = Source { name, text: patch.source.clone().unwrap_or(text) };
    let edit = Edit { before: Some((present.name, present.kind)), after: Some((source, patch.kind.unwrap_or(present.kind))) };
    let change = Change::UpdateScript { id, name: patch.name, kind: patch.kind, source: patch.source, expected };
    linking::deploy(state, app, &edit, change, &message).await?;
    answer(app, id).await
}

async fn answer(app: &AppStore, id: ScriptId) -> Result<Response, Problem> {
    let (script, source) = app.script(id).await?.ok_or_else(|| Problem::not_found("script"))?;
    let tag = etag(script.revision().as_str());
    Ok((tag, Json(ScriptBody::of(script, app.app_id().uuid(), Some(source)))).into_response())
}

fn check_script_name(name: &str) -> Result<(), Problem> {
    if is_script_name(name) { Ok(()) } else { Err(Problem::invalid("/name", SCRIPT_NAME_RULE)) }
}

/// Names are what `import` and error messages use: short, visible, without quotes.
pub(super) fn is_script_name(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fine)
}

pub(super) fn at_name(error: store::Error) -> Problem {
    let store::Error::Duplicate { name, .. } = &error else { return error.into() };
    let message = format!("The app has a script named `{name}` already; change that one, or choose another name.");
    let error = FieldError { pointer: Some("/name".to_owned()), message: message.clone(), ..FieldError::default() };
    Problem::new(ProblemType::NameTaken, message).with_error(error)
}
