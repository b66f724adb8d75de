//! `/api/v1/admin/secrets`: values that scripts read and people only write. No answer has one.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use execution::secret_name::{self, VALUE_BYTES_MAX};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Revision, SecretChange, SecretEntry};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Authorized, IfMatch, Json, Path, Query, action, etag},
    listing::{Listing, limit},
    members::InApp,
    problem::{Problem, sentence},
};
use crate::State;

/// A secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecretBody {
    app_id: Uuid,
    name: String,
    /// Another one after each change.
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the value was last set.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// What a secret is set to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretPut {
    /// Text of 1 to 16384 bytes. It is never shown again.
    #[schema(example = "hunter2")]
    value: String,
}

/// Which secrets are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SecretQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    pub _app: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl SecretBody {
    fn of(entry: SecretEntry, app_id: Uuid) -> Self {
        let SecretEntry { name, version, created_at, updated_at } = entry;
        Self { app_id, name, version, created_at, updated_at }
    }
}

/// Lists the names of an app's secrets, in the order of the alphabet.
#[utoipa::path(
    get, path = "/api/v1/admin/secrets", tag = "secrets",
    params(SecretQuery),
    responses((status = 200, body = Listing<SecretBody>)),
)]
pub(super) async fn list_secrets(
    app: Authorized<action::SecretRead>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<Listing<SecretBody>>, Problem> {
    let limit = limit(query.limit)?;
    let after = query.cursor.map(|cursor| cursor.replace('\0', "\u{fffd}"));
    let page = app.secrets(after.as_deref(), limit).await?;
    let items = page.entries.into_iter().map(|entry| SecretBody::of(entry, app.app_id().uuid())).collect();
    Ok(Json(Listing { items, next_cursor: page.next }))
}

/// One secret, without its value.
#[utoipa::path(
    get, path = "/api/v1/admin/secrets/{name}", tag = "secrets",
    params(InApp, ("name" = String, Path)),
    responses((status = 200, body = SecretBody)),
)]
pub(super) async fn get_secret(
    app: Authorized<action::SecretRead>,
    Path(name): Path<String>,
    _: Query<InApp>,
) -> Result<Response, Problem> {
    let entry = app.secret(&checked(name)?).await?.ok_or_else(|| Problem::not_found("secret"))?;
    Ok(answer(entry, app.app_id().uuid()))
}

/// Sets a secret. Executions that begin afterwards read the new value; nothing has to be deployed.
#[utoipa::path(
    put, path = "/api/v1/admin/secrets/{name}", tag = "secrets",
    params(IfMatch, InApp, ("name" = String, Path)),
    request_body = SecretPut,
    responses((status = 200, body = SecretBody)),
)]
pub(super) async fn put_secret(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::SecretWrite>,
    Path(name): Path<String>,
    _: Query<InApp>,
    if_match: IfMatch,
    Json(body): Json<SecretPut>,
) -> Result<Response, Problem> {
    let name = checked(name)?;
    if !(1..=VALUE_BYTES_MAX).contains(&body.value.len()) {
        let message = format!("A value has 1 to {VALUE_BYTES_MAX} bytes, not {}.", body.value.len());
        return Err(Problem::invalid("/value", message));
    }
    let secrets_max = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app.secrets;
    let expected = if_match.revision()?.map(Revision::parse);
    let change = SecretChange { name: &name, value: &body.value, expected, secrets_max, now: state.now() };
    let entry = app.set_secret(&change).await?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(answer(entry, app.app_id().uuid()))
}

/// Removes a secret.
#[utoipa::path(
    delete, path = "/api/v1/admin/secrets/{name}", tag = "secrets",
    params(IfMatch, InApp, ("name" = String, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_secret(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::SecretWrite>,
    Path(name): Path<String>,
    _: Query<InApp>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    if !app.delete_secret(&checked(name)?, expected.as_ref(), state.now()).await? {
        return Err(Problem::not_found("secret"));
    }
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(entry: SecretEntry, app: Uuid) -> Response {
    (etag(entry.revision().as_str()), Json(SecretBody::of(entry, app))).into_response()
}

fn checked(name: String) -> Result<String, Problem> {
    match secret_name::check(&name) {
        Ok(()) => Ok(name),
        Err(rule) => Err(Problem::invalid("{name}", sentence(rule))),
    }
}
