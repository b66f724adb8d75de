//! Every answer that is not a success: RFC 9457 problems of one closed list. Status codes of failures are named here only.
//!
//! A handler returns a [`Problem`]; `envelope` writes it out, since only there the request's id is known. What goes
//! to the caller (`detail`) and what goes to the log (`cause`) are apart.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! problem_types {
    ($( $(#[doc = $doc:literal])* $variant:ident = $slug:literal, $status:ident, $title:literal; )*) => {
        /// The closed list of problems. The member `type` of an answer is `/problems/<slug>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemType { $( $(#[doc = $doc])* $variant, )* }

        impl ProblemType {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[ $( Self::$variant, )* ];

            /// The last part of the type's URI reference.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $( Self::$variant => $slug, )* }
            }

            /// The status it is sent with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $( Self::$variant => StatusCode::$status, )* }
            }

            /// When it is sent, for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),*).trim_ascii(), )* }
            }

            /// The same short sentence each time.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )* }
            }
        }
    };
}

problem_types! {
    /// The body is not JSON.
    MalformedJson = "request.malformed", BAD_REQUEST, "The request is not well-formed";
    /// A field is unknown, missing, of the wrong type or out of range; `errors` names it.
    InvalidRequest = "request.invalid", BAD_REQUEST, "A field of the request is not valid";
    /// No credential, or one that is not (or no longer) good.
    Unauthenticated = "auth.required", UNAUTHORIZED, "Authentication is required";
    /// Log-in with a user name and password that do not belong together.
    LoginFailed = "auth.login_failed", UNAUTHORIZED, "The user name or the password is wrong";
    /// The role or the key lacks a scope; `missing_scope` names it.
    MissingScope = "auth.missing_scope", FORBIDDEN, "A scope is missing";
    /// A request with a cookie that does not come from the dashboard's own pages.
    CrossSite = "auth.cross_site", FORBIDDEN, "The request does not come from this site";
    /// Something that only a person who logged in may do.
    SessionOnly = "auth.session_only", FORBIDDEN, "This takes a session";
    /// Something that only an API key may do.
    KeyOnly = "auth.key_only", FORBIDDEN, "This takes an API key";
    /// An API key from an address outside of the networks that it is bound to.
    KeyElsewhere = "auth.key_elsewhere", FORBIDDEN, "The key is not good from here";
    /// Something about an owner of the instance, by somebody who is none.
    OwnerOnly = "auth.owner_only", FORBIDDEN, "This takes an owner";
    /// No such thing, or none that the caller may see.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// The path exists, with other methods (`Allow`).
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// Another thing has this name; `other_id` is its id.
    NameTaken = "name.taken", CONFLICT, "The name is taken";
    /// Another route answers the same requests; `other_id` is its id.
    RouteConflict = "route.conflict", CONFLICT, "Another route answers the same requests";
    /// The domain is claimed but not proved.
    DomainPending = "domain.pending", CONFLICT, "The domain is not proved yet";
    /// Something else still needs it.
    InUse = "in_use", CONFLICT, "It is still in use";
    /// There are as many of it as there may be.
    LimitReached = "limit.reached", CONFLICT, "There are as many as there may be";
    /// `If-Match` names another version than the present one.
    PreconditionFailed = "precondition.failed", PRECONDITION_FAILED, "It was changed in the meantime";
    /// Another request with this `Idempotency-Key` is under way; `Retry-After` says when to ask again.
    IdempotencyInFlight = "idempotency.in_flight", CONFLICT, "The same request is under way";
    /// The request of this `Idempotency-Key` was carried out, and its answer is not kept; `other_id` is what it made or changed.
    IdempotencyAnswerGone = "idempotency.answer_gone", CONFLICT, "It was done already";
    /// This `Idempotency-Key` came with another request before.
    IdempotencyOtherRequest = "idempotency.other_request", UNPROCESSABLE_ENTITY, "The key belongs to another request";
    /// What the execution was told is not there any more; the detail says what.
    NotReplayable = "execution.not_replayable", CONFLICT, "The execution can't be run again";
    /// The body is longer than this API takes.
    BodyTooLarge = "request.too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body is not declared as JSON.
    MediaType = "request.media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// The source does not parse; `errors` has line, column and the line with a caret.
    ScriptInvalid = "script.invalid", UNPROCESSABLE_ENTITY, "The script does not parse";
    /// An import names no module of the app, or modules import each other; `errors` has the place.
    ScriptImport = "script.import", UNPROCESSABLE_ENTITY, "An import does not resolve";
    /// The source or its parsed form exceeds the limit.
    ScriptTooLarge = "script.too_large", UNPROCESSABLE_ENTITY, "The script is too large";
    /// A deployment names an asset that was not uploaded, or a route one that the deployment does not have; `errors` names each.
    AssetMissing = "asset.missing", UNPROCESSABLE_ENTITY, "An asset is not there";
    /// Too many attempts; `Retry-After` says when.
    Throttled = "rate.limited", TOO_MANY_REQUESTS, "Too many requests";
    /// The app runs as many executions as it may; `Retry-After` says when.
    AppBusy = "app.busy", TOO_MANY_REQUESTS, "The app is at its limit of executions";
    /// The script's execution failed; `execution_id` names it.
    ExecutionError = "execution.error", BAD_GATEWAY, "The script failed";
    /// The execution took longer than it may.
    ExecutionDeadline = "execution.deadline", GATEWAY_TIMEOUT, "The script took too long";
    /// The execution used up its fuel, memory or host calls.
    ExecutionLimit = "execution.limit", INSUFFICIENT_STORAGE, "The script hit a limit";
    /// The app would keep more than it may; nothing was written.
    ExecutionQuota = "execution.quota", INSUFFICIENT_STORAGE, "The app stores as much as it may";
    /// Others changed what the script had read, each time it was tried; `Retry-After` says when to come back.
    ExecutionConflict = "execution.conflict", SERVICE_UNAVAILABLE, "Too many executions at once changed the same thing";
    /// What the script wrote can't be kept just now; nothing of it was. `Retry-After` says when to come back.
    ExecutionUnavailable = "execution.unavailable", SERVICE_UNAVAILABLE, "The app can't store anything right now";
    /// A defect of PiCloud; the log has the cause under the request's id.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong in PiCloud";
    /// The database or the sandbox is away; `Retry-After` says when to come back.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "PiCloud can't do this right now";
}

impl ProblemType {
    /// For an answer that the router or a library made without a body of ours.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::MediaType,
            other if other.is_client_error() => Self::InvalidRequest,
            _ => Self::Internal,
        }
    }
}

/// One failure on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemType,
    /// Boxed: a `Result` that holds a problem must not be large on the way of success.
    parts: Box<Parts>,
}

#[derive(Debug, Clone)]
struct Parts {
    detail: String,
    errors: Vec<FieldError>,
    missing_scope: Option<&'static str>,
    other_id: Option<Uuid>,
    execution_id: Option<Uuid>,
    /// For the host's log only.
    cause: Option<String>,
    headers: HeaderMap,
}

/// What is wrong with one part of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body; `?name` for a query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// One sentence: what is wrong and what would be right.
    pub message: String,
    /// 1-based line of a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based column of a source, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// That line of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_line: Option<String>,
    /// Text that, under `source_line`, points at the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caret: Option<String>,
}

/// The body of every failure (`application/problem+json`, RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `/problems/<slug>` of a closed list.
    #[serde(rename = "type")]
    #[schema(example = "/problems/request.invalid")]
    pub kind: String,
    /// The same short sentence for each type.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What happened this time, and what to do.
    pub detail: String,
    /// Names the request in the instance's log; also in the header `X-Request-Id`.
    pub request_id: String,
    /// The parts of the request that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The scope that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_scope: Option<String>,
    /// The thing that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_id: Option<Uuid>,
    /// The execution that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<Uuid>,
}

impl Problem {
    /// A problem with its sentence for the caller.
    #[must_use]
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        let parts = Parts {
            detail: detail.into(),
            errors: Vec::new(),
            missing_scope: None,
            other_id: None,
            execution_id: None,
            cause: None,
            headers: HeaderMap::new(),
        };
        Self { kind, parts: Box::new(parts) }
    }

    /// 404. Deliberately the same whether a thing does not exist or may not be seen.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemType::NotFound, format!("There is no {what} of this name or id that you may see."))
    }

    /// 400 about one field of the body (`/path`) or the query (`?name`).
    #[must_use]
    pub fn invalid(pointer: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = FieldError { pointer: Some(pointer.to_owned()), message: message.clone(), ..FieldError::default() };
        Self::new(ProblemType::InvalidRequest, format!("{pointer}: {message}")).with_error(error)
    }

    /// 422 about an asset that a field names.
    fn missing_asset(pointer: &str, message: String) -> Self {
        let error = FieldError { pointer: Some(pointer.to_owned()), message: message.clone(), ..FieldError::default() };
        Self::new(ProblemType::AssetMissing, message).with_error(error)
    }

    /// 500. The caller learns no more than the request's id.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(ProblemType::Internal, "The instance's log has the cause under this request's id.");
        problem.parts.cause = Some(cause.to_string());
        problem
    }

    /// 503, to be tried again soon.
    #[must_use]
    pub fn unavailable(detail: &str, cause: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(ProblemType::Unavailable, detail).with_retry_after(2);
        problem.parts.cause = Some(cause.to_string());
        problem
    }

    /// Adds one wrong part.
    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.parts.errors.push(error);
        self
    }

    /// The same problem with these wrong parts and no others.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.parts.errors = errors;
        self
    }

    /// Names the scope that would be needed.
    #[must_use]
    pub fn with_missing_scope(mut self, scope: &'static str) -> Self {
        self.parts.missing_scope = Some(scope);
        self
    }

    /// Names what is in the way.
    #[must_use]
    pub fn with_other(mut self, id: Uuid) -> Self {
        self.parts.other_id = Some(id);
        self
    }

    /// Names the execution.
    #[must_use]
    pub fn with_execution(mut self, id: Uuid) -> Self {
        self.parts.execution_id = Some(id);
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn with_retry_after(self, seconds: i64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts.headers.insert(name, value);
        self
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> ProblemType {
        self.kind
    }

    /// The execution that failed, if it is about one.
    pub(super) fn execution(&self) -> Option<Uuid> {
        self.parts.execution_id
    }

    /// What only the host's log may say.
    pub(super) fn cause(&self) -> Option<&str> {
        self.parts.cause.as_deref()
    }

    /// The finished answer. Called by the envelope.
    pub(super) fn render(self, request_id: &str) -> Response {
        let Self { kind, parts } = self;
        let status = kind.status();
        let body = ProblemBody {
            kind: format!("/problems/{}", kind.slug()),
            title: kind.title().to_owned(),
            status: status.as_u16(),
            detail: parts.detail,
            request_id: request_id.to_owned(),
            errors: parts.errors,
            missing_scope: parts.missing_scope.map(str::to_owned),
            other_id: parts.other_id,
            execution_id: parts.execution_id,
        };
        let mut response = (status, axum::Json(body)).into_response();
        response.headers_mut().extend(parts.headers);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"picloud\""));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// An empty answer that carries the problem: the envelope replaces it by the rendered one.
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::Error> for Problem {
    /// What the database refused, where the handler has nothing better to say. Exhaustive on purpose.
    fn from(error: store::Error) -> Self {
        let text = sentence(&error.to_string());
        match &error {
            store::Error::Unavailable { source, .. } => {
                Self::unavailable("The database can't be reached. Try again in a moment.", format!("{error}: {source}"))
            }
            store::Error::Database { source, .. } => Self::internal(format!("{error}: {source}")),
            store::Error::Duplicate { .. } => Self::new(ProblemType::NameTaken, text),
            store::Error::SlugKept { .. } => Self::new(ProblemType::NameTaken, text).with_error(FieldError {
                pointer: Some("/slug".to_owned()),
                message: sentence(&error.to_string()),
                ..FieldError::default()
            }),
            store::Error::RouteConflict { other, .. } => Self::new(ProblemType::RouteConflict, text).with_other(other.uuid()),
            store::Error::OverQuota { .. } | store::Error::OverFileQuota { .. } | store::Error::OverAssetQuota { .. } => {
                Self::new(ProblemType::ExecutionQuota, text)
            }
            store::Error::AssetNotUploaded { path, .. } => Self::missing_asset(&pointer_to_asset(path), text),
            store::Error::NoSuchAsset { field, .. } => Self::missing_asset(&format!("/static/{field}"), text),
            store::Error::Missing { what, .. } => Self::not_found(&what.to_string()),
            store::Error::Changed { .. } | store::Error::ActiveMoved { .. } => Self::new(ProblemType::PreconditionFailed, text),
            store::Error::ClaimLost => Self::new(ProblemType::IdempotencyInFlight, text).with_retry_after(1),
            store::Error::NotAnEndpoint { .. } => Self::invalid("/script", text),
            store::Error::LastOwner | store::Error::AlreadyActive { .. } => Self::new(ProblemType::InUse, text),
            store::Error::LimitReached { .. } => Self::new(ProblemType::LimitReached, text),
            store::Error::OwnerOnly => Self::new(ProblemType::OwnerOnly, text),
            store::Error::NoFiles | store::Error::Files { .. } => {
                Self::unavailable("Files can't be written or read here. The operator of the instance sees why.", causes(&error))
            }
            store::Error::NoVault | store::Error::Sealing(_) => {
                Self::unavailable("Secrets can't be sealed or opened here. The operator of the instance sees why.", error)
            }
            store::Error::NewerSchema { .. } | store::Error::Migration { .. } | store::Error::Url { .. } => Self::internal(error),
        }
    }
}

/// The place of an asset in a manifest.
pub(super) fn pointer_to_asset(path: &str) -> String {
    format!("/assets/{}", path.replace('~', "~0").replace('/', "~1"))
}

/// An error with what is behind it, for the log.
fn causes(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// An error's text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| format!("{}{}.", first.to_uppercase(), characters.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique_and_statuses_are_failures() {
        for (at, kind) in ProblemType::ALL.iter().enumerate() {
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
            assert!(ProblemType::ALL[at + 1..].iter().all(|other| other.slug() != kind.slug()), "{kind:?}");
        }
    }
}
