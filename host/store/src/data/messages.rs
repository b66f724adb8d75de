//! Messages to topics: written in the transaction of who publishes, read in the order of the transactions.
//!
//! Numbers are given out before transactions end, so a reader that goes by numbers alone would pass over what commits late. So a message has the number of its
//! transaction, and a reader takes only what is below the oldest transaction that is still running.

use std::{fmt, str::FromStr};

use execution::pubsub::NewMessage;
use sqlx::{PgConnection, PgPool};

use crate::{AppId, Data, Error, ExecutionId, Result};

/// For how long messages are kept for those who come back.
pub const MESSAGES_KEPT_SECONDS: i32 = 300;
/// Messages that one listener is given at once when he comes back.
pub const BACKLOG_MAX: usize = 1_000;
/// Messages of one reading.
const MESSAGES_AT_ONCE: i64 = BACKLOG_MAX as i64;

/// Where a message is among all. What is read later is greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    xact: i64,
    id: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.xact, self.id)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (xact, id) = text.split_once('-').ok_or(())?;
        let number = |text: &str| text.parse().ok().filter(|number| *number >= 0).ok_or(());
        Ok(Self { xact: number(xact)?, id: number(id)? })
    }
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub app: AppId,
    pub topic: String,
    pub position: Position,
    /// JSON.
    pub message: String,
}

/// What there was to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessages {
    /// In order.
    pub messages: Vec<Message>,
    /// Whether more can be read: at once, or as soon as a transaction has ended that was before it.
    pub is_more: bool,
}

struct Row {
    app: AppId,
    topic: String,
    xact: i64,
    id: i64,
    message: String,
}

impl From<Row> for Message {
    fn from(row: Row) -> Self {
        let Row { app, topic, xact, id, message } = row;
        Self { app, topic, position: Position { xact, id }, message }
    }
}

/// Publishes them. They can be read when the transaction has committed.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    app: AppId,
    messages: &[NewMessage],
    by: Option<ExecutionId>,
) -> sqlx::Result<()> {
    let (topics, texts): (Vec<&str>, Vec<&str>) = messages.iter().map(|message| (message.topic.as_str(), message.message.as_str())).unzip();
    sqlx::query!(
        "insert into messages (app_id, topic, message, published_by)
        select $1, topic, message, $4 from unnest($2::text[], $3::text[]) with ordinality as new (topic, message, place) order by place",
        app as _,
        &topics as &[&str],
        &texts as &[&str],
        by as _
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Data {
    /// Behind everything that can be read now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn messages_end(&self) -> Result<Position> {
        messages_end(&self.runs.data).await
    }

    /// The messages of all apps behind a position.
    ///
    /// # Errors
    /// The database failed.
    pub async fn messages_after(&self, after: Position) -> Result<NewMessages> {
        const OPERATION: &str = "read messages";
        let rows = sqlx::query_as!(
            Row,
            r#"
            select app_id as "app: AppId", topic, xact, id, message from messages
            where (xact, id) > ($1, $2) and xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by xact, id limit $3
            "#,
            after.xact,
            after.id,
            MESSAGES_AT_ONCE
        )
        .fetch_all(&self.runs.data)
        .await
        .map_err(Error::sql(OPERATION))?;
        let messages: Vec<Message> = rows.into_iter().map(Message::from).collect();
        let last = messages.last().map_or(after, |message| message.position);
        let is_more =
            sqlx::query_scalar!(r#"select exists (select from messages where (xact, id) > ($1, $2)) as "more!""#, last.xact, last.id)
                .fetch_one(&self.runs.data)
                .await
                .map_err(Error::sql(OPERATION))?;
        Ok(NewMessages { messages, is_more })
    }

    /// Tells the other nodes that there is something to read.
    ///
    /// # Errors
    /// The database failed: they look by themselves after a second.
    pub async fn tell_of_messages(&self) -> Result<()> {
        let mut connection = self.runs.data.acquire().await.map_err(Error::sql("tell of messages"))?;
        crate::listen::notify_messages(&mut connection).await.map_err(Error::sql("tell of messages"))
    }

    /// Removes what nobody can ask for any more. To be called every minute or so, on any node.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn sweep_messages(&self) -> Result<u64> {
        let swept =
            sqlx::query!("delete from messages where published_at < now() - make_interval(secs => $1)", f64::from(MESSAGES_KEPT_SECONDS))
                .execute(&self.runs.data)
                .await
                .map_err(Error::sql("sweep messages"))?;
        Ok(swept.rows_affected())
    }
}

async fn messages_end(pool: &PgPool) -> Result<Position> {
    let xact = sqlx::query_scalar!(r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "xact!""#)
        .fetch_one(pool)
        .await
        .map_err(Error::sql("look for the end of messages"))?;
    Ok(Position { xact, id: 0 })
}

impl super::AppData {
    /// Behind everything that can be read now: where one begins to listen who has heard nothing yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn messages_end(&self) -> Result<Position> {
        messages_end(self.pool()).await
    }

    /// What was published to a topic behind a position, and whether the message there is still kept: if not, there may have been others in between.
    ///
    /// # Errors
    /// The database failed.
    pub async fn backlog(&self, topic: &str, after: Position) -> Result<(Vec<Message>, bool)> {
        const OPERATION: &str = "read messages";
        let is_kept = sqlx::query_scalar!(
            r#"select exists (select from messages where app_id = $1 and xact = $2 and id = $3) as "kept!""#,
            self.app as _,
            after.xact,
            after.id
        )
        .fetch_one(self.pool())
        .await
        .map_err(Error::sql(OPERATION))?;
        let rows = sqlx::query_as!(
            Row,
            r#"
            select app_id as "app: AppId", topic, xact, id, message from messages
            where app_id = $1 and topic = $2 and (xact, id) > ($3, $4) and xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            order by xact, id limit $5
            "#,
            self.app as _,
            topic,
            after.xact,
            after.id,
            MESSAGES_AT_ONCE
        )
        .fetch_all(self.pool())
        .await
        .map_err(Error::sql(OPERATION))?;
        Ok((rows.into_iter().map(Message::from).collect(), is_kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_goes_there_and_back() {
        let position = Position { xact: 7, id: 12 };
        assert_eq!(position.to_string().parse(), Ok(position));
        assert!(Position { xact: 7, id: 12 } < Position { xact: 8, id: 1 });
        for bad in ["", "-", "7", "7-", "-7-1", "7--1", "a-b", "7-12-3", "99999999999999999999-1"] {
            assert_eq!(bad.parse::<Position>(), Err(()), "{bad}");
        }
    }
}
