//! What scripts logged.

use jiff::Timestamp;

use super::AppStore;
use crate::{Error, ExecutionId, Result, ScriptId, time::Time};

/// One line that a script logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Grows in the order in which batches were committed; unique in the instance.
    pub id: i64,
    pub execution: ExecutionId,
    pub script: ScriptId,
    /// `trace`, `info`, `warn` or `error`.
    pub level: String,
    pub message: String,
    /// A JSON object, as text.
    pub fields: Option<String>,
    /// When the execution was accepted.
    pub created_at: Timestamp,
}

/// Which lines are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogQuery {
    /// The newest lines, newest first; before this id if one is given.
    Latest { before: Option<i64> },
    /// The lines that follow an id, oldest first: how a reader resumes.
    After { id: i64 },
}

/// Which of the newest lines are asked for; `None` for any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Those before this id.
    pub before: Option<i64>,
    /// Those of one of these levels.
    pub levels: Option<Vec<String>>,
    /// Those of executions that were accepted then or later.
    pub from: Option<Timestamp>,
    /// Those of executions that were accepted before.
    pub to: Option<Timestamp>,
}

impl AppStore {
    /// At most `limit` lines of the app, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn latest_logs(&self, filter: &LogFilter, limit: u16) -> Result<Vec<LogEntry>> {
        // No row is older than the epoch, and no column as old as a moment can be.
        let moment = |moment: Option<Timestamp>, otherwise: Timestamp| Time(moment.unwrap_or(otherwise).max(Timestamp::UNIX_EPOCH));
        sqlx::query_as!(
            LogEntry,
            r#"
            select id, execution_id as "execution: ExecutionId", script_id as "script: ScriptId", level, message,
                fields, created_at as "created_at: Time"
            from execution_logs
            where app_id = $1 and id < $2 and ($3::text[] is null or level = any($3)) and created_at >= $4 and created_at < $5
            order by id desc limit $6
            "#,
            self.app as _,
            filter.before.unwrap_or(i64::MAX),
            filter.levels.as_deref(),
            moment(filter.from, Timestamp::UNIX_EPOCH) as _,
            moment(filter.to, Timestamp::MAX) as _,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read logs"))
    }

    /// At most `limit` lines of the app.
    ///
    /// # Errors
    /// The database failed.
    pub async fn logs(&self, query: LogQuery, limit: u16) -> Result<Vec<LogEntry>> {
        let rows = match query {
            LogQuery::Latest { before } => return self.latest_logs(&LogFilter { before, ..LogFilter::default() }, limit).await,
            LogQuery::After { id } => {
                sqlx::query_as!(
                    LogEntry,
                    r#"
                    select id, execution_id as "execution: ExecutionId", script_id as "script: ScriptId", level, message,
                        fields, created_at as "created_at: Time"
                    from execution_logs where app_id = $1 and id > $2 order by id limit $3
                    "#,
                    self.app as _,
                    id,
                    i64::from(limit)
                )
                .fetch_all(&self.pool)
                .await
            }
        };
        rows.map_err(Error::sql("read logs"))
    }

    /// All lines of one execution, in the order they were written. Their number is bounded by the log limit of an execution.
    ///
    /// # Errors
    /// The database failed.
    pub async fn execution_logs(&self, id: ExecutionId) -> Result<Vec<LogEntry>> {
        sqlx::query_as!(
            LogEntry,
            r#"
            select id, execution_id as "execution: ExecutionId", script_id as "script: ScriptId", level, message, fields,
                created_at as "created_at: Time"
            from execution_logs where app_id = $1 and created_at = $2 and execution_id = $3 order by id
            "#,
            self.app as _,
            Time(id.created_at()) as _,
            id as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read logs"))
    }
}
