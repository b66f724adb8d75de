//! How much there is in the queue, of all apps together.

use crate::{Data, Error, Result};

/// Counting ends here: what is asked every few seconds must not walk through a million rows.
pub const QUEUE_COUNT_MAX: i64 = 10_000;

/// The queue at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct QueueFigures {
    /// Jobs that could run now and don't, up to [`QUEUE_COUNT_MAX`].
    pub due: i64,
    /// Dead letters, up to [`QUEUE_COUNT_MAX`].
    pub dead: i64,
    /// How long the oldest of those that are due has been so, in seconds.
    pub late_seconds: f64,
}

impl Data {
    /// Looks at the queue: two walks along an index, each of [`QUEUE_COUNT_MAX`] entries at most.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_figures(&self) -> Result<QueueFigures> {
        sqlx::query_as!(
            QueueFigures,
            r#"
            select
                (select count(*) from (select 1 from jobs where died_at is null and due_at <= now() limit $1) as due) as "due!",
                (select count(*) from (select 1 from jobs where died_at is not null limit $1) as dead) as "dead!",
                (select greatest(extract(epoch from now() - min(due_at)), 0)::float8 from jobs where died_at is null) as "late_seconds!"
            "#,
            QUEUE_COUNT_MAX
        )
        .fetch_one(&self.runs.data)
        .await
        .map_err(Error::sql("look at the queue"))
    }
}
