//! Step 6 of a static route: an asset of the deployment instead of an execution.
//!
//! What answers is found in memory ([`look_up()`]), by a key; the bytes are read from the directory of assets, a large asset in pieces while they leave
//! (`stream.rs`). It takes a place of the app like any request, and neither a sandbox nor a row. A body that still leaves holds no place, as that of a script.
//!
//! Deliberately absent: paths on a file system, a cache (the kernel has one), and compression (the proxy in front does it).

mod conditions;
mod look_up;
mod range;
mod sets;
mod stream;

pub use look_up::{Found, Reason, look_up};
pub(crate) use sets::Sets;
pub(crate) use stream::AssetBody;

use bytes::Bytes;
use execution::assets::content_type;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use store::{Asset, StaticTerms};

use self::range::Asked;
use crate::{
    Orchestrator,
    body::Body,
    error::Refusal,
    request::Arrival,
    served::{Served, Why},
    told,
    watcher::Answered,
};

/// What is shorter is read at once.
const AT_ONCE_BYTES_MAX: u64 = 64 * 1024;
/// What a path has to be written with in `Location`.
const IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Orchestrator {
    /// An asset of the deployment: neither a body nor an execution.
    pub(crate) async fn static_response(
        &self,
        served: Served<'_>,
        terms: &StaticTerms,
        parts: &request::Parts,
        arrival: &Arrival,
    ) -> Result<Response<Body>, Refusal> {
        let _permit = self.admission.enter(&served.app.gate, &served.app.limits).await?;
        let answer = answer(served, terms, parts).await?;
        self.metrics.static_answers.add(1);
        if let Some(watcher) = &self.config.watcher {
            let (status, took) = (answer.status().as_u16(), arrival.began.elapsed());
            watcher.answered(&Answered { method: &parts.method, target: &parts.uri, status, refusal: None, took });
        }
        Ok(told(served, answer))
    }
}

/// Answers a request that a static route has taken; its method is GET or HEAD. For a HEAD the server leaves the body away.
///
/// # Errors
/// 400, 404; 503 if the bytes can't be read.
async fn answer(served: Served<'_>, terms: &StaticTerms, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
    match look_up(&served.version.assets, terms, parts.uri.path()) {
        None => Err(Refusal::Path),
        Some(Found::Nothing) => Err(Refusal::NoRoute),
        Some(Found::Directory { path }) => Ok(redirect(&path, parts.uri.query(), served.why)),
        Some(Found::Asset { path, asset, reason }) => {
            let headers = headers(&path, asset, cache_control(terms, reason, served.why));
            match reason {
                // The page says what is not there: it is no version of anything.
                Reason::NotFound => whole(served, asset, headers, StatusCode::NOT_FOUND).await,
                Reason::Exact | Reason::Index | Reason::Fallback => conditional(served, asset, headers, parts).await,
            }
        }
    }
}

async fn conditional(served: Served<'_>, asset: Asset, headers: HeaderMap, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
    let etag = conditions::etag(asset);
    if conditions::is_known(&parts.headers, &etag) {
        return Ok(empty(StatusCode::NOT_MODIFIED, headers));
    }
    // Of other methods than GET no ranges are defined.
    let asked = match parts.method == Method::GET && conditions::wants_ranges_of(&parts.headers, &etag) {
        true => range::asked(&parts.headers, asset.size),
        false => Asked::Whole,
    };
    match asked {
        Asked::Whole => whole(served, asset, headers, StatusCode::OK).await,
        Asked::Part { first, last } => part(served, asset, headers, (first, last)).await,
        Asked::Unsatisfiable => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE, headers);
            response.headers_mut().remove(header::CONTENT_TYPE);
            set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", asset.size));
            Ok(response)
        }
    }
}

async fn whole(served: Served<'_>, asset: Asset, headers: HeaderMap, status: StatusCode) -> Result<Response<Body>, Refusal> {
    Ok(with(status, headers, body(served, asset, 0, asset.size).await?))
}

async fn part(served: Served<'_>, asset: Asset, mut headers: HeaderMap, (first, last): (u64, u64)) -> Result<Response<Body>, Refusal> {
    set(&mut headers, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{}", asset.size));
    Ok(with(StatusCode::PARTIAL_CONTENT, headers, body(served, asset, first, last + 1).await?))
}

/// The bytes from `start` up to `end`. Opened before anything is answered, so that what is gone is told and not cut off.
async fn body(served: Served<'_>, asset: Asset, start: u64, end: u64) -> Result<Body, Refusal> {
    let Some(data) = &served.app.data else { return Err(Refusal::Asset) };
    let room = served.app.gate.unsent.room(&served.version.limits, &served.app.limits);
    let length = end.saturating_sub(start);
    let read = match usize::try_from(length).ok().filter(|_| length <= AT_ONCE_BYTES_MAX) {
        Some(length) => data.asset_piece(asset, start, length).await.map(|bytes| Body::Whole(bytes, room)),
        None => data.open_asset(asset).await.map(|open| Body::Asset(AssetBody::new(open, start, end, room))),
    };
    read.map_err(|error| {
        let app = served.app.id;
        tracing::error!(%app, digest = %asset.digest, error = &error as &dyn std::error::Error, "an asset can't be read: put a copy of it back, or upload it again");
        Refusal::Asset
    })
}

/// What every answer with an asset says, whatever becomes of its body.
fn headers(path: &str, asset: Asset, cache_control: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, cache_control);
    set(&mut headers, header::ETAG, &conditions::etag(asset));
    headers
}

/// Who may keep an answer, and for how long. A page that stands for others is asked for each time: the next deployment may have what was not there.
fn cache_control(terms: &StaticTerms, reason: Reason, why: Why<'_>) -> HeaderValue {
    let whose = match why {
        Why::Active => "public",
        // Not every visitor gets the same at this address, so that nobody but his browser may keep it for him.
        Why::Kept | Why::Tried(_) => "private",
        // It is shown to who has a link and to nobody else.
        Why::Preview => return HeaderValue::from_static("private, no-store"),
    };
    let text = match (reason, terms.max_age_seconds) {
        (Reason::Exact | Reason::Index, Some(seconds)) => format!("{whose}, max-age={seconds}"),
        _ => format!("{whose}, max-age=0, must-revalidate"),
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("no-store"))
}

/// To the same path with a slash at its end. It is for good as far as this deployment goes; the next one is asked again.
fn redirect(path: &str, query: Option<&str>, why: Why<'_>) -> Response<Body> {
    let mut location = format!("{}/", utf8_percent_encode(path, IN_A_PATH));
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    let mut response = empty(StatusCode::PERMANENT_REDIRECT, HeaderMap::new());
    set(response.headers_mut(), header::LOCATION, &location);
    response.headers_mut().insert(header::CACHE_CONTROL, cache_control(&StaticTerms::default(), Reason::Index, why));
    response
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, text: &str) {
    // All but a query are texts of ours; a query with bytes that no field takes leads to the path without the field.
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

fn empty(status: StatusCode, headers: HeaderMap) -> Response<Body> {
    with(status, headers, Body::from(Bytes::new()))
}

fn with(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests;
