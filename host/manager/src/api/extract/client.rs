//! Where a request came from.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

/// The address of the client, as an extension that the accept loop puts on every request (after it believed or disbelieved
/// the forwarding headers). A request without one counts as coming from one unknown place.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub address: IpAddr,
}

impl Client {
    /// Of the request with these extensions.
    pub(super) fn of(extensions: &http::Extensions) -> Self {
        let unknown = Self { address: Ipv4Addr::UNSPECIFIED.into() };
        extensions.get().copied().unwrap_or(unknown)
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// The beginning of `User-Agent`, for the list of sessions.
pub(in crate::api) fn user_agent(headers: &http::HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}
