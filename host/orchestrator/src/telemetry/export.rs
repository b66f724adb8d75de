//! Sends spans to the collector: one POST a batch, on a connection of its own.
//!
//! By hand: the crates of OpenTelemetry bring a second HTTP client, or gRPC, and a model of spans for code that makes them everywhere; here they are
//! made in one place, and a batch is a JSON text.

use std::{
    fmt, io,
    pin::pin,
    str::FromStr,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use url::Url;

use super::{Counts, Execution, encode};
use crate::egress::tls;

/// Executions in one batch.
const BATCH_MAX: usize = 256;
/// The first of a batch waits so long for others.
const GATHER: Duration = Duration::from_secs(1);
/// A batch is delivered within this, or dropped.
const DELIVERY: Duration = Duration::from_secs(10);
/// What a collector answers is read up to here.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// That it is away is said so often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Where the collector takes traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// What is wrong with the address of a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address of a collector of OpenTelemetry, like http://127.0.0.1:4318; /v1/traces is added to it")]
pub struct EndpointError;

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let mut url = Url::parse(text).map_err(|_| EndpointError)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !["http", "https"].contains(&url.scheme()) || url.host().is_none() || !is_plain {
            return Err(EndpointError);
        }
        url.set_path(&format!("{}/v1/traces", url.path().trim_end_matches('/')));
        Ok(Self(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// The task that sends.
#[derive(Debug)]
pub struct Exporter {
    endpoint: Endpoint,
    queue: mpsc::Receiver<Execution>,
    counts: Arc<Counts>,
    /// When it was last said that the collector is away.
    said: Option<Instant>,
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("it can't be reached")]
    Connect(#[source] io::Error),
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    #[error("it does not speak HTTP/1.1, or broke off")]
    Http(#[source] hyper::Error),
    #[error("it answered {0}")]
    Refused(http::StatusCode),
    #[error("the request could not be made")]
    Request(#[source] http::Error),
    #[error("it took longer than 10 s")]
    Late,
}

impl Exporter {
    pub(super) fn new(endpoint: Endpoint, queue: mpsc::Receiver<Execution>, counts: Arc<Counts>) -> Self {
        Self { endpoint, queue, counts, said: None }
    }

    /// Sends until `shutdown` completes, and then what is left. Spawned once by the binary.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                count = self.queue.recv_many(&mut batch, BATCH_MAX) => if count == 0 { return },
                () = &mut shutdown => break,
            }
            // Others come meanwhile; a shutdown does not wait for them.
            tokio::select! {
                () = self.gather(&mut batch) => {}
                () = &mut shutdown => {
                    self.deliver(&batch).await;
                    break;
                }
            }
            self.deliver(&batch).await;
        }
        self.queue.close();
        let mut batch = Vec::new();
        while self.queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.deliver(&batch).await;
            batch.clear();
        }
    }

    /// Fills the batch for a second.
    async fn gather(&mut self, batch: &mut Vec<Execution>) {
        let filled = async {
            while batch.len() < BATCH_MAX {
                let room = BATCH_MAX - batch.len();
                if self.queue.recv_many(batch, room).await == 0 {
                    return;
                }
            }
        };
        // Either way it is time to send.
        let _ = timeout(GATHER, filled).await;
    }

    async fn deliver(&mut self, batch: &[Execution]) {
        let text = encode::request(batch).to_string();
        let delivered = timeout(DELIVERY, send(&self.endpoint, text.into())).await.unwrap_or(Err(ExportError::Late));
        let count = batch.len() as u64;
        let Err(error) = delivered else {
            self.counts.exported.fetch_add(count, Ordering::Relaxed);
            return;
        };
        self.counts.undelivered.fetch_add(count, Ordering::Relaxed);
        if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            self.said = Some(Instant::now());
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(error = cause, endpoint = %self.endpoint, "spans are not delivered to the collector and are dropped");
        }
    }
}

async fn send(Endpoint(url): &Endpoint, body: Bytes) -> Result<(), ExportError> {
    let stream = connect(url).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ExportError::Http)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(Uri::try_from(url.path()).map_err(|error| ExportError::Request(error.into()))?)
        .header(header::HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(body))
        .map_err(ExportError::Request)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(ExportError::Http)?;
        let status = response.status();
        // What it says is not looked at, but taken, so that it need not wonder.
        let _ = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        if status.is_success() { Ok(()) } else { Err(ExportError::Refused(status)) }
    };
    let (mut answered, mut connection) = (pin!(answered), pin!(connection));
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        // The other side has closed; what it sent before is still in the queue.
        _closed = &mut connection => answered.await,
    }
}

async fn connect(url: &Url) -> Result<Box<dyn Stream>, ExportError> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await.map_err(ExportError::Connect)?;
    if url.scheme() == "http" {
        return Ok(Box::new(stream));
    }
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| ExportError::Connect(io::Error::other(error)))?;
    let connected = tls(roots).map_err(ExportError::Tls)?.connect(name, stream).await;
    Ok(Box::new(connected.map_err(ExportError::Connect)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_plain_address() {
        let read = |text: &str| text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
        assert_eq!(read("http://127.0.0.1:4318"), Ok("http://127.0.0.1:4318/v1/traces".to_owned()));
        assert_eq!(read("https://otel.example/base/"), Ok("https://otel.example/base/v1/traces".to_owned()));
        assert_eq!(read("http://[::1]:4318/"), Ok("http://[::1]:4318/v1/traces".to_owned()));
        for wrong in ["", "127.0.0.1:4318", "grpc://a:4317", "http://", "http://a/?x=1", "http://u:p@a/", "http://a/#b"] {
            assert_eq!(read(wrong), Err(EndpointError), "{wrong}");
        }
    }
}
