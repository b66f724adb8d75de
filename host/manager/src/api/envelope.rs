//! What every answer of the control plane gets, in one place: the request's id, problems instead of bare failures (the
//! router's own 404 and 405 included), a 500 instead of a panic, and the headers that browsers need.

use std::panic::AssertUnwindSafe;

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use uuid::Uuid;

use super::{
    extract::etag,
    problem::{Problem, ProblemType},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The id of the request being served; an extension of every request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Marks an answer that is complete though its status is a failure: by a script, or of `/readyz`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished;

/// The outermost layer.
pub(super) async fn envelope(mut request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers());
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let known: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();

    let mut response = caught(next.run(request)).await;
    if let Some(problem) = problem_of(&mut response) {
        if let Some(cause) = problem.cause() {
            tracing::error!(%method, path, request_id, cause, "{}", problem.kind().title());
        }
        let allow = response.headers().get(header::ALLOW).cloned();
        response = problem.render(&request_id);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if method.is_safe() {
        // Of a HEAD there is no text any more.
        if method == Method::GET {
            response = tagged(response).await;
        }
        if response.headers().get(header::ETAG).is_some_and(|tag| is_known(&known, tag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }
    dress(response.headers_mut(), &request_id);
    response
}

/// A JSON document that was asked for always has a tag: of its text, unless it has one of what it shows.
async fn tagged(response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if response.status() != StatusCode::OK || !is_json || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It is in memory already: a stream has another type.
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let digest = store::Digest::of(&bytes).to_string();
    if let Some((name, value)) = digest.get(..32).and_then(|revision| etag(revision).into_iter().next()) {
        parts.headers.insert(name, value);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// `If-None-Match`, by weak comparison (RFC 9110, 13.1.2).
fn is_known(known: &[HeaderValue], present: &HeaderValue) -> bool {
    let tags = known.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',')).map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == "*" || tag.as_bytes() == present.as_bytes())
}

/// What answers a request, or a 500 if it panics.
pub(super) async fn caught(answer: impl Future<Output = Response>) -> Response {
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(response) => response,
        // The panic itself was printed by the process's hook.
        Err(_) => Problem::internal("a handler panicked").into_response(),
    }
}

fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let status = response.status();
    if response.extensions().get::<Finished>().is_some() || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let kind = ProblemType::of_status(status);
    Some(match kind {
        ProblemType::NotFound => Problem::new(kind, "There is nothing at this path. GET /openapi.json lists what there is."),
        ProblemType::MethodNotAllowed => Problem::new(kind, "The header Allow lists the methods of this path."),
        ProblemType::Internal => Problem::internal(format!("an answer {status} without a problem")),
        _ => Problem::new(kind, kind.title()),
    })
}

/// The caller's id if it is well formed, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let well_formed = |id: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(well_formed) {
        Some(id) => id.to_owned(),
        None => Uuid::now_v7().to_string(),
    }
}

fn dress(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

    use axum::{Router, middleware::from_fn, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn defect() -> &'static str {
        panic!("a defect")
    }

    #[tokio::test]
    async fn s_2_16_a_panic_is_a_500_for_that_request_only() {
        let router = Router::new().route("/", get(defect)).route("/fine", get(async || "fine")).layer(from_fn(envelope));
        let ask = |path: &str| router.clone().oneshot(Request::builder().uri(path).body(Body::empty()).unwrap());
        let failed = ask("/").await.unwrap();
        assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(failed.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(ask("/fine").await.unwrap().status(), StatusCode::OK);
    }
}
