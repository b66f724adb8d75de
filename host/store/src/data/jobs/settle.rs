//! What becomes of a job that did not do its work: later again, or a dead letter.

use std::time::Duration;

use super::{ClaimedJob, LEASE, fire};
use crate::{AppId, Data, Error, ExecutionId, JobId, Result};

/// An attempt that failed.
#[derive(Debug, Clone, Copy)]
pub struct FailedAttempt<'a> {
    /// A kind of failure, or `no_script`.
    pub outcome: &'a str,
    pub message: &'a str,
    /// Whether there is an execution to look at.
    pub has_run: bool,
    /// Whether no further attempt could end otherwise.
    pub is_final: bool,
    /// Spreads those that fail together: any byte.
    pub chance: u8,
}

impl Data {
    /// Ends an attempt that failed: the job is tried again after its pause, or is a dead letter if that was the last one. Returns whether it is one now; of a job that is
    /// not this node's any more nothing happens.
    ///
    /// # Errors
    /// The database failed: the job stays leased, and is delivered again when that is over.
    pub async fn fail_job(&self, job: &ClaimedJob, failed: &FailedAttempt<'_>) -> Result<bool> {
        let number = job.failed.saturating_add(1);
        let is_last = failed.is_final || number >= job.how.attempts;
        let pause = Duration::from_millis(job.how.pause_ms(number, failed.chance));
        const OPERATION: &str = "settle a job";
        let mut transaction = self.runs.data.begin().await.map_err(Error::sql(OPERATION))?;
        let settled = sqlx::query!(
            "update jobs set attempts = $4, execution_id = null, deliveries = 0,
                failed_execution_id = case when $5 then $3::uuid end, failed_outcome = $6, failed_message = $7,
                due_at = now() + make_interval(secs => $8), died_at = case when $9 then now() end
            where app_id = $1 and id = $2 and execution_id = $3",
            job.app as _,
            job.id as _,
            job.execution as _,
            i16::try_from(number).unwrap_or(i16::MAX),
            failed.has_run,
            failed.outcome,
            failed.message.replace('\0', "\u{fffd}"),
            pause.as_secs_f64(),
            is_last
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let is_dead = is_last && settled.rows_affected() > 0;
        if is_dead {
            fire::of_dead_letter(&mut transaction, job.app, job.id).await.map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(is_dead)
    }

    /// Gives a job back that could not be begun. It counts as not tried.
    ///
    /// # Errors
    /// The database failed: the job stays leased.
    pub async fn return_job(&self, job: &ClaimedJob, pause: Duration) -> Result<()> {
        sqlx::query!(
            "update jobs set due_at = now() + make_interval(secs => $4), execution_id = null, deliveries = greatest(deliveries - 1, 0)
            where app_id = $1 and id = $2 and execution_id = $3",
            job.app as _,
            job.id as _,
            job.execution as _,
            pause.as_secs_f64()
        )
        .execute(&self.runs.data)
        .await
        .map_err(Error::sql("return a job"))?;
        Ok(())
    }

    /// Makes everything due that somebody runs, for a process that knows that it is the only one: what runs was left by one that is no more.
    ///
    /// # Errors
    /// The database failed: it is due when its leases are over.
    pub async fn end_leases(&self) -> Result<()> {
        sqlx::query!("update jobs set due_at = now() where execution_id is not null")
            .execute(&self.runs.data)
            .await
            .map_err(Error::sql("end leases"))?;
        Ok(())
    }

    /// Asks for more time for the jobs that this node runs.
    ///
    /// # Errors
    /// The database failed; there is time for some more tries.
    pub async fn extend_leases(&self, running: &[(AppId, JobId, ExecutionId)]) -> Result<()> {
        sqlx::query!(
            "update jobs set due_at = now() + make_interval(secs => $4)
            from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as ours (app_id, id, execution_id)
            where jobs.app_id = ours.app_id and jobs.id = ours.id and jobs.execution_id = ours.execution_id",
            &running.iter().map(|(app, ..)| *app).collect::<Vec<_>>() as &[AppId],
            &running.iter().map(|(_, job, _)| *job).collect::<Vec<_>>() as &[JobId],
            &running.iter().map(|(.., execution)| *execution).collect::<Vec<_>>() as &[ExecutionId],
            LEASE.as_secs_f64()
        )
        .execute(&self.runs.data)
        .await
        .map_err(Error::sql("extend leases"))?;
        Ok(())
    }
}
