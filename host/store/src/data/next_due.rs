//! When there is something to do next, of all apps.

use crate::{Data, Error, Result};

/// In how many milliseconds things are due; negative if it was before now, `None`: there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NextDue {
    /// The next job, or the next one that counts as lost.
    pub job_ms: Option<i64>,
    /// The next slot of a schedule.
    pub slot_ms: Option<i64>,
}

impl Data {
    /// Looks for jobs and slots in one question: it is all that an idle node asks.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_due(&self) -> Result<NextDue> {
        sqlx::query_as!(
            NextDue,
            "select (extract(epoch from (select min(due_at) from jobs where died_at is null) - now()) * 1000)::bigint as job_ms,
                (extract(epoch from (select min(next_at) from triggers where next_at is not null) - now()) * 1000)::bigint as slot_ms"
        )
        .fetch_one(&self.runs.data)
        .await
        .map_err(Error::sql("look for what is due next"))
    }
}
