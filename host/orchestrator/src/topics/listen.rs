//! One listener: server-sent events (HTML standard, section 9.2) at `/.well-known/picloud/topics/<topic>`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use execution::pubsub::is_topic;
use futures_util::stream;
use http::{HeaderValue, Method, Response, header, request::Parts};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use store::{BACKLOG_MAX, Message, Position};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

use crate::{Orchestrator, Reached, admission::Applicant, body::Body, error::Refusal, gate::Listener, peer::Client, table::App};

/// Where topics are, on every host of an app.
const TOPICS: &str = "/.well-known/picloud/topics/";
/// The client for browsers.
const CLIENT_PATH: &str = "/.well-known/picloud/topics.js";
const CLIENT: &str = include_str!("client.js");
/// A connection over which nothing goes is taken for dead by what is in between.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Whether a request is about topics.
pub(crate) fn is_asked(path: &str) -> bool {
    path == CLIENT_PATH || path.starts_with(TOPICS)
}

/// What a listener waits for.
struct Listening {
    /// Before what comes live.
    pending: std::vec::IntoIter<Bytes>,
    live: Receiver<Arc<Message>>,
    /// The last message that was sent.
    last: Position,
    /// Given back when the listener goes.
    _place: Listener,
    is_over: bool,
}

impl Orchestrator {
    /// Answers a request about topics. Takes no place of an execution.
    pub(crate) async fn topics_response(&self, app: &App, parts: &Parts, client: Client) -> Result<Response<Body>, Refusal> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Err(Refusal::Method { allow: "GET, HEAD".to_owned() });
        }
        let applicant = Applicant { app: app.id, limits: &app.limits, client: Some(client.address) };
        self.admission.check(&app.gate, applicant)?;
        if parts.uri.path() == CLIENT_PATH {
            return Ok(client_script());
        }
        let topic = parts.uri.path().strip_prefix(TOPICS).filter(|topic| is_topic(topic)).ok_or(Refusal::NoRoute)?;
        let token = query(parts, "token").unwrap_or_default();
        if !self.topic_key.check(token, app.id, topic, (self.config.clock)() / 1_000) {
            return Err(Refusal::TopicToken);
        }
        let reached = Reached { limit: "listeners", value: app.limits.listeners };
        let place = app.gate.listen(app.limits.listeners, &self.topics.listening).ok_or(Refusal::AppBusy(reached))?;
        // Before the backlog is read: what comes meanwhile is in both, and left out of one.
        let live = self.topics.subscribe(app.id, topic);
        self.topics.wake();
        let (pending, last, is_over) = backlog(app, topic, last_event(parts)).await?;
        let listening = Listening { pending: pending.into_iter(), live, last, _place: place, is_over };
        let events = stream::unfold(listening, |mut listening| async move {
            let event = listening.next().await?;
            Some((Ok::<_, Infallible>(Frame::data(event)), listening))
        });
        let mut response = Response::new(Body::Control(StreamBody::new(events).map_err(|never| match never {}).boxed_unsync()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

/// The events that come first: what was published behind the listener's last message, or a word that something may be missing. Then where he is, and whether that was
/// so much that he has to come back for the rest.
async fn backlog(app: &App, topic: &str, last: Option<Position>) -> Result<(Vec<Bytes>, Position, bool), Refusal> {
    // Browsers wait so long before they come back.
    let mut events = vec![Bytes::from_static(b"retry: 2000\n\n")];
    let data = app.data.as_ref().ok_or(Refusal::Topics)?;
    let unread = |error: store::Error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "a listener's messages can't be read");
        Refusal::Topics
    };
    let Some(mut position) = last else { return Ok((events, data.messages_end().await.map_err(unread)?, false)) };
    let (messages, is_kept) = data.backlog(topic, position).await.map_err(unread)?;
    if !is_kept {
        events.push(Bytes::from_static(b"event: picloud.gap\ndata: {}\n\n"));
    }
    for message in &messages {
        position = message.position;
        events.push(event(message));
    }
    Ok((events, position, messages.len() >= BACKLOG_MAX))
}

impl Listening {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(event) = self.pending.next() {
            return Some(event);
        }
        if self.is_over {
            return None;
        }
        loop {
            match timeout(HEARTBEAT, self.live.recv()).await {
                Ok(Ok(message)) if message.position <= self.last => {}
                Ok(Ok(message)) => {
                    self.last = message.position;
                    return Some(event(&message));
                }
                // It comes back, and reads on behind its last message.
                Ok(Err(RecvError::Lagged(dropped))) => {
                    self.is_over = true;
                    return Some(Bytes::from(format!("event: picloud.dropped\ndata: {{\"messages\":{dropped}}}\n\n")));
                }
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }
}

/// JSON has no raw line breaks once it is written by us; those of the spaces between a script's own tokens are cut.
fn event(message: &Message) -> Bytes {
    let data = message.message.replace(['\n', '\r'], " ");
    Bytes::from(format!("id: {}\ndata: {data}\n\n", message.position))
}

/// The header of a browser that comes back, or the parameter of one that was loaded anew.
fn last_event(parts: &Parts) -> Option<Position> {
    let header = parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
    header.or_else(|| query(parts, "last_event_id"))?.parse().ok()
}

fn query<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    let pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

fn client_script() -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(CLIENT.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
