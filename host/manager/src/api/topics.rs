//! `/api/v1/admin/topics`: what an app's scripts have published lately, and publishing by hand. A topic stands in the path, percent-encoded; `?app=` says whose it is.

use std::sync::Arc;

use axum::{extract::State as Shared, response::IntoResponse};
use execution::pubsub::{NewMessage, TOPIC_RULE, is_topic};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::{MessageEntry, TopicEntry};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, Path, Query, action},
    listing::Listing,
    members::InApp,
    problem::{Problem, sentence},
};
use crate::State;

/// A topic that has messages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TopicBody {
    app_id: Uuid,
    #[schema(example = "orders/7")]
    topic: String,
    /// Messages that are kept: those of the last five minutes, at least.
    messages: u64,
    #[schema(value_type = String, format = DateTime)]
    last_published_at: Timestamp,
}

/// A message that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageBody {
    /// Any JSON.
    #[schema(value_type = Value)]
    message: Box<RawValue>,
    #[schema(value_type = String, format = DateTime)]
    published_at: Timestamp,
    /// The execution that published it; null if a person did.
    published_by: Option<Uuid>,
}

/// The last messages of a topic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TopicMessages {
    app_id: Uuid,
    #[schema(example = "orders/7")]
    topic: String,
    /// Newest first; at most a hundred, and of the last minutes only.
    messages: Vec<MessageBody>,
}

/// A message that is to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessageBody {
    /// Any JSON.
    message: Value,
}

impl TopicBody {
    fn of(entry: TopicEntry, app_id: Uuid) -> Self {
        let TopicEntry { topic, messages, last_published_at } = entry;
        Self { app_id, topic, messages, last_published_at }
    }
}

impl MessageBody {
    fn of(entry: MessageEntry) -> Self {
        let MessageEntry { message, published_at, published_by } = entry;
        let message = RawValue::from_string(message).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { message, published_at, published_by: published_by.map(Uuid::from) }
    }
}

/// Lists an app's topics that have messages, by name; the first thousand.
#[utoipa::path(
    get, path = "/api/v1/admin/topics", tag = "topics",
    params(InApp),
    responses((status = 200, body = Listing<TopicBody>)),
)]
pub(super) async fn list_topics(app: Authorized<action::DataRead>, _: Query<InApp>) -> Result<Json<Listing<TopicBody>>, Problem> {
    let items = app.topics().await?.into_iter().map(|entry| TopicBody::of(entry, app.app_id().uuid())).collect();
    Ok(Json(Listing { items, next_cursor: None }))
}

/// The last messages of a topic.
#[utoipa::path(
    get, path = "/api/v1/admin/topics/{topic}", tag = "topics",
    params(InApp, ("topic" = String, Path, description = "Percent-encoded.")),
    responses((status = 200, body = TopicMessages)),
)]
pub(super) async fn get_topic(
    app: Authorized<action::DataRead>,
    Path(topic): Path<String>,
    _: Query<InApp>,
) -> Result<Json<TopicMessages>, Problem> {
    let topic = checked(topic)?;
    let messages = app.messages(&topic).await?.into_iter().map(MessageBody::of).collect();
    Ok(Json(TopicMessages { app_id: app.app_id().uuid(), topic, messages }))
}

/// Publishes a message, as scripts do by `pubsub::publish`.
#[utoipa::path(
    post, path = "/api/v1/admin/topics/{topic}", tag = "topics",
    params(InApp, ("topic" = String, Path, description = "Percent-encoded.")),
    request_body = NewMessageBody,
    responses((status = 204)),
)]
pub(super) async fn publish_message(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite>,
    Path(topic): Path<String>,
    _: Query<InApp>,
    Json(body): Json<NewMessageBody>,
) -> Result<impl IntoResponse, Problem> {
    let topic = checked(topic)?;
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.execution;
    let message = body.message.to_string();
    if message.len() as u64 > limits.message_bytes {
        let (bytes, max) = (message.len(), limits.message_bytes);
        return Err(Problem::invalid("/message", format!("The message has {bytes} bytes as JSON, and this app's have at most {max}.")));
    }
    app.publish(&NewMessage { topic, message }, state.now()).await?;
    state.data_plane.published();
    state.data_plane.wake_queue();
    Ok(StatusCode::NO_CONTENT)
}

fn checked(topic: String) -> Result<String, Problem> {
    if is_topic(&topic) { Ok(topic) } else { Err(Problem::invalid("/topic", sentence(TOPIC_RULE))) }
}
