//! What a visitor sees when there is no answer: one closed list, from refusal or failure to status and title (DESIGN section 4).
//!
//! Bodies are RFC 9457 problems. Nothing of the script, its message or the host's internals is in them: the developer finds those in
//! the execution's row.

use std::time::Duration;

use bytes::Bytes;
use execution::{AppLimits, FailureKind};
use http::{HeaderValue, Response, StatusCode, header};
use uuid::Uuid;

use crate::{body::Body, host_name::HostError, response::EXECUTION_ID};

/// What an operator does takes longer than what a busy app does.
const ASSET_RETRY_SECONDS: u64 = 30;

/// A limit of the app that stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Its name, as in the table of limits.
    pub limit: &'static str,
    /// What it is for this app.
    pub value: u64,
}

/// Why a request ends before a script runs, or without PiCloud being able to run it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Host(HostError),
    #[error("the path has more than one reading")]
    Path,
    #[error("the connection broke while the body was read")]
    Body,
    #[error("no such route")]
    NoRoute,
    #[error("method not allowed; the route has {allow}")]
    Method { allow: String },
    #[error("the body took too long")]
    BodyTimeout,
    #[error("the body is larger than the app's limit")]
    BodyTooLarge,
    #[error("the URL is longer than 16 KiB")]
    UrlTooLong,
    #[error("no app answers at this host")]
    UnknownHost,
    #[error("the header fields are larger than 32 KiB, or more than 64")]
    HeadersTooLarge,
    #[error("the app runs as many executions as it may: {}", .0.value)]
    AppBusy(Reached),
    #[error("too many requests: {} is {}", reached.limit, reached.value)]
    TooOften { reached: Reached, wait: Duration },
    #[error("the instance has no sandbox free")]
    InstanceBusy,
    /// The script of the route did not compile when the app was loaded.
    #[error("the script could not be loaded")]
    NotLoaded,
    /// The request comes from a script that was called by a script, and so on, too often.
    #[error("the app calls itself without end")]
    Loop,
    /// Its bytes are gone, damaged, or on a disk that fails.
    #[error("the asset could not be read")]
    Asset,
    #[error("the token is not valid for this topic, or no longer")]
    TopicToken,
    #[error("the messages of the topic can't be read")]
    Topics,
    #[error("the preview is private")]
    PreviewPrivate,
    #[error("the link to the preview is not valid, or no longer")]
    PreviewLink,
    #[error("the app has no such deployment, or no longer")]
    PreviewGone,
    #[error("the deployment is not loaded yet")]
    PreviewLoading,
    #[error("the operating system gave no random numbers")]
    NoEntropy,
}

impl Refusal {
    /// The app has no place free.
    pub(crate) fn app_busy(limits: &AppLimits) -> Self {
        Self::AppBusy(Reached { limit: "concurrency", value: limits.concurrency })
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Host(_) | Self::Path | Self::Body => StatusCode::BAD_REQUEST,
            Self::NoRoute | Self::PreviewGone => StatusCode::NOT_FOUND,
            Self::PreviewPrivate | Self::PreviewLink => StatusCode::FORBIDDEN,
            Self::TopicToken => StatusCode::UNAUTHORIZED,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UrlTooLong => StatusCode::URI_TOO_LONG,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::AppBusy(_) | Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::InstanceBusy | Self::PreviewLoading | Self::Asset | Self::Topics => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotLoaded => StatusCode::BAD_GATEWAY,
            Self::Loop => StatusCode::LOOP_DETECTED,
            Self::NoEntropy => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The last part of the problem's `type`; `refusals.rs` counts by it.
    pub(crate) fn slug(&self) -> &'static str {
        match self {
            Self::Host(_) => "request.host",
            Self::Body => "request.malformed",
            Self::Path => "request.path",
            Self::NoRoute | Self::PreviewGone => "not_found",
            Self::PreviewPrivate => "preview.private",
            Self::PreviewLink => "preview.link",
            Self::Method { .. } => "method_not_allowed",
            Self::BodyTimeout => "request.timeout",
            Self::BodyTooLarge => "request.too_large",
            Self::UrlTooLong => "request.url_too_long",
            Self::UnknownHost => "host.unknown",
            Self::HeadersTooLarge => "request.headers_too_large",
            Self::AppBusy(_) => "app.busy",
            Self::TooOften { .. } => "rate.limited",
            Self::TopicToken => "topic.token",
            Self::InstanceBusy | Self::PreviewLoading | Self::Asset | Self::Topics => "unavailable",
            Self::NotLoaded => "execution.error",
            Self::Loop => "execution.loop",
            Self::NoEntropy => "internal",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Host(_) => "The Host header is missing, repeated, or not a host name",
            Self::Body => "The body of the request could not be read",
            Self::Path => "The path is not valid",
            Self::NoRoute => "There is nothing at this address",
            Self::Method { .. } => "The address does not accept this method",
            Self::BodyTimeout => "The body of the request took too long",
            Self::BodyTooLarge => "The body of the request is too large",
            Self::UrlTooLong => "The address is too long",
            Self::UnknownHost => "No app answers at this host",
            Self::HeadersTooLarge => "The header fields of the request are too large",
            Self::AppBusy(_) => "The app is busy",
            Self::TooOften { .. } => "Too many requests",
            Self::InstanceBusy => "The server is busy",
            Self::NotLoaded => "The app failed to answer",
            Self::Loop => "The app calls itself without end",
            Self::Asset => "The file can't be sent just now",
            Self::TopicToken => "The token is missing, expired, or for another topic: the app makes another one",
            Self::Topics => "The messages can't be read just now",
            Self::PreviewPrivate => {
                "This preview is private: open it by a link that POST /api/v1/admin/deployments/{id}/preview on the instance's host answers"
            }
            Self::PreviewLink => {
                "This link is not valid or has expired: POST /api/v1/admin/deployments/{id}/preview on the instance's host answers a new one"
            }
            Self::PreviewGone => "The app has no such deployment, or no longer",
            Self::PreviewLoading => "The deployment is being loaded",
            Self::NoEntropy => "The server failed",
        }
    }

    /// After these the rest of the request is not read, so the connection can't carry another one.
    fn closes(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Body | Self::BodyTimeout | Self::BodyTooLarge | Self::UrlTooLong | Self::HeadersTooLarge)
    }

    /// The limit of the app that the visitor met, if it is one.
    fn reached(&self) -> Option<Reached> {
        match self {
            Self::AppBusy(reached) | Self::TooOften { reached, .. } => Some(*reached),
            _ => None,
        }
    }

    /// Whole seconds after which it is worth another try.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::AppBusy(_) | Self::InstanceBusy | Self::PreviewLoading | Self::Topics => Some(1),
            Self::Asset => Some(ASSET_RETRY_SECONDS),
            Self::TooOften { wait, .. } => Some(u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)),
            _ => None,
        }
    }

    /// The answer. `id` names the request once its app is known.
    pub(crate) fn into_response(self, id: Option<Uuid>) -> Response<Body> {
        let mut response = problem(self.status(), self.slug(), self.title(), id, self.reached());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.closes() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Self::Method { allow } = self
            && let Ok(allow) = HeaderValue::try_from(allow)
        {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

/// The status that a failed execution has for its visitor.
#[must_use]
pub fn status_of(kind: FailureKind) -> StatusCode {
    match kind {
        FailureKind::Error | FailureKind::InvalidResponse => StatusCode::BAD_GATEWAY,
        FailureKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
        FailureKind::Fuel | FailureKind::Memory | FailureKind::HostCalls | FailureKind::Quota => StatusCode::INSUFFICIENT_STORAGE,
        FailureKind::Conflict | FailureKind::StateUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        FailureKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to the visitor of a failed execution.
pub(crate) fn failure_response(kind: FailureKind, id: Uuid) -> Response<Body> {
    let (slug, title) = match kind {
        FailureKind::Error | FailureKind::InvalidResponse => ("execution.error", "The app failed to answer"),
        FailureKind::Deadline => ("execution.deadline", "The app took too long to answer"),
        FailureKind::Fuel | FailureKind::Memory | FailureKind::HostCalls => ("execution.limit", "The app used more than it may"),
        FailureKind::Quota => ("execution.quota", "The app stores as much as it may"),
        FailureKind::Conflict => ("execution.conflict", "Too many requests at once changed the same thing"),
        FailureKind::StateUnavailable => ("execution.unavailable", "The app can't store anything just now"),
        FailureKind::Internal => ("internal", "The server failed"),
    };
    let mut response = problem(status_of(kind), slug, title, Some(id), None);
    if matches!(kind, FailureKind::Conflict | FailureKind::StateUnavailable) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn problem(status: StatusCode, slug: &str, title: &str, id: Option<Uuid>, reached: Option<Reached>) -> Response<Body> {
    // All parts are plain text of ours: nothing needs escaping.
    let id_field = id.map_or_else(String::new, |id| format!(",\"execution_id\":\"{id}\""));
    let limit = reached.map_or_else(String::new, |Reached { limit, value }| format!(",\"limit\":\"{limit}\",\"limit_value\":{value}"));
    let text = format!("{{\"type\":\"/problems/{slug}\",\"title\":\"{title}\",\"status\":{}{limit}{id_field}}}", status.as_u16());
    let mut response = Response::new(Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(id) = id.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
        response.headers_mut().insert(EXECUTION_ID, id);
    }
    response
}
