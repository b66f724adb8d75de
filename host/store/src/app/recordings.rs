//! Recordings of an app's executions.

use jiff::Timestamp;
use vault::Wrapped;

use super::AppStore;
use crate::{Error, ExecutionId, Listed, Page, Result, ScriptId, runs::recordings, time::Time};

/// A recording that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingEntry {
    pub execution: ExecutionId,
    pub script: ScriptId,
    /// As it is kept: compressed.
    pub bytes: u32,
    /// `ok` or the kind of failure; `None`: the row of the execution is gone.
    pub outcome: Option<String>,
    pub created_at: Timestamp,
}

impl AppStore {
    /// The app's recordings, newest first, of one script if it is named.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recordings(&self, script: Option<ScriptId>, page: Page) -> Result<Listed<RecordingEntry>> {
        let below = ExecutionId::from(page.below());
        let until = if page.is_first() { Timestamp::MAX } else { below.created_at() };
        let rows = sqlx::query!(
            r#"
            select r.execution_id as "execution: ExecutionId", r.script_id as "script: ScriptId", r.bytes, e.outcome as "outcome?",
                r.created_at as "created_at: Time"
            from recordings r
            left join executions e on e.app_id = r.app_id and e.created_at = r.created_at and e.id = r.execution_id
            where r.app_id = $1 and r.created_at <= $2 and (r.created_at, r.execution_id) < ($2, $3) and ($4::uuid is null or r.script_id = $4)
            order by r.created_at desc, r.execution_id desc limit $5
            "#,
            self.app as _,
            Time(until) as _,
            below as _,
            script as _,
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list recordings"))?;
        let entries = rows.into_iter().map(|row| RecordingEntry {
            execution: row.execution,
            script: row.script,
            bytes: u32::try_from(row.bytes).unwrap_or(0),
            outcome: row.outcome,
            created_at: row.created_at.into(),
        });
        Ok(page.cut(entries.collect(), |entry: &RecordingEntry| entry.execution.uuid()))
    }

    /// The newest recordings of each script, `total_max` in all, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn newest_recordings(&self, per_script: u32, total_max: u32) -> Result<Vec<ExecutionId>> {
        sqlx::query_scalar!(
            r#"
            select execution_id as "execution: ExecutionId" from (
                select execution_id, created_at,
                    row_number() over (partition by script_id order by created_at desc, execution_id desc) as place
                from recordings where app_id = $1
            ) as placed where place <= $2 order by created_at desc, execution_id desc limit $3
            "#,
            self.app as _,
            i64::from(per_script),
            i64::from(total_max)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list recordings"))
    }

    /// The text of a recording: JSON without secrets. `None`: the execution was not recorded, or its recording is gone.
    ///
    /// # Errors
    /// [`Error::Sealing`]: it does not open.
    pub async fn recording(&self, execution: ExecutionId) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query!(
            r#"
            select r.sealed, k.id, k.master, k.sealed as key from recordings r join secret_keys k on k.app_id = r.app_id
            where r.app_id = $1 and r.created_at = $2 and r.execution_id = $3
            "#,
            self.app as _,
            Time(execution.created_at()) as _,
            execution as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("read recording"))?;
        let Some(row) = row else { return Ok(None) };
        let vault = self.vault.as_ref().ok_or(Error::NoVault)?;
        let key = Wrapped { id: row.id, master: row.master, sealed: row.key };
        recordings::open(vault, self.app, &key, execution, &row.sealed).map(Some)
    }
}
