//! `picloud:script/http`

use execution::{
    Answer, Question, Unanswered,
    http::{self, REQUEST_BODY_BYTES_MAX},
};

use crate::{
    bindings::http::{Error, Host, Request, Response},
    state::State,
};

impl Host for State {
    async fn send(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Response, Error>>> {
        // To ask for nothing is a call all the same, of the host if not of a server.
        if requests.is_empty() {
            self.count_host_call()?;
            return Ok(Vec::new());
        }
        for _ in &requests {
            self.count_http_call()?;
        }
        let count = requests.len();
        if requests.iter().map(|request| request.body.len()).sum::<usize>() > REQUEST_BODY_BYTES_MAX {
            let message = format!("the bodies of requests that are sent together have more than {REQUEST_BODY_BYTES_MAX} bytes");
            return Ok(same(count, &error("request_too_large", message)));
        }
        let requests = requests.into_iter().map(to_question).collect();
        let question = Question::Http { requests, bytes_max: self.http_bytes_left };
        Ok(match self.ask(&question).await {
            Answer::Http(Ok(results)) if results.len() == count => results.into_iter().map(|result| self.take(result)).collect(),
            Answer::Http(Err(why)) => same(count, &unanswered(why)),
            _ => {
                tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
                same(count, &unanswered(Unanswered::Unavailable))
            }
        })
    }
}

impl State {
    /// An answer becomes the script's, and counts.
    fn take(&mut self, result: http::Result) -> Result<Response, Error> {
        if !matches!(&result, Err(failed) if !failed.was_sent) {
            self.transaction.no_way_back();
        }
        match result {
            Ok(http::Response { status, headers, body, url, redirects }) => {
                self.http_bytes_left = self.http_bytes_left.saturating_sub(body.len() as u64);
                Ok(Response { status, headers, body, url, redirects })
            }
            Err(http::Failed { code, message, .. }) => Err(Error { code, message }),
        }
    }
}

fn to_question(request: Request) -> http::Request {
    let Request { method, url, headers, body, timeout_ms } = request;
    http::Request { method, url, headers, body, timeout_ms }
}

fn unanswered(why: Unanswered) -> Error {
    match why {
        Unanswered::Unavailable => error("unavailable", "other servers can't be called from here just now".to_owned()),
        Unanswered::NotRecorded => error("unavailable", why.to_string()),
    }
}

fn error(code: &str, message: String) -> Error {
    Error { code: code.to_owned(), message }
}

fn same(count: usize, error: &Error) -> Vec<Result<Response, Error>> {
    (0..count).map(|_| Err(error.clone())).collect()
}
