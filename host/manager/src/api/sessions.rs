//! `/api/v1/admin/sessions` and `/api/v1/admin/session/password`: one's own browsers, and one's own password.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Digest, Session, SessionId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Caller, Client, Json, Path, SESSION_IDLE, session_only},
    listing::Listing,
    password::{Attempt, hash_new},
    problem::Problem,
    session::cookie_value,
};
use crate::{
    State,
    auth::{cookie, token},
};

/// One of the caller's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnSession {
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// Where it logged in from.
    ip: String,
    user_agent: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// At most a minute late.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// The absolute end; it ends earlier after 12 idle hours.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    #[schema(format = Password)]
    old_password: String,
    /// 15 characters to 1024 bytes.
    #[schema(format = Password)]
    new_password: String,
}

/// Lists the caller's sessions, newest first: at most 200, on one page.
#[utoipa::path(get, path = "/api/v1/admin/sessions", tag = "session", responses((status = 200, body = Listing<OwnSession>)))]
pub(super) async fn list_sessions(Shared(state): Shared<Arc<State>>, caller: Caller) -> Result<Json<Listing<OwnSession>>, Problem> {
    session_only(&caller.principal)?;
    let current = caller.principal.session();
    let sessions = state.control.own(&caller.principal).sessions(state.now(), SESSION_IDLE).await?;
    let items = sessions.into_iter().map(|session| {
        let Session { id, ip, user_agent, created_at, last_seen_at, expires_at } = session;
        OwnSession { id: id.uuid(), current: current == Some(id), ip, user_agent, created_at, last_seen_at, expires_at }
    });
    Ok(Json(Listing { items: items.collect(), next_cursor: None }))
}

/// Ends all the caller's sessions but the one that asks, at once and on every node.
#[utoipa::path(delete, path = "/api/v1/admin/sessions", tag = "session", responses((status = 204)))]
pub(super) async fn delete_other_sessions(Shared(state): Shared<Arc<State>>, caller: Caller) -> Result<StatusCode, Problem> {
    session_only(&caller.principal)?;
    state.control.own(&caller.principal).delete_other_sessions(state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of the caller's sessions, at once and on every node.
#[utoipa::path(
    delete, path = "/api/v1/admin/sessions/{id}", tag = "session",
    params(("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_one_session(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    session_only(&caller.principal)?;
    match state.control.own(&caller.principal).delete_session(SessionId::from(id), state.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("session")),
    }
}

/// Changes the caller's password. Ends all his other sessions; the one that asks gets another cookie (S-8.4). Wrong old passwords are
/// counted like failed log-ins.
#[utoipa::path(
    put, path = "/api/v1/admin/session/password", tag = "session",
    request_body = NewPassword,
    responses((status = 204)),
)]
pub(super) async fn put_password(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    client: Client,
    Json(body): Json<NewPassword>,
) -> Result<Response, Problem> {
    session_only(&caller.principal)?;
    let username = caller.whoami(&state).await?.username;
    let attempt = Attempt::count(&state, username.clone(), client.address).await?;
    let facts = state.control.login_facts(&username).await?;
    if attempt.verify(&state, facts, body.old_password).await?.is_none() {
        return Err(Problem::invalid("/old_password", "This is not your password of now."));
    }
    let hash = hash_new(&state, "/new_password", body.new_password).await?;
    let token_text = token::session_token().map_err(Problem::internal)?;
    state.control.own(&caller.principal).set_password(&hash, &Digest::from(token::digest(&token_text)), state.now()).await?;
    let left = caller.session_expires_at.map_or(0, |end| end.duration_since(state.now()).as_secs());
    let cookie = cookie::set(state.transport(), &token_text, left);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie_value(&cookie)?)]).into_response())
}
