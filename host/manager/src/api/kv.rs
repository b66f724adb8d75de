//! `/api/v1/admin/kv`: what an app's scripts keep. A key stands in the path, percent-encoded; `?app=` says whose it is.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use execution::{
    AllLimits,
    kv::{KEY_BYTES_MAX, Write},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::{KvChange, KvEntry, Quota, Revision};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Authorized, IfMatch, Json, Path, Query, action, etag},
    listing::{Listing, limit},
    members::InApp,
    problem::Problem,
};
use crate::State;

/// Longest time that a key can be given: ten years, as for scripts.
const TTL_SECONDS_MAX: i64 = 10 * 366 * 24 * 3600;

/// A key with its value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KvBody {
    app_id: Uuid,
    key: String,
    /// Any JSON.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    /// Of key and value.
    bytes: usize,
    /// Another one after each change.
    version: i64,
    /// When it will no longer be there; null if it stays.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// What a key is set to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KvPut {
    /// Any JSON; as scripts would see it.
    value: Value,
    /// How long it is kept, in seconds; for ever if absent.
    ttl_seconds: Option<i64>,
}

/// Which keys are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KvQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    pub _app: Option<String>,
    /// Only keys that begin with it.
    prefix: Option<String>,
    /// 1 to 200; 50 if absent. A page may have fewer if its values are large.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl KvBody {
    fn of(entry: KvEntry, app_id: Uuid) -> Result<Self, Problem> {
        let KvEntry { key, value, version, expires_at } = entry;
        let bytes = key.len() + value.len();
        let value = RawValue::from_string(value).map_err(Problem::internal)?;
        Ok(Self { app_id, key, value, bytes, version, expires_at })
    }
}

/// Lists keys with their values, in the order of the keys' bytes.
#[utoipa::path(
    get, path = "/api/v1/admin/kv", tag = "kv",
    params(KvQuery),
    responses((status = 200, body = Listing<KvBody>)),
)]
pub(super) async fn list_kv(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataRead>,
    Query(query): Query<KvQuery>,
) -> Result<Json<Listing<KvBody>>, Problem> {
    let limit = limit(query.limit)?;
    // No key has a NUL; the database would not even compare it.
    let text = |text: Option<String>| text.map(|text| text.replace('\0', "\u{fffd}"));
    let (prefix, after) = (text(query.prefix).unwrap_or_default(), text(query.cursor));
    let page = app.kv_page(&prefix, after.as_deref(), limit, state.now()).await?;
    let items = page.entries.into_iter().map(|entry| KvBody::of(entry, app.app_id().uuid())).collect::<Result<_, _>>()?;
    Ok(Json(Listing { items, next_cursor: page.next }))
}

/// One key.
#[utoipa::path(
    get, path = "/api/v1/admin/kv/{key}", tag = "kv",
    params(InApp, ("key" = String, Path, description = "Percent-encoded.")),
    responses((status = 200, body = KvBody)),
)]
pub(super) async fn get_kv(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataRead>,
    Path(key): Path<String>,
    _: Query<InApp>,
) -> Result<Response, Problem> {
    let entry = app.kv(&checked(key)?, state.now()).await?.ok_or_else(|| Problem::not_found("key"))?;
    answer(entry, app.app_id().uuid())
}

/// Sets a key, in a transaction as the app's executions have it.
#[utoipa::path(
    put, path = "/api/v1/admin/kv/{key}", tag = "kv",
    params(IfMatch, InApp, ("key" = String, Path, description = "Percent-encoded.")),
    request_body = KvPut,
    responses((status = 200, body = KvBody)),
)]
pub(super) async fn put_kv(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite>,
    Path(key): Path<String>,
    _: Query<InApp>,
    if_match: IfMatch,
    Json(body): Json<KvPut>,
) -> Result<Response, Problem> {
    let now = state.now();
    let value = body.value.to_string();
    let AllLimits { execution: limits, app: quotas } = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits;
    if value.len() as u64 > limits.kv_value_bytes {
        let message = format!("The value has {} bytes as JSON, and this app's values have at most {}.", value.len(), limits.kv_value_bytes);
        return Err(Problem::invalid("/value", message));
    }
    let ttl = body.ttl_seconds.map(ttl_of).transpose()?;
    let expires_at_ms = ttl.and_then(|ttl| u64::try_from((now + ttl).as_millisecond()).ok());
    let change = KvChange {
        key: checked(key)?,
        write: Write::Set { value, expires_at_ms },
        expected: if_match.revision()?.map(Revision::parse),
        quota: Quota::of(&quotas),
        now,
    };
    let entry = app.change_kv(&change).await?.ok_or_else(|| Problem::not_found("key"))?;
    // A trigger may have waited for it.
    state.data_plane.wake_queue();
    answer(entry, app.app_id().uuid())
}

/// Removes a key.
#[utoipa::path(
    delete, path = "/api/v1/admin/kv/{key}", tag = "kv",
    params(IfMatch, InApp, ("key" = String, Path, description = "Percent-encoded.")),
    responses((status = 204)),
)]
pub(super) async fn delete_kv(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite>,
    Path(key): Path<String>,
    _: Query<InApp>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let quotas = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    let change = KvChange { key: checked(key)?, write: Write::Delete, expected, quota: Quota::of(&quotas), now: state.now() };
    app.change_kv(&change).await?.ok_or_else(|| Problem::not_found("key"))?;
    state.data_plane.wake_queue();
    Ok(StatusCode::NO_CONTENT)
}

fn answer(entry: KvEntry, app: Uuid) -> Result<Response, Problem> {
    let tag = etag(entry.revision().as_str());
    Ok((tag, Json(KvBody::of(entry, app)?)).into_response())
}

/// The rules that scripts have.
fn checked(key: String) -> Result<String, Problem> {
    if (1..=KEY_BYTES_MAX).contains(&key.len()) && !key.chars().any(char::is_control) {
        return Ok(key);
    }
    Err(Problem::invalid("{key}", format!("A key has 1 to {KEY_BYTES_MAX} bytes and no control characters.")))
}

fn ttl_of(seconds: i64) -> Result<SignedDuration, Problem> {
    if (1..=TTL_SECONDS_MAX).contains(&seconds) {
        return Ok(SignedDuration::from_secs(seconds));
    }
    Err(Problem::invalid("/ttl_seconds", format!("A key is kept for 1 to {TTL_SECONDS_MAX} seconds.")))
}
