//! An app's queue, for people who look into it and mend it: what waits, what runs, and the dead letters.

use execution::queue::{Growth, NewJob};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor};

use super::AppStore;
use crate::{
    Error, ExecutionId, JobId, Listed, Page, Result, Revision, Thing, TriggerId,
    audit::{Subject, Watched},
    data::jobs::{self, NewJobs, dead_letters},
    error::violates,
    time::{MaybeTime, Time},
};

/// A job, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    /// Name of the endpoint.
    pub script: String,
    /// JSON.
    pub payload: String,
    /// Jobs that led to it, itself included.
    pub depth: u32,
    pub attempts_max: u32,
    /// The pause after the first failure, in milliseconds.
    pub backoff_ms: u64,
    /// How the pauses grow.
    pub growth: Growth,
    /// The trigger or schedule that made it; `None`: somebody enqueued it.
    pub trigger: Option<TriggerId>,
    /// The slot, if a schedule made it.
    pub scheduled_at: Option<Timestamp>,
    pub enqueued_at: Timestamp,
    /// `None`: a person did.
    pub enqueued_by: Option<ExecutionId>,
    /// Attempts that have failed.
    pub attempts: u32,
    /// When it runs; `None`: it runs, or is a dead letter.
    pub due_at: Option<Timestamp>,
    /// The execution that runs it.
    pub execution: Option<ExecutionId>,
    /// Why the last attempt failed.
    pub failed: Option<JobFailure>,
    /// Since when it is a dead letter.
    pub died_at: Option<Timestamp>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// `None`: nothing ran.
    pub execution: Option<ExecutionId>,
    /// A kind of failure, `no_script` or `lost`.
    pub outcome: String,
    pub message: String,
}

struct Row {
    id: JobId,
    script_name: String,
    payload: String,
    depth: i32,
    attempts_max: i16,
    backoff_ms: i32,
    growth: String,
    trigger: Option<TriggerId>,
    scheduled_at: Option<Timestamp>,
    enqueued_at: Timestamp,
    enqueued_by: Option<ExecutionId>,
    attempts: i16,
    due_at: Timestamp,
    execution: Option<ExecutionId>,
    failed_execution: Option<ExecutionId>,
    failed_outcome: Option<String>,
    failed_message: Option<String>,
    died_at: Option<Timestamp>,
}

impl From<Row> for Job {
    fn from(row: Row) -> Self {
        let failure = |outcome| JobFailure { execution: row.failed_execution, outcome, message: row.failed_message.unwrap_or_default() };
        Self {
            id: row.id,
            script: row.script_name,
            payload: row.payload,
            depth: u32::try_from(row.depth).unwrap_or(0),
            attempts_max: u32::try_from(row.attempts_max).unwrap_or(0),
            backoff_ms: u64::try_from(row.backoff_ms).unwrap_or(0),
            growth: row.growth.parse().unwrap_or_default(),
            trigger: row.trigger,
            scheduled_at: row.scheduled_at,
            enqueued_at: row.enqueued_at,
            enqueued_by: row.enqueued_by,
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            due_at: (row.execution.is_none() && row.died_at.is_none()).then_some(row.due_at),
            execution: row.execution,
            failed: row.failed_outcome.map(failure),
            died_at: row.died_at,
        }
    }
}

impl Job {
    /// Of its state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of_row(self)
    }
}

impl AppStore {
    /// Jobs that wait or run, or the dead letters, oldest first. Without their payloads.
    ///
    /// # Errors
    /// The database failed.
    pub async fn jobs(&self, are_dead: bool, page: Page) -> Result<Listed<Job>> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            select id as "id: JobId", script_name, '' as "payload!", depth, attempts_max, backoff_ms, growth, trigger_id as "trigger: TriggerId",
                scheduled_at as "scheduled_at!: MaybeTime", enqueued_at as "enqueued_at: Time",
                enqueued_by as "enqueued_by: ExecutionId", attempts, due_at as "due_at: Time", execution_id as "execution: ExecutionId",
                failed_execution_id as "failed_execution: ExecutionId", failed_outcome, failed_message, died_at as "died_at!: MaybeTime"
            from jobs where app_id = $1 and id > $2 and (died_at is not null) = $3 order by id limit $4
            "#,
            self.app as _,
            page.above(),
            are_dead,
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list jobs"))?;
        Ok(page.cut(rows.into_iter().map(Job::from).collect(), |job| job.id.uuid()))
    }

    /// One job that waits or runs, or one dead letter.
    ///
    /// # Errors
    /// The database failed.
    pub async fn job(&self, id: JobId, is_dead: bool) -> Result<Option<Job>> {
        Ok(self.find_job(&self.pool, id).await?.filter(|job| job.died_at.is_some() == is_dead))
    }

    /// Enqueues a job. The caller has checked it.
    ///
    /// # Errors
    /// [`Error::LimitReached`]: the app has as many jobs as it may.
    pub async fn enqueue(&self, job: &NewJob, jobs_max: u64, now: Timestamp) -> Result<Job> {
        const OPERATION: &str = "enqueue a job";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        if jobs::count(&mut transaction, self.app, jobs_max).await.map_err(Error::sql(OPERATION))? >= jobs_max {
            let advice = "run or remove dead letters, or raise the limit queue_jobs";
            return Err(Error::LimitReached { what: "jobs of this app", max: jobs_max, advice });
        }
        let new = NewJobs { app: self.app, jobs: std::slice::from_ref(job), by: None, hops: 0, traceparent: None };
        jobs::insert(&mut transaction, new)
            .await
            .map_err(|error| if violates(&error, "jobs_app_fkey") { self.gone() } else { Error::sql(OPERATION)(error) })?;
        let id = JobId::from(job.id);
        let made = self.find_job(&mut *transaction, id).await?.ok_or_else(|| self.gone())?;
        let details = json!({ "target": id, "script": made.script, "attempts_max": made.attempts_max });
        let watched = Watched::new(Subject::Job(self.app, id));
        watched.record(&mut transaction, &self.actor, Some(self.app), "job.enqueued", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// Removes a job that waits or runs, or a dead letter. One that runs comes to nothing: what it does is not committed. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Changed`]: it is not at `expected`.
    pub async fn delete_job(&self, id: JobId, is_dead: bool, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "remove a job";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(before) = self.lock_job(&mut transaction, id, is_dead, expected).await? else { return Ok(false) };
        let watched = Watched::before(&mut transaction, Subject::Job(self.app, id)).await?;
        sqlx::query!("delete from jobs where app_id = $1 and id = $2", self.app as _, id as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let action = if is_dead { "dead_letter.deleted" } else { "job.deleted" };
        let details = json!({ "target": id, "script": before.script, "attempts": before.attempts });
        watched.record(&mut transaction, &self.actor, Some(self.app), action, details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }

    /// Makes a job of a dead letter again, with all its attempts. `None`: it is not there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn replay_dead_letter(&self, id: JobId, now: Timestamp) -> Result<Option<Job>> {
        const OPERATION: &str = "replay a dead letter";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(before) = self.lock_job(&mut transaction, id, true, None).await? else { return Ok(None) };
        let watched = Watched::before(&mut transaction, Subject::Job(self.app, id)).await?;
        // A person begins anew: the chain that led there is as long as it was.
        dead_letters::replay(&mut transaction, self.app, (&[id.uuid()], &[0]), 0).await.map_err(Error::sql(OPERATION))?;
        let after = self.find_job(&mut *transaction, id).await?;
        let details = json!({ "target": id, "script": before.script, "attempts": before.attempts });
        watched.record(&mut transaction, &self.actor, Some(self.app), "dead_letter.replayed", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(after)
    }

    /// Whoever runs it, or changes it, waits until the transaction ends.
    async fn lock_job(&self, connection: &mut PgConnection, id: JobId, is_dead: bool, expected: Option<&Revision>) -> Result<Option<Job>> {
        sqlx::query!("select from jobs where app_id = $1 and id = $2 for update", self.app as _, id as _)
            .fetch_optional(&mut *connection)
            .await
            .map_err(Error::sql("lock a job"))?;
        let job = self.find_job(connection, id).await?.filter(|job| job.died_at.is_some() == is_dead);
        if let Some(job) = &job {
            job.revision().check(if is_dead { Thing::DeadLetter } else { Thing::Job }, expected)?;
        }
        Ok(job)
    }

    async fn find_job(&self, connection: impl PgExecutor<'_>, id: JobId) -> Result<Option<Job>> {
        let row = sqlx::query_as!(
            Row,
            r#"
            select id as "id: JobId", script_name, payload, depth, attempts_max, backoff_ms, growth, trigger_id as "trigger: TriggerId",
                scheduled_at as "scheduled_at!: MaybeTime", enqueued_at as "enqueued_at: Time",
                enqueued_by as "enqueued_by: ExecutionId", attempts, due_at as "due_at: Time", execution_id as "execution: ExecutionId",
                failed_execution_id as "failed_execution: ExecutionId", failed_outcome, failed_message, died_at as "died_at!: MaybeTime"
            from jobs where app_id = $1 and id = $2
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("get job"))?;
        Ok(row.map(Job::from))
    }
}
