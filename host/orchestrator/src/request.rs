//! Step 5: from what came over the wire to what a script sees: bounded, decoded, without what belongs to the connection.

use bytes::Bytes;
use execution::{HttpRequest, Invocation, InvocationType, queue::JobEvent};
use http::{HeaderMap, HeaderName, header, request::Parts};
use http_body::Body;
use http_body_util::BodyExt;
use percent_encoding::percent_decode;
use store::{ClaimedJob, JobId};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::{
    config::{Clock, Connections},
    error::Refusal,
    peer::Client,
    table::{App, Script, Version},
    telemetry::{Telemetry, TraceContext},
};

/// Longest target: path and query (S-4.7).
const URL_BYTES_MAX: usize = 16 * 1024;
/// Most header fields, and most bytes of their names and values together (S-4.7).
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// Longest `X-Request-Id` that is taken over.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Fields that end at a proxy (RFC 9110 section 7.6.1), and those that PiCloud has already read for the script.
const NOT_FOR_SCRIPTS: [&str; 17] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "picloud-hops",
];

/// What causes an execution.
pub(crate) enum Cause<'a> {
    /// A visitor.
    Http(HttpRequest),
    /// Somebody who tries a script out.
    Test(HttpRequest),
    /// A job that is due.
    Job(&'a ClaimedJob),
}

impl Cause<'_> {
    pub(crate) fn kind(&self) -> InvocationType {
        match self {
            Self::Http(_) => InvocationType::Http,
            Self::Test(_) => InvocationType::Test,
            Self::Job(job) if job.scheduled_at.is_some() => InvocationType::Schedule,
            Self::Job(job) if job.trigger.is_some() => InvocationType::Trigger,
            Self::Job(_) => InvocationType::Queue,
        }
    }

    pub(crate) fn job(&self) -> Option<JobId> {
        match self {
            Self::Http(_) | Self::Test(_) => None,
            Self::Job(job) => Some(job.id()),
        }
    }

    /// Method, host and path, for the row; empty if nothing was requested.
    pub(crate) fn target(&self) -> [String; 3] {
        match self {
            Self::Http(request) | Self::Test(request) => [&request.method, &request.host, &request.path].map(String::clone),
            Self::Job(_) => Default::default(),
        }
    }
}

/// What makes one execution different from every other.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) id: Uuid,
    pub(crate) now_ms: u64,
    pub(crate) seed: [u8; 32],
    /// Measures how long all of it takes; nothing that a script sees follows from it.
    pub(crate) began: Instant,
    /// Its place in a trace.
    pub(crate) trace: TraceContext,
}

impl Arrival {
    /// Asks the operating system once for the seed and for all other chance.
    pub(crate) fn new(clock: Clock, telemetry: &Telemetry) -> Result<Self, Refusal> {
        let mut random = [0_u8; 58];
        getrandom::fill(&mut random).map_err(|_| Refusal::NoEntropy)?;
        let now_ms = clock();
        let (mut seed, mut tail) = ([0; 32], [0; 10]);
        seed.copy_from_slice(&random[..32]);
        tail.copy_from_slice(&random[32..42]);
        let number = |from: usize| random[from..from + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let id = uuid::Builder::from_unix_timestamp_millis(now_ms, &tail).into_uuid();
        let trace = telemetry.begin(id, number(42), number(50));
        Ok(Self { id, now_ms, seed, began: Instant::now(), trace })
    }

    /// Of an execution whose id is given: it may have been begun before. `traceparent`: where in a trace what asked for it stands.
    pub(crate) fn again(id: Uuid, traceparent: Option<&str>, clock: Clock, telemetry: &Telemetry) -> Result<Self, Refusal> {
        let fresh = Self::new(clock, telemetry)?;
        let own = TraceContext { trace: id.as_u128(), ..fresh.trace };
        Ok(Self { id, trace: traceparent.map_or(own, |parent| telemetry.followed(own, parent)), ..fresh })
    }

    /// The invocation that a script sees as `ctx`.
    pub(crate) fn invocation(self, app: &App, version: &Version, script: &Script, cause: Cause<'_>) -> Invocation {
        let invocation_type = cause.kind();
        let (request, event, depth) = match cause {
            Cause::Http(request) | Cause::Test(request) => (Some(request), None, 0),
            Cause::Job(job) => (None, Some(event(job)), job.depth),
        };
        Invocation {
            execution_id: self.id,
            request_id: request.as_ref().and_then(request_id).map_or_else(|| self.id.to_string(), str::to_owned),
            script_id: script.id.uuid(),
            script_name: script.name.to_string(),
            app: app.slug.to_string(),
            deployment: version.deployment,
            invocation_type,
            request,
            event,
            depth,
            now_ms: self.now_ms,
            seed: self.seed,
        }
    }
}

/// What a script is told of the job that it runs.
fn event(job: &ClaimedJob) -> String {
    let event = JobEvent {
        id: job.id().uuid(),
        payload: &job.payload,
        attempt: job.failed.saturating_add(1),
        depth: job.depth,
        enqueued_at_ms: job.enqueued_at.as_millisecond(),
        enqueued_by: job.enqueued_by.map(Uuid::from),
        origin: job.event.as_deref(),
    };
    event.to_json()
}

/// Refuses a head that is too large, before an app is looked up.
pub(crate) fn check_head(parts: &Parts) -> Result<(), Refusal> {
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > URL_BYTES_MAX) {
        return Err(Refusal::UrlTooLong);
    }
    let bytes = || parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if parts.headers.len() > HEADERS_MAX || bytes() > HEADER_BYTES_MAX { Err(Refusal::HeadersTooLarge) } else { Ok(()) }
}

/// Reads a body of at most `limit` bytes. A declared length beyond it is refused before a byte is read, so that `Expect: 100-continue` is
/// not answered; otherwise the first byte beyond ends it.
pub(crate) async fn read_body<B: Body<Data = Bytes> + Unpin>(mut body: B, limit: u64, bounds: &Connections) -> Result<Vec<u8>, Refusal> {
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let declared = body.size_hint();
    if declared.lower() > limit {
        return Err(Refusal::BodyTooLarge);
    }
    let started = Instant::now();
    let mut read = Vec::new();
    loop {
        let earned = std::time::Duration::from_secs(read.len() as u64 / bounds.body_rate.max(1));
        let deadline = started + (bounds.body_grace + earned).min(bounds.body_total);
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Refusal::BodyTimeout),
            Ok(None) => return Ok(read),
            Ok(Some(Err(_))) => return Err(Refusal::Body),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers are not for scripts.
        let Ok(data) = frame.into_data() else { continue };
        if (read.len() + data.len()) as u64 > limit {
            return Err(Refusal::BodyTooLarge);
        }
        if read.is_empty() {
            read = Vec::from(data);
        } else {
            read.extend_from_slice(&data);
        }
        if body.is_end_stream() {
            return Ok(read);
        }
    }
}

/// Puts together what the script sees. `host` is canonical.
pub(crate) fn http_request(parts: &Parts, host: String, params: Vec<(String, String)>, client: Client, body: Vec<u8>) -> HttpRequest {
    HttpRequest {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        params,
        query: parts.uri.query().map(query_pairs).unwrap_or_default(),
        headers: headers(&parts.headers),
        host,
        scheme: client.scheme.to_owned(),
        client_ip: client.address.to_string(),
        body,
    }
}

fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let connection = map.get_all(header::CONNECTION);
    let is_named_in_connection = |name: &HeaderName| {
        let options = connection.iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
        options.into_iter().any(|option| option.trim_ascii().eq_ignore_ascii_case(name.as_str().as_bytes()))
    };
    let has_connection = map.contains_key(header::CONNECTION);
    let mut pairs = Vec::with_capacity(map.len());
    for (name, value) in map {
        if NOT_FOR_SCRIPTS.contains(&name.as_str()) || (has_connection && is_named_in_connection(name)) {
            continue;
        }
        pairs.push((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    pairs
}

fn query_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (form_decode(name), form_decode(value))).collect()
}

fn form_decode(text: &str) -> String {
    if !text.contains(['+', '%']) {
        return text.to_owned();
    }
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes()).decode_utf8_lossy().into_owned()
}

/// The caller's `X-Request-Id`, if it can stand in any log.
fn request_id(request: &HttpRequest) -> Option<&str> {
    let (_, value) = request.headers.iter().find(|(name, _)| name == "x-request-id")?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (!value.is_empty() && value.len() <= REQUEST_ID_BYTES_MAX && value.bytes().all(is_plain)).then_some(value)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::net::IpAddr;

    use futures_util::{StreamExt, stream};
    use http::Request;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn read_of(fields: &[(&str, &str)], target: &str) -> HttpRequest {
        let mut request = Request::builder().method("POST").uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let client = Client { address: IpAddr::from([1, 2, 3, 4]), scheme: "https" };
        http_request(&parts, "a.com".to_owned(), Vec::new(), client, Vec::new())
    }

    #[test]
    fn s_4_6_fields_of_the_connection_are_not_for_scripts() {
        let fields = [
            ("connection", "close, X-Secret"),
            ("connection", "x-other"),
            ("x-secret", "1"),
            ("x-other", "2"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("x-forwarded-for", "9.9.9.9"),
            ("X-Forwarded-Host", "evil"),
            ("picloud-hops", "1.0"),
            ("x-kept", "a"),
            ("x-kept", "b"),
        ];
        let request = read_of(&fields, "/p%20q?a=1&b=x+y%21&a=%ff&c&=d&&");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(request.headers, [pair("x-kept", "a"), pair("x-kept", "b")]);
        assert_eq!(request.query, [pair("a", "1"), pair("b", "x y!"), pair("a", "\u{fffd}"), pair("c", ""), pair("", "d")]);
        assert_eq!((request.path.as_str(), request.scheme.as_str(), request.client_ip.as_str()), ("/p%20q", "https", "1.2.3.4"));
    }

    #[test]
    fn request_ids_are_taken_over_when_plain() {
        assert_eq!(request_id(&read_of(&[("x-request-id", "Ab.9_-")], "/")), Some("Ab.9_-"));
        for value in ["", "a b", "a\tb", "é", &"a".repeat(129)] {
            assert_eq!(request_id(&read_of(&[("x-request-id", value)], "/")), None, "{value}");
        }
    }

    #[test]
    fn s_4_7_heads_are_bounded() {
        let check = |request: http::request::Builder| check_head(&request.body(()).unwrap().into_parts().0);
        let with_fields = |count: usize| (0..count).fold(Request::builder(), |request, number| request.header(format!("x-{number}"), "1"));
        assert_eq!(check(with_fields(64)), Ok(()));
        assert_eq!(check(with_fields(65)), Err(Refusal::HeadersTooLarge));
        assert_eq!(check(Request::builder().header("x", "a".repeat(33_000))), Err(Refusal::HeadersTooLarge));
        assert_eq!(check(Request::builder().uri(format!("/{}", "a".repeat(16_383)))), Ok(()));
        assert_eq!(check(Request::builder().uri(format!("/{}", "a".repeat(16_384)))), Err(Refusal::UrlTooLong));
    }

    #[tokio::test]
    async fn s_4_7_bodies_are_bounded_while_they_stream() {
        let bounds = Connections::default();
        let streamed = |parts: Vec<&'static str>| {
            StreamBody::new(stream::iter(parts).map(|part| Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(part.as_bytes())))))
        };
        assert_eq!(read_body(streamed(vec!["ab", "cd"]), 4, &bounds).await, Ok(b"abcd".to_vec()));
        assert_eq!(read_body(streamed(vec!["ab", "cde"]), 4, &bounds).await, Err(Refusal::BodyTooLarge));
        assert_eq!(read_body(Full::from("abcde"), 4, &bounds).await, Err(Refusal::BodyTooLarge));
        assert_eq!(read_body(Full::from(""), 0, &bounds).await, Ok(Vec::new()));
        let endless = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
        let hasty = Connections { body_grace: std::time::Duration::ZERO, ..Connections::default() };
        assert_eq!(read_body(endless, 4, &hasty).await, Err(Refusal::BodyTimeout));
    }

    #[test]
    fn ids_carry_their_time() {
        let arrival = Arrival::new(|| 1_700_000_000_123, &Telemetry::default()).unwrap();
        assert_eq!(arrival.id.get_version_num(), 7);
        assert_eq!(arrival.id.get_timestamp().unwrap().to_unix(), (1_700_000_000, 123_000_000));
    }
}
