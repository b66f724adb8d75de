//! Who sends a request: a session's cookie or an API key. Nothing else is believed.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{HeaderMap, Method, header, request::Parts};
use jiff::{SignedDuration, Timestamp};
use store::{Digest, KeyUse, Origin, Principal};

use super::Client;
use crate::{
    State,
    api::{
        RequestId,
        problem::{Problem, ProblemType},
    },
    auth::{api_key, cookie, csrf, token},
};

/// A session ends when it was idle for so long (S-8.4).
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(12);

/// Somebody who proved who he is. What he may do is asked with [`Caller::authorize`].
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the store knows him by.
    pub principal: Principal,
    /// The end of the session; `None` for a key.
    pub session_expires_at: Option<Timestamp>,
}

impl FromRequestParts<Arc<State>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, Problem> {
        // Found by a layer around the handler.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        // A request that brings a bearer is judged by it alone: a cookie beside it is not looked at (S-8.5).
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let key = bearer(&parts.headers).filter(|key| api_key::is_well_formed(key));
            let key = key.ok_or_else(|| {
                unauthenticated("The header Authorization has to be: Bearer pic_... (a whole key; the checksum of this one is wrong).")
            })?;
            let from = Client::of(&parts.extensions).address;
            let principal = match state.control.api_key(&Digest::from(token::digest(key)), from, state.now()).await? {
                Some(KeyUse::By(principal)) => principal,
                Some(KeyUse::FromElsewhere) => {
                    let detail = format!("This API key is bound to networks, and {from} is in none of them.");
                    return Err(Problem::new(ProblemType::KeyElsewhere, detail));
                }
                None => return Err(unauthenticated("This API key does not exist, was revoked, or has expired.")),
            };
            return Ok(Self { principal: principal.from_origin(origin(parts)), session_expires_at: None });
        }
        let Some(token_text) = cookie::token(state.transport(), &parts.headers) else {
            return Err(unauthenticated("Send an API key (Authorization: Bearer pic_...), or log in by POST /api/v1/admin/session."));
        };
        refuse_cross_site(&parts.method, &parts.headers, state, csrf::Credential::Cookie)?;
        let found = state.control.session(&Digest::from(token::digest(token_text)), state.now(), SESSION_IDLE).await?;
        let found = found.ok_or_else(|| unauthenticated("The session has ended. Log in again."))?;
        Ok(Self { principal: found.principal.from_origin(origin(parts)), session_expires_at: Some(found.expires_at) })
    }
}

/// The text of the credential that a [`Caller`] is known by.
pub(in crate::api) fn credential<'a>(headers: &'a HeaderMap, state: &State) -> Option<&'a str> {
    if headers.contains_key(header::AUTHORIZATION) { bearer(headers) } else { cookie::token(state.transport(), headers) }
}

/// Where the request came from, for the audit log.
fn origin(parts: &Parts) -> Origin {
    Origin {
        ip: parts.extensions.get::<Client>().map(|client| client.address.to_string()),
        request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
    }
}

/// The text after `Bearer `; `None` if there are several such headers or another scheme.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// 403 for what another site's page sent.
///
/// # Errors
/// The problem.
pub(in crate::api) fn refuse_cross_site(
    method: &Method,
    headers: &HeaderMap,
    state: &State,
    credential: csrf::Credential,
) -> Result<(), Problem> {
    let origin = state.origins.first().map_or("", String::as_str);
    let detail = match csrf::check(method, headers, &state.origins, credential) {
        Ok(()) => return Ok(()),
        Err(csrf::Refusal::OtherSite) => "A page of another site sent this request (Sec-Fetch-Site).".to_owned(),
        Err(csrf::Refusal::OtherOrigin) => format!("The header Origin has to be {origin}."),
        Err(csrf::Refusal::NoEvidence) => {
            format!("A change with a session's cookie needs the header Origin: {origin}. Programs use an API key instead.")
        }
    };
    Err(Problem::new(ProblemType::CrossSite, detail))
}

/// 401.
pub(in crate::api) fn unauthenticated(detail: &str) -> Problem {
    Problem::new(ProblemType::Unauthenticated, detail)
}
