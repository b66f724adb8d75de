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
                let name = message.split('`').nth(1).or_else(|| message.split(':').next()).unwrap_or_default();
                Err(Problem::invalid(&format!("?{name}"), format!("{message}.")))
            }
        }
    }
}
