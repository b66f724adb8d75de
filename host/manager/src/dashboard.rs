//! The dashboard's files on the instance's host: whatever is asked for with GET and no route has.
//!
//! A path that is no file is a page of the dashboard, and the one page that shows all of them is the answer, so that every page can be opened anew;
//! but only for who asks for HTML. Programs get the 404 that they expect.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State as Shared},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::State;

/// One file, as it was built.
#[derive(Debug, Clone, Copy)]
pub struct PageFile {
    /// Without a slash in front.
    pub path: &'static str,
    /// Half of the SHA-256 of `plain`, in hexadecimal.
    pub digest: &'static str,
    pub plain: &'static [u8],
    /// The same, smaller; `None`: it would not be.
    pub gzip: Option<&'static [u8]>,
    pub brotli: Option<&'static [u8]>,
}

/// The page that shows everything.
const PAGE: &str = "index.html";
/// Below it are programs' paths.
const API: &str = "/api/";
/// Files whose names change with their bytes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// All others: kept, and asked for again each time.
const ASK_AGAIN: &str = "no-cache";

impl PageFile {
    /// Whether its name changes with its bytes, so that it can be kept for ever.
    #[must_use]
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("_app/immutable/")
    }

    /// What the page may load: the policy that the build has put into it, with the digests of its inline scripts.
    #[must_use]
    pub fn policy(&self) -> Option<&'static str> {
        let (_, rest) = std::str::from_utf8(self.plain).ok()?.split_once("http-equiv=\"content-security-policy\" content=\"")?;
        rest.split_once('"').map(|(policy, _)| policy)
    }
}

/// The fallback of the router.
pub(crate) async fn files(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return empty(StatusCode::NOT_FOUND);
    }
    let path = request.uri().path();
    let file = |path: &str| state.dashboard.binary_search_by_key(&path, |file| file.path).ok().map(|index| &state.dashboard[index]);
    if let Some(file) = file(path.trim_start_matches('/')) {
        return answer(file, request.headers());
    }
    match file(PAGE) {
        Some(page) if accepts_pages(request.headers()) && !path.starts_with(API) => answer(page, request.headers()),
        _ => empty(StatusCode::NOT_FOUND),
    }
}

fn answer(file: &PageFile, asked: &HeaderMap) -> Response {
    let (bytes, encoding) = smallest(file, asked);
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type(file.path));
    // One for each encoding: they are different bytes (RFC 9110, 8.8.3).
    set(header::ETAG, &format!("\"{}{encoding}\"", file.digest));
    set(header::CACHE_CONTROL, if file.is_immutable() { FOR_EVER } else { ASK_AGAIN });
    set(header::VARY, "accept-encoding");
    if !encoding.is_empty() {
        set(header::CONTENT_ENCODING, encoding);
    }
    if file.path == PAGE {
        // What the page says of itself, and what only a header can say.
        let policy = file.policy().unwrap_or("default-src 'none'");
        set(header::CONTENT_SECURITY_POLICY, &format!("{policy}; frame-ancestors 'none'"));
    }
    response
}

/// The bytes to send, and the name of their encoding; empty: they are as they are.
fn smallest(file: &PageFile, asked: &HeaderMap) -> (&'static [u8], &'static str) {
    let accepted = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut accepted = accepted.flat_map(|list| list.split(',')).filter_map(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        (weight.trim() != "q=0").then(|| name.trim())
    });
    let (mut takes_brotli, mut takes_gzip) = (false, false);
    for name in &mut accepted {
        takes_brotli |= name.eq_ignore_ascii_case("br");
        takes_gzip |= name.eq_ignore_ascii_case("gzip");
    }
    match (file.brotli.filter(|_| takes_brotli), file.gzip.filter(|_| takes_gzip)) {
        (Some(bytes), _) => (bytes, "br"),
        (None, Some(bytes)) => (bytes, "gzip"),
        (None, None) => (file.plain, ""),
    }
}

fn accepts_pages(asked: &HeaderMap) -> bool {
    asked.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accepted| accepted.contains("text/html"))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
