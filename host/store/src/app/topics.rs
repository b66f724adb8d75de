//! Topics of an app, for people: what was published lately, and publishing by hand.

use execution::pubsub::NewMessage;
use jiff::Timestamp;
use serde_json::json;
use triggers::Happened;

use super::AppStore;
use crate::{
    Error, ExecutionId, Result,
    audit::{Subject, Watched},
    data::{jobs::fire, messages},
    time::Time,
};

/// Topics that are listed.
const TOPICS_MAX: i64 = 1_000;
/// Messages of a topic that are shown.
const MESSAGES_SHOWN: i64 = 100;

/// A topic that has messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicEntry {
    pub topic: String,
    /// Those that are kept.
    pub messages: u64,
    pub last_published_at: Timestamp,
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageEntry {
    /// JSON.
    pub message: String,
    pub published_at: Timestamp,
    /// `None`: a person did.
    pub published_by: Option<ExecutionId>,
}

impl AppStore {
    /// Topics with messages that are kept, by name; the first thousand.
    ///
    /// # Errors
    /// The database failed.
    pub async fn topics(&self) -> Result<Vec<TopicEntry>> {
        let rows = sqlx::query!(
            r#"select topic, count(*) as "messages!", max(published_at) as "last!: Time" from messages
            where app_id = $1 group by topic order by topic limit $2"#,
            self.app as _,
            TOPICS_MAX
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list topics"))?;
        let entry = |row: (String, i64, Time)| TopicEntry {
            topic: row.0,
            messages: u64::try_from(row.1).unwrap_or(0),
            last_published_at: row.2.into(),
        };
        Ok(rows.into_iter().map(|row| entry((row.topic, row.messages, row.last))).collect())
    }

    /// The last messages of a topic that are kept, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn messages(&self, topic: &str) -> Result<Vec<MessageEntry>> {
        let rows = sqlx::query!(
            r#"select message, published_at as "published_at: Time", published_by as "published_by: ExecutionId" from messages
            where app_id = $1 and topic = $2 order by xact desc, id desc limit $3"#,
            self.app as _,
            topic,
            MESSAGES_SHOWN
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list messages"))?;
        let entries = rows.into_iter().map(|row| MessageEntry {
            message: row.message,
            published_at: row.published_at.into(),
            published_by: row.published_by,
        });
        Ok(entries.collect())
    }

    /// Publishes a message, with what the app's triggers make of it. The caller has checked both texts.
    ///
    /// # Errors
    /// The database failed.
    pub async fn publish(&self, new: &NewMessage, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "publish a message";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::App(self.app)).await?;
        messages::insert(&mut transaction, self.app, std::slice::from_ref(new), None).await.map_err(Error::sql(OPERATION))?;
        let happened = Happened::Message { topic: &new.topic, message: &new.message };
        fire::of_person(&mut transaction, self.app, "topic", happened).await.map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": new.topic, "bytes": new.message.len() });
        watched.record(&mut transaction, &self.actor, Some(self.app), "message.published", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))
    }
}
