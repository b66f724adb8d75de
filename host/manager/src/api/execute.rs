//! `/api/v1/execute/{id}`: a script called by its id, without a route. For programs with a key; never by cookie, and never so
//! that a browser would take the app's content for the instance's (it runs on the instance's host).

use std::{error::Error, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State as Shared},
    response::{IntoResponse, Response},
};
use execution::{Failure, FailureKind, HttpRequest, Limits};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::LengthLimitError;
use store::{AppRef, AppStore, ScriptId, ScriptKind};
use uuid::Uuid;

use super::{
    envelope::Finished,
    extract::{Caller, Client, Path, action},
    problem::{Problem, ProblemType},
};
use crate::{InvokeError, State};

/// Names the execution in the answer.
const EXECUTION_ID: HeaderName = HeaderName::from_static("picloud-execution-id");

/// Never passed to a script: the caller's own credentials, and what belongs to the connection.
const NOT_FOR_SCRIPTS: &[&str] = &[
    "authorization",
    "cookie",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Never passed to the caller.
const NOT_FROM_SCRIPTS: &[&str] = &[
    "set-cookie",
    "content-security-policy",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "upgrade",
    "trailer",
    "x-request-id",
];

/// Runs a script and answers what it answers. Its failure is a problem that names the execution.
#[utoipa::path(post, path = "/api/v1/execute/{id}", tag = "execute", params(("id" = Uuid, Path, description = "Id of an endpoint script.")),
    request_body(content = Option<String>, content_type = "*/*", description = "What the script finds in `ctx.request.body`."),
    responses((status = "default", body = String, content_type = "*/*", description = "Whatever the script answers, with its status.")))]
pub(super) async fn execute_script(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    client: Client,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Response, Problem> {
    if caller.principal.key().is_none() {
        let detail = "A script is called with an API key that has script:execute, not with a session's cookie.";
        return Err(Problem::new(ProblemType::KeyOnly, detail));
    }
    let app = caller.authorize::<action::ScriptExecute>(&state, &AppRef::Script(ScriptId::from(id))).await?;
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("script"))?.limits.execution;
    let request = read(&state, client, request, &limits).await?;
    let invoked = match state.data_plane.invoke(id, request).await {
        Ok(invoked) => invoked,
        Err(error) => return Err(nothing_ran(&app, id, error).await),
    };
    match invoked.outcome.result {
        Ok(answer) => Ok(pass_on(answer, invoked.execution_id)),
        Err(failure) => Err(failed(&failure, invoked.execution_id)),
    }
}

/// The request as the script sees it.
async fn read(state: &State, client: Client, request: Request, limits: &Limits) -> Result<HttpRequest, Problem> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body, limits.request_body_bytes).await?;
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_or_else(|_| Vec::new(), |query| query.0);
    let headers = parts.headers.iter().filter(|(name, _)| !NOT_FOR_SCRIPTS.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(HttpRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        params: Vec::new(),
        query,
        headers: headers.collect(),
        host: state.instance_hosts.first().cloned().unwrap_or_default(),
        scheme: state.scheme().to_owned(),
        client_ip: client.address.to_string(),
        body,
    })
}

/// At most `limit` bytes, refused before they are buffered.
async fn read_body(headers: &HeaderMap, body: Body, limit: u64) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(ProblemType::BodyTooLarge, format!("A request to this app has a body of at most {limit} bytes."));
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    match axum::body::to_bytes(body, usize::try_from(limit).unwrap_or(usize::MAX)).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if error.source().is_some_and(|source| source.is::<LengthLimitError>()) => Err(too_large()),
        Err(_) => Err(Problem::new(ProblemType::MalformedJson, "The body could not be read to its end.")),
    }
}

/// The script's answer, made harmless for the instance's host.
fn pass_on(answer: execution::Response, execution_id: Uuid) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(|name| !NOT_FROM_SCRIPTS.contains(&name.as_str()));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    if let Ok(id) = HeaderValue::from_str(&execution_id.to_string()) {
        headers.insert(EXECUTION_ID, id);
    }
    response.extensions_mut().insert(Finished);
    response.into_response()
}

/// What went wrong inside is in the execution's row, for those who may read it.
pub(super) fn failed(failure: &Failure, execution_id: Uuid) -> Problem {
    let kind = match failure.kind {
        FailureKind::Error | FailureKind::InvalidResponse => ProblemType::ExecutionError,
        FailureKind::Deadline => ProblemType::ExecutionDeadline,
        FailureKind::Fuel | FailureKind::Memory | FailureKind::HostCalls => ProblemType::ExecutionLimit,
        FailureKind::Quota => ProblemType::ExecutionQuota,
        FailureKind::Conflict => ProblemType::ExecutionConflict,
        FailureKind::StateUnavailable => ProblemType::ExecutionUnavailable,
        FailureKind::Internal => ProblemType::Internal,
    };
    let problem = Problem::new(kind, format!("GET /api/v1/admin/executions/{execution_id} tells why.")).with_execution(execution_id);
    match failure.kind {
        FailureKind::Conflict | FailureKind::StateUnavailable => problem.with_retry_after(1),
        _ => problem,
    }
}

fn later(kind: ProblemType, text: String, seconds: u64) -> Problem {
    Problem::new(kind, text).with_retry_after(i64::try_from(seconds).unwrap_or(i64::MAX))
}

pub(super) async fn nothing_ran(app: &AppStore, id: Uuid, error: InvokeError) -> Problem {
    let text = format!("Nothing ran: {error}.");
    match error {
        // What was just deployed is on its way to this node; what is no endpoint will never be there.
        InvokeError::NotLoaded => match app.script(ScriptId::from(id)).await {
            Ok(Some((script, _))) if script.kind == ScriptKind::Endpoint => Problem::unavailable("The script is not loaded yet.", text),
            Ok(_) => Problem::not_found("endpoint script"),
            Err(error) => error.into(),
        },
        InvokeError::AppBusy { retry_after_seconds, .. } => later(ProblemType::AppBusy, text, retry_after_seconds),
        InvokeError::TooOften { retry_after_seconds, .. } => later(ProblemType::Throttled, text, retry_after_seconds),
        InvokeError::InstanceBusy { retry_after_seconds } => later(ProblemType::Unavailable, text, retry_after_seconds),
    }
}
