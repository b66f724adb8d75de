//! The admin API as this program uses it: one request at a time, over one connection.

mod connection;
mod item;
mod problem;
mod session;
mod shown;

pub(crate) use problem::{FieldError, Problem};
pub(crate) use session::Session;

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

use crate::{
    failure::{Failure, Result},
    terminal::Terminal,
};

/// An answer takes so long at most: deploying ten thousand scripts is the slowest.
const PATIENCE: Duration = Duration::from_secs(300);
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Of this product and its version, so that an instance's log tells who called.
const USER_AGENT: &str = concat!("picloud-cli/", env!("CARGO_PKG_VERSION"));

/// An instance, and who asks it.
pub(crate) struct Client<'a> {
    base: Url,
    key: Option<String>,
    terminal: &'a Terminal,
    runtime: Runtime,
    tls: tokio_rustls::TlsConnector,
    /// The connection of the request before.
    open: RefCell<Option<connection::Sender>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is sent besides method and path.
#[derive(Default)]
pub(crate) struct Sent<'a> {
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) headers: &'a [(header::HeaderName, &'a str)],
    pub(crate) body: Bytes,
}

impl<'a> Client<'a> {
    /// Nothing is sent yet.
    pub(crate) fn new(url: &str, key: Option<String>, terminal: &'a Terminal) -> Result<Self> {
        let base = instance_url(url)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::failed(format!("could not start a runtime: {error}")))?;
        Ok(Self { base, key, terminal, runtime, tls: connection::tls()?, open: RefCell::new(None) })
    }

    /// Scheme, host and port, as browsers name them in `Origin`.
    pub(crate) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Where a host of the instance answers: as the instance's own, but for its name.
    pub(crate) fn url_of(&self, host: &str) -> String {
        let port = self.base.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}/", self.base.scheme())
    }

    /// Sends a request of the admin API and takes whatever comes back. `path` is below `/api/v1`.
    pub(crate) fn send(&self, method: &Method, path: &[&str], sent: Sent<'_>) -> Result<Answer> {
        let (url, started) = (self.url(path, sent.query), Instant::now());
        shown::request(self.terminal, method, &url, self.key.is_some(), &sent);
        let answer = self.runtime.block_on(async {
            let exchanged = tokio::time::timeout(PATIENCE, async {
                let response = self.exchange(method, &url, &sent).await?;
                let (head, body) = response.into_parts();
                let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX).collect().await;
                let body = body.map_err(|error| self.broken(&error.to_string()))?.to_bytes();
                Ok(Answer { status: head.status, headers: head.headers, body })
            });
            exchanged.await.unwrap_or_else(|_| Err(self.broken(&format!("there was no answer within {} seconds", PATIENCE.as_secs()))))
        })?;
        shown::answer(self.terminal, &answer, started.elapsed());
        Ok(answer)
    }

    /// Reads an answer that does not end, line by line, until it does end or `on_line` fails.
    pub(crate) fn follow(&self, path: &[&str], sent: Sent<'_>, mut on_line: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let url = self.url(path, sent.query);
        shown::request(self.terminal, &Method::GET, &url, self.key.is_some(), &sent);
        self.runtime.block_on(async {
            let mut response = self.exchange(&Method::GET, &url, &sent).await?;
            if !response.status().is_success() {
                let (head, body) = response.into_parts();
                let body = body.collect().await.map_err(|error| self.broken(&error.to_string()))?.to_bytes();
                return Err(self.refused(&Answer { status: head.status, headers: head.headers, body }));
            }
            let mut begun = Vec::new();
            // An error is an end like any other: whoever follows comes back.
            while let Some(Ok(frame)) = response.frame().await {
                begun.extend_from_slice(frame.data_ref().map_or(&[], |piece| piece));
                while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = begun.drain(..=end).collect();
                    on_line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']))?;
                }
            }
            Ok(())
        })
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        // The timer belongs to the runtime: it is made in there.
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// JSON of the admin API for JSON. `path` is below `/api/v1/admin`.
    pub(crate) fn call(&self, method: &Method, path: &[&str], query: &[(&str, &str)], body: Option<&Value>) -> Result<Value> {
        let path = [&["admin"], path].concat();
        let body = body.map(Value::to_string).unwrap_or_default();
        let headers: &[_] = if body.is_empty() { &[] } else { &[(header::CONTENT_TYPE, "application/json")] };
        let answer = self.send(method, &path, Sent { query, headers, body: body.into() })?;
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        self.json(&answer)
    }

    /// See [`Client::call`].
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value> {
        self.call(&Method::GET, path, query, None)
    }

    /// See [`Client::call`].
    pub(crate) fn post(&self, path: &[&str], body: &Value) -> Result<Value> {
        self.call(&Method::POST, path, &[], Some(body))
    }

    /// Null for an answer without a body.
    pub(crate) fn json(&self, answer: &Answer) -> Result<Value> {
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|_| self.no_instance(answer))
    }

    /// An answer that is no success, as the end of the command.
    pub(crate) fn refused(&self, answer: &Answer) -> Failure {
        Problem::of(answer).map_or_else(|| self.no_instance(answer), |problem| problem.failure(&self.origin()))
    }

    async fn exchange(&self, method: &Method, url: &Url, sent: &Sent<'_>) -> Result<http::Response<Incoming>> {
        // What a server has closed in the meantime has not taken the request.
        let reused = self.open.borrow_mut().take();
        let reused = match reused {
            Some(mut sender) => sender.ready().await.is_ok().then_some(sender),
            None => None,
        };
        let mut sender = match reused {
            Some(sender) => sender,
            None => connection::open(&self.base, &self.tls).await.map_err(|why| self.broken(&why))?,
        };
        let request = self.request(method, url, sent)?;
        let response = sender.send_request(request).await.map_err(|error| self.broken(&error.to_string()))?;
        *self.open.borrow_mut() = Some(sender);
        Ok(response)
    }

    fn request(&self, method: &Method, url: &Url, sent: &Sent<'_>) -> Result<Request<Full<Bytes>>> {
        let target = &url[url::Position::BeforePath..];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut builder = Request::builder().method(method).uri(target).header(header::HOST, host).header(header::USER_AGENT, USER_AGENT);
        if let Some(key) = &self.key {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in sent.headers {
            builder = builder.header(name, *value);
        }
        builder.body(Full::new(sent.body.clone())).map_err(|error| {
            Failure::usage(format!("the request can't be sent: {error}"))
                .next("look for odd characters in PICLOUD_TOKEN and in what you named")
        })
    }

    /// `path` is below `/api/v1`; a path of one empty segment less is the instance itself.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear();
            if let [word @ ("version" | "readyz")] = path {
                segments.push(word);
            } else {
                segments.extend(["api", "v1"]).extend(path);
            }
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn broken(&self, why: &str) -> Failure {
        let next = "is the instance running, and is this its address? `picloud context list` shows what is stored";
        Failure::failed(format!("could not reach {}: {why}", self.origin())).next(next)
    }

    fn no_instance(&self, answer: &Answer) -> Failure {
        let kind = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("no type");
        let what = format!("{} does not answer like PiCloud ({}, {kind})", self.origin(), answer.status);
        Failure::failed(what).next("give the address of the instance itself, not of an app or of another server")
    }
}

/// The address of an instance: scheme, host, port. Without a scheme it is https, or http on this machine.
pub(crate) fn instance_url(text: &str) -> Result<Url> {
    let wrong =
        |why: &str| Failure::usage(format!("`{text}` is no address of an instance: {why}")).next("it looks like https://cloud.example.com");
    let parsed = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}")).and_then(|url| if is_here(&url) { Ok(url) } else { Url::parse(&format!("https://{text}")) })
    };
    let url = parsed.map_err(|error| wrong(&error.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if is_here(&url) => {}
        "http" => return Err(wrong("http would send your key in clear text; only for this machine it is taken")),
        other => return Err(wrong(&format!("{other} is not taken"))),
    }
    if !url.username().is_empty() || url.password().is_some() || url.path() != "/" || url.query().is_some() || url.host().is_none() {
        return Err(wrong("it takes scheme, host and port, and nothing else"));
    }
    Ok(url)
}

/// Whether the host is this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn addresses_of_instances() {
        for (text, origin) in [
            ("https://cloud.example.com/", "https://cloud.example.com"),
            ("cloud.example.com", "https://cloud.example.com"),
            ("localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(instance_url(text).unwrap().origin().ascii_serialization(), origin);
        }
        for text in ["http://cloud.example.com", "ftp://a", "https://a/b", "https://u:p@a", "https://a?b", "", "http://"] {
            assert!(instance_url(text).is_err(), "{text}");
        }
    }
}
