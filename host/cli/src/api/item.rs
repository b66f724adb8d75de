//! A single thing that is looked at, and then changed only if it is still the same.

use http::{Method, StatusCode, header};
use serde_json::Value;

use super::{Client, Sent};
use crate::failure::Result;

/// A thing, and the tag of the state in which it was seen.
pub(crate) struct Seen {
    pub(crate) value: Value,
    tag: String,
}

impl Client<'_> {
    /// Looks at a thing. `path` is below `/api/v1/admin`.
    pub(crate) fn see(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Seen> {
        let answer = self.send(&Method::GET, &[&["admin"], path].concat(), Sent { query, ..Sent::default() })?;
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        let tag = answer.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or("*").to_owned();
        Ok(Seen { value: self.json(&answer)?, tag })
    }

    /// Changes or removes a thing.
    ///
    /// # Errors
    /// Somebody has changed it since it was seen.
    pub(crate) fn change(
        &self,
        method: &Method,
        path: &[&str],
        query: &[(&str, &str)],
        seen: &Seen,
        body: Option<&Value>,
    ) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let headers = [(header::IF_MATCH, seen.tag.as_str()), (header::CONTENT_TYPE, "application/json")];
        let headers = if body.is_empty() { &headers[..1] } else { &headers[..] };
        let answer = self.send(method, &[&["admin"], path].concat(), Sent { query, headers, body: body.into() })?;
        match answer.status {
            status if status.is_success() => self.json(&answer),
            StatusCode::PRECONDITION_FAILED => Err(self.refused(&answer).next("somebody was faster: look at it again, then try again")),
            _ => Err(self.refused(&answer)),
        }
    }
}
