//! `Idempotency-Key`: a POST that is repeated under the same key is carried out once, and answered the same each time for a day
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! A layer around all handlers. The key belongs to the session or API key that sends it. It is claimed in the database before the handler
//! runs; the handler's change notes itself in the claim, in one transaction; the answer is kept afterwards, sealed under the credential of
//! the caller, so that also answers which show a secret can be given again and a copy of the database shows none. A refusal is not kept:
//! it did nothing, and the same key may be sent with a better request.
//!
//! A client that goes away does not cancel this: the binary runs each request in a task of its own.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State as Shared},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body::Body as _;
use serde::{Deserialize, Serialize};
use store::{Claim, Claimed, Digest, KeyedRequest};

use super::{
    BODY_BYTES_MAX, MANIFEST_BYTES_MAX, RequestId,
    envelope::{Finished, caught},
    extract::{Caller, credential, too_large},
    problem::{Problem, ProblemType},
};
use crate::{State, auth::seal::Credential};

/// The header of the request.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Of an answer that was given before: `true`.
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// POSTs of nobody: there is no principal whose key it could be. A log-in that is repeated makes a session more, an invitation can be
/// accepted once anyhow.
const OF_NOBODY: [&str; 2] = ["/api/v1/admin/session", "/api/v1/admin/invitations/accept"];
/// The one path with a longer body.
const MANIFEST_PATH: &str = "/api/v1/admin/deployments";
/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;
/// Longest body of an answer that is kept, in bytes. Of a longer one only what was done is known.
const ANSWER_BYTES_MAX: u64 = 512 * 1024;
/// Headers of an answer that are not given again: they are of one request, or set anew.
const NOT_KEPT: [HeaderName; 3] = [header::SET_COOKIE, header::CONTENT_LENGTH, header::DATE];

/// What is kept of an answer, before its body.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// The layer.
pub(super) async fn idempotency(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let of_nobody = OF_NOBODY.contains(&request.uri().path());
    if request.method() != Method::POST || of_nobody || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    once(&state, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn once(state: &Arc<State>, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, state).await?;
    let secret =
        credential(&parts.headers, state).map(Credential::new).ok_or_else(|| Problem::internal("a caller without a credential"))?;
    let key = key(&parts.headers)?;
    let body = read(&parts, body).await?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let fingerprint = secret.fingerprint(&[parts.method.as_str().as_bytes(), target.as_bytes(), &body]);
    let fingerprint = fingerprint.ok_or_else(|| Problem::internal("a request without a fingerprint"))?;
    let keyed = KeyedRequest { key: Digest::of(key.as_bytes()), fingerprint: Digest::from(fingerprint) };
    let claim = match state.control.claim(&caller.principal, &keyed, state.now()).await? {
        Claimed::Ours(claim) => claim,
        Claimed::Answered { attempt, answer } => {
            let opened = secret.open(attempt, answer).and_then(|answer| again(&answer));
            return opened.ok_or_else(|| Problem::internal("a kept answer can't be read"));
        }
        other => return Err(refusal(other, state)),
    };
    let request_id = parts.extensions.get::<RequestId>().cloned();
    parts.extensions.insert(Caller { principal: caller.principal.claiming(claim), ..caller });
    let response = caught(next.run(Request::from_parts(parts, Body::from(body)))).await;
    Ok(keep(state, &claim, &secret, response, request_id).await)
}

/// The key: a quoted string, as the draft has it, or the same without its quotes.
fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let text = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
        _ => "",
    };
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
        return Ok(key);
    }
    let rule = format!("One Idempotency-Key of 1 to {KEY_BYTES_MAX} visible ASCII characters without quotes in it, such as a UUID.");
    Err(Problem::invalid("Idempotency-Key", rule))
}

/// The body, which is part of what makes two requests the same. Never more than the handler would take.
async fn read(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    let most = if parts.uri.path() == MANIFEST_PATH { MANIFEST_BYTES_MAX } else { BODY_BYTES_MAX };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    axum::body::to_bytes(body, most).await.map_err(|error| {
        use std::error::Error as _;
        match error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>()) {
            true => too_large(),
            false => Problem::new(ProblemType::MalformedJson, "The body could not be read to its end."),
        }
    })
}

fn refusal(claimed: Claimed, state: &State) -> Problem {
    match claimed {
        Claimed::InFlight => {
            let detail = "A request with this Idempotency-Key is under way. Send it again in a moment for its answer.";
            Problem::new(ProblemType::IdempotencyInFlight, detail).with_retry_after(1)
        }
        Claimed::OtherRequest => {
            let detail = "This Idempotency-Key came with another path or body before. Use a new key for a new request.";
            Problem::new(ProblemType::IdempotencyOtherRequest, detail)
        }
        Claimed::Done { action, target } => {
            let what = target.as_deref().map_or_else(String::new, |target| format!(" ({target})"));
            let detail = format!("This request was carried out: {action}{what}. Its answer is not kept: read the thing itself.");
            let problem = Problem::new(ProblemType::IdempotencyAnswerGone, detail);
            match target.and_then(|target| target.parse().ok()) {
                Some(id) => problem.with_other(id),
                None => problem,
            }
        }
        Claimed::TooMany { until } => {
            let detail = format!("You have used {} Idempotency-Keys within a day; no more are kept.", store::CLAIMS_PER_ADMIN_MAX);
            Problem::new(ProblemType::Throttled, detail).with_retry_after(until.duration_since(state.now()).as_secs() + 1)
        }
        Claimed::Ours(_) | Claimed::Answered { .. } => Problem::internal("a claim that is no refusal"),
    }
}

/// Keeps an answer for the next time; a refusal frees the key. What can't be written down now does not fail the request: it was carried out.
async fn keep(state: &State, claim: &Claim, secret: &Credential, response: Response, id: Option<RequestId>) -> Response {
    let response = match (response.extensions().get::<Problem>(), id) {
        // What a script answers by failing is an answer: it ran. Unless it is to be tried again.
        (Some(problem), Some(id)) if problem.execution().is_some() && ended(problem.kind()) => {
            let mut rendered = problem.clone().render(&id.0);
            rendered.extensions_mut().insert(Finished);
            rendered
        }
        (Some(_), _) => return refused(state, claim, response).await,
        (None, _) => response,
    };
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && response.extensions().get::<Finished>().is_none() {
        return refused(state, claim, response).await;
    }
    let (parts, body) = response.into_parts();
    let (body, kept) = match body.size_hint().exact() {
        Some(length) if length <= ANSWER_BYTES_MAX => {
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            let kept = written(status, &parts.headers, &bytes).and_then(|answer| secret.seal(claim.attempt(), answer));
            (Body::from(bytes), kept)
        }
        _ => (body, None),
    };
    if let Err(error) = state.control.keep_answer(claim, kept.as_deref()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "an answer was not kept for its Idempotency-Key");
    }
    Response::from_parts(parts, body)
}

/// Whether a script that failed so has come to its end.
fn ended(kind: ProblemType) -> bool {
    use ProblemType::{ExecutionDeadline, ExecutionError, ExecutionLimit, ExecutionQuota};
    matches!(kind, ExecutionError | ExecutionDeadline | ExecutionLimit | ExecutionQuota)
}

async fn refused(state: &State, claim: &Claim, response: Response) -> Response {
    if let Err(error) = state.control.release(claim).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "an Idempotency-Key was not released; it will be in some minutes");
    }
    response
}

fn written(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    let headers = headers.iter().filter(|(name, _)| !NOT_KEPT.contains(name));
    let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect();
    let mut text = serde_json::to_vec(&Head { status: status.as_u16(), headers }).ok()?;
    text.push(b'\n');
    text.extend_from_slice(body);
    Some(text)
}

/// An answer as it was written.
fn again(answer: &[u8]) -> Option<Response> {
    let at = answer.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&answer[..at]).ok()?;
    let mut response = Response::new(Body::from(answer[at + 1..].to_vec()));
    *response.status_mut() = StatusCode::from_u16(head.status).ok()?;
    for (name, value) in head.headers {
        response.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?);
    }
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response.extensions_mut().insert(Finished);
    Some(response)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn sent(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (IDEMPOTENCY_KEY, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_key_is_a_quoted_or_a_bare_text() {
        for good in ["\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", "8e03978e-40d5-43e8-bc93-6894a57f9324"] {
            assert_eq!(key(&sent(&[good])).unwrap(), "8e03978e-40d5-43e8-bc93-6894a57f9324");
        }
        for bad in [&[""][..], &["\"\""], &["a b"], &["\"a"], &["a", "a"], &["a\"b"]] {
            assert_eq!(key(&sent(bad)).unwrap_err().kind(), ProblemType::InvalidRequest, "{bad:?}");
        }
        let long = "k".repeat(KEY_BYTES_MAX + 1);
        let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_str(&long).unwrap())]);
        assert!(key(&headers).is_err());
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let headers = HeaderMap::from_iter([
            (header::ETAG, HeaderValue::from_static("\"a\"")),
            (header::SET_COOKIE, HeaderValue::from_static("not=kept")),
        ]);
        let answer = again(&written(StatusCode::CREATED, &headers, b"two\nlines").unwrap()).unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()[header::ETAG], "\"a\"");
        assert_eq!(answer.headers()[IDEMPOTENCY_REPLAYED], "true");
        assert!(!answer.headers().contains_key(header::SET_COOKIE));
        assert!(again(b"no head").is_none());
    }
}
