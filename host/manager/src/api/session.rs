//! `/api/v1/admin/session`: logging in, who am I, logging out.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AccessFacts, Digest, InstanceRole, NewSession};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    RequestId,
    extract::{Caller, Client, Json, refuse_cross_site, user_agent},
    password::Attempt,
    problem::{Problem, ProblemType},
    words,
};
use crate::{
    State,
    auth::{cookie, csrf, token},
};

/// A session ends after so long, however busy it is (S-8.4).
const SESSION_ABSOLUTE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a log-in sends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSessionBody {
    /// In any case.
    username: String,
    /// At most 1024 bytes.
    #[schema(format = Password)]
    password: String,
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionBody {
    admin: Oneself,
    /// The key that the caller sent; null for a session.
    key: Option<KeyBody>,
    /// The absolute end of the session (it ends earlier after 12 idle hours); null for a key.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// The person who is logged in, or whose key it is.
#[derive(Debug, Serialize, ToSchema)]
struct Oneself {
    id: Uuid,
    username: String,
    display_name: String,
    /// `owner`, `admin` or `member`.
    #[schema(value_type = words::InstanceRole)]
    role: InstanceRole,
}

/// The key that the caller sent.
#[derive(Debug, Serialize, ToSchema)]
struct KeyBody {
    id: Uuid,
    scopes: Vec<String>,
    /// The only app it reaches; null for all its maker reaches.
    app_id: Option<Uuid>,
}

impl SessionBody {
    fn of(facts: AccessFacts, expires_at: Option<Timestamp>) -> Self {
        let AccessFacts { admin, username, display_name, instance_role, key, .. } = facts;
        let key = key.map(|key| KeyBody { id: key.id.uuid(), scopes: key.scopes, app_id: key.app.map(Uuid::from) });
        Self { admin: Oneself { id: admin.uuid(), username, display_name, role: instance_role }, key, expires_at }
    }
}

/// Logs in. The answer sets the session's cookie. The same answer, in the same time, for an unknown name and a wrong password.
#[utoipa::path(
    post, path = "/api/v1/admin/session", tag = "session",
    security(()),
    responses((status = 201, body = SessionBody)),
)]
pub(super) async fn create_session(
    Shared(state): Shared<Arc<State>>,
    client: Client,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    Json(body): Json<NewSessionBody>,
) -> Result<Response, Problem> {
    refuse_cross_site(&Method::POST, &headers, &state, csrf::Credential::None)?;
    let now = state.now();
    // No account has a NUL in its name; the database would not even compare it.
    let account = body.username.trim().to_lowercase().replace('\0', "\u{fffd}");
    let attempt = Attempt::count(&state, account.clone(), client.address).await?;
    let facts = state.control.login_facts(&account).await?;
    let facts = attempt.verify(&state, facts, body.password).await?;
    let wrong = || Problem::new(ProblemType::LoginFailed, "There is no account with this user name and password.");
    let facts = facts.ok_or_else(wrong)?;

    // A new session each time (rotation): the one that this browser had, if any, ends.
    if let Some(old) = cookie::token(state.transport(), &headers) {
        state.control.delete_session(&Digest::from(token::digest(old))).await?;
    }
    let token_text = token::session_token().map_err(Problem::internal)?;
    let expires_at = now + SESSION_ABSOLUTE;
    let session = NewSession {
        admin: facts.admin,
        token: Digest::from(token::digest(&token_text)),
        ip: client.address.to_string(),
        user_agent: user_agent(&headers),
        request_id: Some(request_id.0),
        now,
        expires_at,
    };
    let made = state.control.create_session(&session).await?;
    let caller = Caller { principal: made.principal, session_expires_at: Some(expires_at) };
    let body = SessionBody::of(caller.whoami(&state).await?, Some(expires_at));
    let cookie = cookie::set(state.transport(), &token_text, SESSION_ABSOLUTE.as_secs());
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie_value(&cookie)?)], Json(body)).into_response())
}

/// Tells who the caller is and what his key is good for.
#[utoipa::path(get, path = "/api/v1/admin/session", tag = "session", responses((status = 200, body = SessionBody)))]
pub(super) async fn get_session(Shared(state): Shared<Arc<State>>, caller: Caller) -> Result<Json<SessionBody>, Problem> {
    Ok(Json(SessionBody::of(caller.whoami(&state).await?, caller.session_expires_at)))
}

/// Logs out: ends the session. A key that is sent is revoked: whoever holds it can always give it back.
#[utoipa::path(delete, path = "/api/v1/admin/session", tag = "session", responses((status = 204)))]
pub(super) async fn delete_session(Shared(state): Shared<Arc<State>>, caller: Caller) -> Result<Response, Problem> {
    let own = state.control.own(&caller.principal);
    if let Some(session) = caller.principal.session() {
        own.delete_session(session, state.now()).await?;
    } else if let Some(key) = caller.principal.key() {
        own.revoke_api_key(key, None, state.now()).await?;
    }
    let cookie = cookie::clear(state.transport());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie_value(&cookie)?)]).into_response())
}

/// A value of `Set-Cookie` as a header.
///
/// # Errors
/// 500: a defect.
pub(super) fn cookie_value(cookie: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(cookie).map_err(Problem::internal)
}
