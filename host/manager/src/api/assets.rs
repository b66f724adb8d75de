//! `/api/v1/admin/assets`: the files of an app's deployments. Bytes are uploaded by their digest, and a deployment (`POST /deployments`) says which paths
//! lead to them.

use std::{collections::BTreeSet, sync::Arc};

use axum::{body::Body, extract::State as Shared};
use execution::{assets::content_type, files::check_prefix};
use futures_util::StreamExt as _;
use http_body::Body as _;
use serde::{Deserialize, Serialize};
use store::{AppStore, AssetEntry, Digest, Upload, Uploaded};
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Authorized, Caller, Json, Path, Query, action, app_ref},
    listing::{Listing, limit},
    members::InApp,
    problem::{Problem, ProblemType, sentence},
};
use crate::State;

/// Most digests of one question.
const ASKED_MAX: usize = 10_000;

/// Which bytes are asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssetDigests {
    /// Slug or id of the app.
    app: String,
    /// SHA-256 of each, in hexadecimal; at most 10,000.
    #[schema(example = json!(["b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"]))]
    digests: Vec<String>,
}

/// What has to be uploaded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MissingAssets {
    /// Those whose bytes the app does not have, each once, in the order in which they were asked for.
    #[schema(example = json!(["b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"]))]
    missing: Vec<String>,
}

/// Bytes that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoredAsset {
    /// SHA-256, in hexadecimal.
    #[schema(example = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")]
    digest: String,
    /// Bytes.
    size: u64,
}

/// An asset of a deployment, without its bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssetBody {
    /// The path of the URL that it answers, decoded.
    #[schema(example = "/index.html")]
    path: String,
    /// SHA-256 of the bytes, in hexadecimal.
    #[schema(example = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")]
    digest: String,
    /// Bytes.
    size: i64,
    /// What browsers are told it is; by its extension.
    #[schema(example = "text/html; charset=utf-8")]
    content_type: &'static str,
}

/// Which assets are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AssetQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    pub _app: Option<String>,
    /// Number of a deployment; the active one if absent.
    deployment: Option<u32>,
    /// Only assets whose paths begin with it.
    prefix: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl From<AssetEntry> for AssetBody {
    fn from(entry: AssetEntry) -> Self {
        let AssetEntry { path, digest, size } = entry;
        Self { content_type: content_type(&path), path, digest: digest.to_string(), size }
    }
}

/// Lists the assets of a deployment, in the order of the bytes of their paths.
#[utoipa::path(
    get, path = "/api/v1/admin/assets", tag = "assets",
    params(AssetQuery),
    responses((status = 200, body = Listing<AssetBody>)),
)]
pub(super) async fn list_assets(
    app: Authorized<action::AssetRead>,
    Query(query): Query<AssetQuery>,
) -> Result<Json<Listing<AssetBody>>, Problem> {
    let limit = limit(query.limit)?;
    let (prefix, after) = (query.prefix.unwrap_or_default(), query.cursor);
    let refused = |at: &'static str| move |rule: String| Problem::invalid(at, sentence(&rule));
    check_prefix("a prefix", &prefix).map_err(refused("?prefix"))?;
    check_prefix("a cursor", after.as_deref().unwrap_or_default()).map_err(refused("?cursor"))?;
    let set = match query.deployment {
        Some(number) => app.deployment_numbered(number).await?.ok_or_else(|| Problem::not_found("deployment"))?.asset_set,
        None => app.active_asset_set().await?,
    };
    let Some(set) = set else { return Ok(Json(Listing { items: Vec::new(), next_cursor: None })) };
    let page = app.assets(set, &prefix, after.as_deref(), limit).await?;
    Ok(Json(Listing { items: page.entries.into_iter().map(AssetBody::from).collect(), next_cursor: page.next }))
}

/// Tells which bytes have to be uploaded before a deployment can name them. What is there and no deployment needs is kept for a day (a quarter of it, if
/// it is more than 256 MiB).
#[utoipa::path(
    post, path = "/api/v1/admin/assets/missing", tag = "assets",
    request_body = AssetDigests,
    responses((status = 200, body = MissingAssets)),
)]
pub(super) async fn missing_assets(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<AssetDigests>,
) -> Result<Json<MissingAssets>, Problem> {
    let app = caller.authorize::<action::AssetRead>(&state, &app_ref(&body.app)).await?;
    if body.digests.len() > ASKED_MAX {
        return Err(Problem::invalid("/digests", format!("Ask for at most {ASKED_MAX} at a time.")));
    }
    let mut seen = BTreeSet::new();
    let mut digests = Vec::with_capacity(body.digests.len());
    for (at, text) in body.digests.iter().enumerate() {
        let digest = digest(text).map_err(|rule| Problem::invalid(&format!("/digests/{at}"), rule))?;
        digests.extend(seen.insert(digest).then_some(digest));
    }
    let missing = app.missing_assets(&digests).await?;
    Ok(Json(MissingAssets { missing: missing.iter().map(Digest::to_string).collect() }))
}

/// Uploads bytes: the body as it is, of any type. Nothing serves them before a deployment names them. At most `asset_bytes` of the app's limits.
#[utoipa::path(
    put, path = "/api/v1/admin/assets/{digest}", tag = "assets",
    params(InApp, ("digest" = String, Path, description = "SHA-256 of the bytes, in hexadecimal.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = StoredAsset)),
)]
pub(super) async fn put_asset(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::AssetWrite>,
    Path(text): Path<String>,
    _: Query<InApp>,
    body: Body,
) -> Result<Json<StoredAsset>, Problem> {
    let digest = digest(&text).map_err(|rule| Problem::invalid("{digest}", rule))?;
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    let most = limits.asset_bytes;
    let too_large = || Problem::new(ProblemType::BodyTooLarge, format!("An asset of this app has at most {most} bytes (asset_bytes)."));
    if body.size_hint().lower() > most {
        return Err(too_large());
    }
    let uploaded = take(&app, app.begin_asset().await?, body, most, too_large).await?;
    if uploaded.digest() != digest {
        return Err(Problem::invalid("{digest}", format!("These bytes have another digest: {}.", uploaded.digest())));
    }
    let size = app.put_asset(uploaded, limits.assets_bytes, state.now()).await?;
    Ok(Json(StoredAsset { digest: digest.to_string(), size }))
}

/// Takes a body to the disk while it comes: it is never in memory as a whole.
pub(super) async fn take(
    app: &AppStore,
    mut upload: Upload,
    body: Body,
    most: u64,
    too_large: impl Fn() -> Problem,
) -> Result<Uploaded, Problem> {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::new(ProblemType::MalformedJson, "The body could not be read to its end."))?;
        if upload.size() + piece.len() as u64 > most {
            return Err(too_large());
        }
        upload = app.upload(upload, piece).await?;
    }
    Ok(app.end_upload(upload).await?)
}

fn digest(text: &str) -> Result<Digest, &'static str> {
    text.parse().map_err(|_| "A digest is 64 hexadecimal digits: the SHA-256 of the bytes.")
}
