//! What a script asks for, and the checks that need neither list nor network.

use std::time::Duration;

use bytes::Bytes;
use execution::http::{REQUEST_BODY_BYTES_MAX, Request};
use http::{HeaderMap, Method};

use super::{error::EgressError, headers, limits, target::Target};

/// A call that may be made, if its target may be reached.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) total: Duration,
}

impl Draft {
    /// # Errors
    /// [`EgressError::InvalidUrl`], [`EgressError::InvalidMethod`], [`EgressError::InvalidHeader`], [`EgressError::RequestTooLarge`].
    pub(super) fn new(request: Request) -> Result<Self, EgressError> {
        let Request { method, url, headers, body, timeout_ms } = request;
        if body.len() > REQUEST_BODY_BYTES_MAX {
            return Err(EgressError::RequestTooLarge);
        }
        Ok(Self {
            method: of_script(&method)?,
            target: Target::parse(&url)?,
            headers: headers::of_script(&headers)?,
            body: body.into(),
            total: timeout_ms.map_or(limits::TOTAL_DEFAULT, Duration::from_millis),
        })
    }

    /// Whether a receiver expects a body, so that an empty one must say so.
    pub(super) fn has_length(&self) -> bool {
        !self.body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(&self.method)
    }
}

/// `CONNECT` would make a tunnel of the connection, and `TRACE` has the server repeat what it was sent.
fn of_script(text: &str) -> Result<Method, EgressError> {
    let wrong = || EgressError::InvalidMethod(text.chars().filter(|character| !character.is_control()).take(32).collect());
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes()).map_err(|_| wrong())?;
    let is_usual = text.len() <= 32 && method != Method::CONNECT && method != Method::TRACE && method.as_str() != "TRACK";
    if is_usual { Ok(method) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn draft(method: &str, body: usize) -> Result<Draft, EgressError> {
        let request = Request { method: method.into(), url: "http://a.example/".into(), body: vec![0; body], ..Request::default() };
        Draft::new(request)
    }

    #[test]
    fn methods_are_words_but_not_all() {
        for (text, method) in [("get", "GET"), ("Post", "POST"), ("PROPFIND", "PROPFIND")] {
            assert_eq!(draft(text, 0).unwrap().method.as_str(), method);
        }
        for text in ["", "CONNECT", "connect", "trace", "TRACK", "a b", "GET\r\n", "GET /x HTTP/1.1", &"A".repeat(33)] {
            assert!(matches!(draft(text, 0), Err(EgressError::InvalidMethod(_))), "{text}");
        }
    }

    #[test]
    fn bodies_are_bounded() {
        assert!(draft("POST", REQUEST_BODY_BYTES_MAX).is_ok());
        assert_eq!(draft("POST", REQUEST_BODY_BYTES_MAX + 1).unwrap_err(), EgressError::RequestTooLarge);
        assert_eq!([draft("GET", 0), draft("POST", 0), draft("GET", 1)].map(|draft| draft.unwrap().has_length()), [false, true, true]);
    }
}
