//! Parameters of the query.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;

/// The query, all of it: unknown parameters are refused, so that a typing error shows.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Sync + Send, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let message = text.trim_start_matches("Failed to deserialize query string: ");
                let name = named(message);
                Err(Problem::invalid(&format!("?{name}"), format!("{message}.")))
            }
        }
    }
}

/// The parameter that a message is about: in front of it, if the place is known, or the first word in quotes. A value may be quoted as well.
fn named(message: &str) -> &str {
    let is_name = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let in_front = message.split_once(": ").map(|(name, _)| name).filter(is_name);
    in_front.or_else(|| message.split('`').nth(1)).unwrap_or_default()
}
