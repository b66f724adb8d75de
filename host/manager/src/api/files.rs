//! `/api/v1/admin/files`: the files of an app's scripts. A path stands in the URL as one segment, percent-encoded; `?app=` says whose it is.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use execution::files::{check_path, check_prefix};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body::Body as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{FileChange, FileEntry, Quota, Revision, Uploaded};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    assets::take,
    extract::{Authorized, IfMatch, Json, Path, Query, action, etag},
    listing::{Listing, limit},
    members::InApp,
    problem::{Problem, ProblemType, sentence},
};
use crate::State;

/// A file, without its bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileBody {
    app_id: Uuid,
    #[schema(example = "reports/may.csv")]
    path: String,
    /// Bytes.
    size: i64,
    /// SHA-256 of the bytes, in hexadecimal.
    #[schema(example = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")]
    digest: String,
    /// Another one after each change.
    version: i64,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Which files are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FileQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    pub _app: Option<String>,
    /// Only files whose paths begin with it.
    prefix: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl FileBody {
    fn of(entry: FileEntry, app_id: Uuid) -> Self {
        let FileEntry { path, digest, size, version, updated_at } = entry;
        Self { app_id, path, size, digest: digest.to_string(), version, updated_at }
    }
}

/// Lists files, in the order of the bytes of their paths.
#[utoipa::path(
    get, path = "/api/v1/admin/files", tag = "files",
    params(FileQuery),
    responses((status = 200, body = Listing<FileBody>)),
)]
pub(super) async fn list_files(
    app: Authorized<action::DataRead>,
    Query(query): Query<FileQuery>,
) -> Result<Json<Listing<FileBody>>, Problem> {
    let limit = limit(query.limit)?;
    let (prefix, after) = (query.prefix.unwrap_or_default(), query.cursor);
    let refused = |at: &'static str| move |rule: String| Problem::invalid(at, sentence(&rule));
    check_prefix("a prefix", &prefix).map_err(refused("?prefix"))?;
    check_prefix("a cursor", after.as_deref().unwrap_or_default()).map_err(refused("?cursor"))?;
    let page = app.files(&prefix, after.as_deref(), limit).await?;
    let items = page.entries.into_iter().map(|entry| FileBody::of(entry, app.app_id().uuid())).collect();
    Ok(Json(Listing { items, next_cursor: page.next }))
}

/// One file, without its bytes.
#[utoipa::path(
    get, path = "/api/v1/admin/files/{path}", tag = "files",
    params(InApp, ("path" = String, Path, description = "Percent-encoded, slashes too.")),
    responses((status = 200, body = FileBody)),
)]
pub(super) async fn get_file(app: Authorized<action::DataRead>, Path(path): Path<String>, _: Query<InApp>) -> Result<Response, Problem> {
    let entry = app.file(&checked(path)?).await?.ok_or_else(|| Problem::not_found("file"))?;
    Ok(answer(entry, app.app_id().uuid()))
}

/// The bytes of a file. Always as a download: they are an app's, on the instance's host.
#[utoipa::path(
    get, path = "/api/v1/admin/files/{path}/content", tag = "files",
    params(InApp, ("path" = String, Path, description = "Percent-encoded, slashes too.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")),
)]
pub(super) async fn get_file_content(
    app: Authorized<action::DataRead>,
    Path(path): Path<String>,
    _: Query<InApp>,
) -> Result<Response, Problem> {
    const AS_DOWNLOAD: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
    ];
    let entry = app.file(&checked(path)?).await?.ok_or_else(|| Problem::not_found("file"))?;
    let bytes = app.file_bytes(&entry).await?;
    Ok((etag(entry.revision().as_str()), AS_DOWNLOAD, bytes).into_response())
}

/// Sets the bytes of a file: the body as it is, of any type. At most as large as a file of the app's scripts may be (`file_bytes`).
#[utoipa::path(
    put, path = "/api/v1/admin/files/{path}/content", tag = "files",
    params(IfMatch, InApp, ("path" = String, Path, description = "Percent-encoded, slashes too.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = FileBody)),
)]
pub(super) async fn put_file_content(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite>,
    Path(path): Path<String>,
    _: Query<InApp>,
    if_match: IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let path = checked(path)?;
    let expected = if_match.revision()?.map(Revision::parse);
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits;
    let uploaded = uploaded(&app, body, limits.execution.file_bytes).await?;
    let change = FileChange { path: &path, expected, quota: Quota::of(&limits.app), now: state.now() };
    let entry = app.put_file(&change, uploaded).await?;
    // A trigger may have waited for it.
    state.data_plane.wake_queue();
    Ok(answer(entry, app.app_id().uuid()))
}

/// Removes a file.
#[utoipa::path(
    delete, path = "/api/v1/admin/files/{path}", tag = "files",
    params(IfMatch, InApp, ("path" = String, Path, description = "Percent-encoded, slashes too.")),
    responses((status = 204)),
)]
pub(super) async fn delete_file(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite>,
    Path(path): Path<String>,
    _: Query<InApp>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let path = checked(path)?;
    let expected = if_match.revision()?.map(Revision::parse);
    let quotas = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    let change = FileChange { path: &path, expected, quota: Quota::of(&quotas), now: state.now() };
    app.delete_file(&change).await?.ok_or_else(|| Problem::not_found("file"))?;
    state.data_plane.wake_queue();
    Ok(StatusCode::NO_CONTENT)
}

async fn uploaded(app: &store::AppStore, body: Body, most: u64) -> Result<Uploaded, Problem> {
    let too_large = || Problem::new(ProblemType::BodyTooLarge, format!("A file of this app has at most {most} bytes (file_bytes)."));
    if body.size_hint().lower() > most {
        return Err(too_large());
    }
    take(app, app.begin_upload().await?, body, most, too_large).await
}

fn answer(entry: FileEntry, app: Uuid) -> Response {
    (etag(entry.revision().as_str()), Json(FileBody::of(entry, app))).into_response()
}

/// The rules that scripts have.
fn checked(path: String) -> Result<String, Problem> {
    match check_path(&path) {
        Ok(()) => Ok(path),
        Err(rule) => Err(Problem::invalid("{path}", sentence(&rule))),
    }
}
