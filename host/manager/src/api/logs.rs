//! `/api/v1/admin/logs`: what an app's scripts logged, page by page or as it happens.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State as Shared,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _, future, stream};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AppRef, LogEntry, LogFilter, LogQuery, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX};
use tokio::sync::{broadcast, watch};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, InQuery, Json, Query, action, app_ref},
    listing::Listing,
    problem::{Problem, ProblemType},
    words,
};
use crate::{State, state::StreamPermit};

/// Lines read from the database at once.
const BATCH: u16 = 200;
/// A quiet stream sends a comment so often, so that proxies keep it open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after so long: the client comes back, and is asked who he is again.
const STREAM_SECONDS_MAX: i64 = 3600;
/// Lines that another node wrote are looked for so often; this node's own are announced.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Levels by their weight.
const LEVELS: [&str; 4] = ["trace", "info", "warn", "error"];

/// One line that a script logged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogBody {
    /// Grows with time.
    id: i64,
    execution_id: Uuid,
    script_id: Uuid,
    /// `trace`, `info`, `warn` or `error`.
    #[schema(value_type = words::Level)]
    level: String,
    /// As the script wrote it; escape it before showing it.
    message: String,
    /// The object that the script passed along.
    #[schema(value_type = Option<Object>)]
    fields: Option<serde_json::Value>,
    /// When the execution was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl LogBody {
    pub(super) fn of(entry: LogEntry) -> Self {
        let LogEntry { id, execution, script, level, message, fields, created_at } = entry;
        let fields = fields.map(|text| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)));
        Self { id, execution_id: execution.uuid(), script_id: script.uuid(), level, message, fields, created_at }
    }
}

/// Which lines are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogsQuery {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    _app: Option<String>,
    /// Only lines of this level, and of graver ones.
    #[param(value_type = Option<words::Level>)]
    level: Option<String>,
    /// Only lines of executions that were accepted then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only lines of executions that were accepted before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists an app's log lines, newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/logs", tag = "logs",
    params(LogsQuery),
    responses((status = 200, body = Listing<LogBody>)),
)]
pub(super) async fn list_logs(
    app: Authorized<action::LogRead, InQuery>,
    Query(query): Query<LogsQuery>,
) -> Result<Json<Listing<LogBody>>, Problem> {
    let limit = query.limit.unwrap_or_else(|| u32::from(PAGE_LIMIT_DEFAULT));
    let limit = u16::try_from(limit).ok().filter(|limit| (1..=PAGE_LIMIT_MAX).contains(limit));
    let limit = limit.ok_or_else(|| Problem::invalid("?limit", format!("The limit is 1 to {PAGE_LIMIT_MAX}.")))?;
    let before = query.cursor.map(|cursor| log_id("?cursor", &cursor)).transpose()?;
    let levels = query.level.as_deref().map(levels).transpose()?;
    let filter = LogFilter { before, levels, from: query.from, to: query.to };
    let mut entries = app.latest_logs(&filter, limit + 1).await?;
    let more = entries.len() > usize::from(limit);
    entries.truncate(usize::from(limit));
    let next_cursor = entries.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Listing { items: entries.into_iter().map(LogBody::of).collect(), next_cursor }))
}

/// Which stream.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// Slug or id of the app.
    app: String,
}

/// Follows an app's log (Server-Sent Events): one event `log` per line, its id the line's. With `Last-Event-ID` it begins after
/// that line, else with what comes from now on.
#[utoipa::path(get, path = "/api/v1/admin/logs/stream", tag = "logs",
    params(StreamQuery, ("Last-Event-ID" = Option<i64>, Header, description = "The last line that was received.")),
    responses((status = 200, body = LogBody, content_type = "text/event-stream")))]
pub(super) async fn stream_logs(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let app = caller.authorize::<action::LogRead>(&state, &app_ref(&query.app)).await?;
    let permit = state
        .streams
        .open(caller.principal.admin())
        .ok_or_else(|| Problem::new(ProblemType::Throttled, "You have as many log streams open as one person may.").with_retry_after(15))?;
    // Listening starts before the first read: a line that is committed between the two is announced.
    let (announced, stopping) = (state.data_plane.subscribe_logs(), state.stopping.clone());
    let last = match headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default()) {
        Some(sent) => log_id("Last-Event-ID", sent)?,
        None => app.logs(LogQuery::Latest { before: None }, 1).await?.first().map_or(0, |newest| newest.id),
    };
    let app = app.app_id();
    let ends_at = state.now() + SignedDuration::from_secs(STREAM_SECONDS_MAX);
    let follower = Follower {
        state,
        caller,
        ends_at,
        app: AppRef::Id(app),
        app_id: app.uuid(),
        last,
        announced,
        stopping,
        ready: Vec::new(),
        _permit: permit,
    };
    // Some clients and proxies tell of an answer only when something of its body has come.
    let beginning = stream::once(future::ready(Ok(Event::default().comment("from here on"))));
    let lines = stream::unfold(follower, |mut follower| async move { follower.next().await.map(|event| (Ok(event), follower)) });
    let events = beginning.chain(lines);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// One open stream.
struct Follower {
    state: Arc<State>,
    caller: Caller,
    app: AppRef,
    app_id: Uuid,
    ends_at: Timestamp,
    /// The last line that was sent.
    last: i64,
    announced: broadcast::Receiver<Uuid>,
    stopping: watch::Receiver<bool>,
    /// Lines that were read and not sent yet, newest first.
    ready: Vec<LogEntry>,
    _permit: StreamPermit,
}

impl Follower {
    /// The next line; `None` when the stream ends: the right to it was lost, the app deleted, the database gone, or the process stops.
    /// The client comes back with `Last-Event-ID` and misses nothing.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.stopping.borrow() || self.state.now() >= self.ends_at {
                return None;
            }
            if let Some(entry) = self.ready.pop() {
                self.last = entry.id;
                let event = Event::default().event("log").id(entry.id.to_string());
                return event.json_data(LogBody::of(entry)).ok();
            }
            // Asked anew each time: a revoked key or a lost role ends the stream.
            let app = self.caller.authorize::<action::LogRead>(&self.state, &self.app).await.ok()?;
            self.ready = app.logs(LogQuery::After { id: self.last }, BATCH).await.ok()?;
            self.ready.reverse();
            if self.ready.is_empty() {
                self.wait().await;
            }
        }
    }

    /// Until there may be something new.
    async fn wait(&mut self) {
        let own_app = async {
            loop {
                match self.announced.recv().await {
                    Ok(app) if app != self.app_id => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    // No announcements any more: only the clock is left.
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = own_app => {}
            _ = self.stopping.changed() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// This level and graver ones.
fn levels(least: &str) -> Result<Vec<String>, Problem> {
    let at = LEVELS.iter().position(|level| *level == least);
    let at = at.ok_or_else(|| Problem::invalid("?level", format!("A level is one of {}.", LEVELS.join(", "))))?;
    Ok(LEVELS.iter().skip(at).map(|level| (*level).to_owned()).collect())
}

fn log_id(pointer: &str, text: &str) -> Result<i64, Problem> {
    let id = text.parse().ok().filter(|id| *id >= 0);
    id.ok_or_else(|| Problem::invalid(pointer, "It takes the id of a log line, as this API gave it."))
}
