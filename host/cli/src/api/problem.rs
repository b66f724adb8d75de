//! What an instance says when it refuses (RFC 9457), as the end of a command.

use http::{StatusCode, header};
use serde::Deserialize;

use super::Answer;
use crate::failure::{Exit, Failure, Place};

/// A problem, as far as this program looks at it.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    pub(crate) errors: Vec<FieldError>,
    pub(crate) missing_scope: Option<String>,
    pub(crate) execution_id: Option<String>,
    #[serde(skip)]
    retry_after: Option<String>,
}

/// What is wrong with a part of the request.
#[derive(Debug, Deserialize)]
pub(crate) struct FieldError {
    #[serde(default)]
    pub(crate) pointer: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) line: u64,
    #[serde(default)]
    pub(crate) column: u64,
    pub(crate) source_line: Option<String>,
    pub(crate) caret: Option<String>,
}

impl FieldError {
    /// In `file`, instead of at the pointer.
    pub(crate) fn place(self, file: String) -> Place {
        let Self { message, line, column, source_line, caret, .. } = self;
        Place { file, line, column, message, source_line, caret }
    }
}

impl Problem {
    /// `None`: it is none, or that of an app, which names no request.
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        let mut problem: Self = serde_json::from_slice(&answer.body).ok().filter(|problem: &Self| !problem.request_id.is_empty())?;
        problem.retry_after = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Some(problem)
    }

    /// With each wrong field where the API says that it is.
    pub(crate) fn failure(mut self, instance: &str) -> Failure {
        let errors = std::mem::take(&mut self.errors);
        // One error without a line is all in the detail already.
        let places = if errors.len() > 1 || errors.iter().any(|error| error.line > 0) { errors } else { Vec::new() };
        let failure = self.without_places(instance, !places.is_empty());
        places.into_iter().fold(failure, |failure, mut error| {
            let pointer = std::mem::take(&mut error.pointer);
            failure.at(error.place(pointer))
        })
    }

    /// What is wrong and what to do; the title is enough where places follow.
    pub(crate) fn without_places(self, instance: &str, places_follow: bool) -> Failure {
        let Self { kind, title, status, detail, request_id, missing_scope, execution_id, retry_after, .. } = self;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let exit = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Auth,
            StatusCode::NOT_FOUND => Exit::NotFound,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Exit::Conflict,
            _ => Exit::Failed,
        };
        let what = if places_follow || detail.is_empty() { title } else { detail };
        let next = match (status, missing_scope, retry_after) {
            (_, Some(scope), _) => format!("this takes {scope}: ask for a role that has it, or use a key with this scope"),
            (StatusCode::UNAUTHORIZED, ..) if kind.ends_with("auth.required") => {
                format!("log in (picloud login {instance}), or set PICLOUD_TOKEN to a good key")
            }
            (StatusCode::PRECONDITION_FAILED, ..) => {
                "somebody else was faster: picloud diff shows against what is active now; then try again".into()
            }
            (_, _, Some(seconds)) => format!("try again in {seconds} seconds"),
            (status, ..) if status.is_server_error() && execution_id.is_none() => {
                format!("the instance's log has the cause under {request_id}")
            }
            _ => execution_id.map(|id| format!("picloud executions {id} shows what it did")).unwrap_or_default(),
        };
        Failure::new(exit, what).next(next)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    fn failure(problem: &Value) -> Failure {
        let status = StatusCode::from_u16(u16::try_from(problem["status"].as_u64().unwrap()).unwrap()).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::from(problem.to_string()) };
        Problem::of(&answer).unwrap().failure("https://a.example")
    }

    #[test]
    fn statuses_become_exits() {
        for (status, exit) in [
            (400, Exit::Failed),
            (401, Exit::Auth),
            (403, Exit::Auth),
            (404, Exit::NotFound),
            (409, Exit::Conflict),
            (412, Exit::Conflict),
            (422, Exit::Failed),
            (500, Exit::Failed),
        ] {
            let problem = json!({ "type": "/problems/auth.required", "title": "t", "status": status, "detail": "d", "request_id": "r" });
            let failure = failure(&problem);
            assert_eq!((failure.exit, failure.what.as_str()), (exit, "d"), "{status}");
            assert_eq!(failure.next.contains("picloud login https://a.example"), status == 401, "{}", failure.next);
        }
    }

    #[test]
    fn what_is_wrong_stands_where_it_is() {
        let error = json!({ "pointer": "/source", "message": "no", "line": 2, "column": 3, "source_line": "abc", "caret": "  ^" });
        let failure = failure(
            &json!({ "type": "x", "title": "It does not parse", "status": 422, "detail": "d", "request_id": "r", "errors": [error] }),
        );
        assert_eq!(failure.what, "It does not parse");
        assert_eq!(failure.places[0].to_string(), "/source:2:3: no\n  2 | abc\n    |   ^");
    }
}
