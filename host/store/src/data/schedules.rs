//! Makes the runs of schedules that are due. Any number of nodes may do it at once: each schedule is one node's at a time, and a slot has one run at most (S-9.5).

use execution::queue::{NewJob, Origin};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use triggers::{Overlap, Schedule, Slot, Trigger, due};
use uuid::Uuid;

use super::jobs::{self, NewJobs};
use crate::{AppId, Data, Error, JobId, Result, time::Time};

/// Schedules of one transaction.
const SCHEDULES_AT_ONCE: i64 = 64;
/// What became of slots is remembered for so long.
const RUNS_KEPT_DAYS: i32 = 7;

/// What a look at the schedules came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Materialized {
    /// Runs that were put into queues.
    pub runs: u64,
    /// Slots that have none, by their schedule's policy or for want of room.
    pub skipped: u64,
    /// Whether more are due: look again.
    pub is_more_due: bool,
}

struct Row {
    app: AppId,
    definition: Json<Trigger>,
    next_at: Timestamp,
    now: Timestamp,
    /// Name of its script in the active deployment.
    script: Option<String>,
}

impl Data {
    /// Puts the runs that are due into their apps' queues, by the clock of the database. `jobs_max`: how many jobs an app may have.
    ///
    /// # Errors
    /// The database failed: nothing was made, and the same is due again.
    pub async fn materialize_schedules(&self, jobs_max: impl Fn(AppId) -> u64, now: Timestamp) -> Result<Materialized> {
        const OPERATION: &str = "make runs of schedules";
        let mut transaction = self.runs.data.begin().await.map_err(Error::sql(OPERATION))?;
        let rows = due_rows(&mut transaction).await.map_err(Error::sql(OPERATION))?;
        let mut done = Materialized { is_more_due: rows.len() as i64 == SCHEDULES_AT_ONCE, ..Materialized::default() };
        for row in rows {
            let most = jobs_max(row.app);
            materialize(&mut transaction, &row, most, now, &mut done).await.map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(done)
    }

    /// Forgets what became of slots some days ago. To be called now and then, on any node.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn forget_schedule_runs(&self) -> Result<u64> {
        let forgotten = sqlx::query!("delete from schedule_runs where made_at < now() - make_interval(days => $1)", RUNS_KEPT_DAYS)
            .execute(&self.runs.data)
            .await
            .map_err(Error::sql("forget runs of schedules"))?;
        Ok(forgotten.rows_affected())
    }
}

async fn due_rows(connection: &mut PgConnection) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select t.app_id as "app: AppId", t.definition as "definition: Json<Trigger>", t.next_at as "next_at!: Time", now() as "now!: Time",
            (select s.name from apps a join deployment_scripts s on s.app_id = a.id and s.deployment_id = a.active_deployment_id
                where a.id = t.app_id and s.script_id = t.script_id) as script
        from triggers t where t.next_at <= now() order by t.next_at limit $1 for update of t skip locked
        "#,
        SCHEDULES_AT_ONCE
    )
    .fetch_all(connection)
    .await
}

async fn materialize(connection: &mut PgConnection, row: &Row, jobs_max: u64, now: Timestamp, done: &mut Materialized) -> sqlx::Result<()> {
    let trigger = &row.definition.0;
    // What can't be read starts nothing; whoever wrote it can.
    let parsed = trigger.schedule().and_then(|schedule| Some((schedule, schedule.cron(row.now).ok()?)));
    let next = match parsed {
        None => None,
        Some((schedule, cron)) => {
            let due = due(&cron, schedule.catch_up, row.next_at, row.now);
            for Slot { at, missed } in due.slots {
                let run = Run { app: row.app, trigger, schedule, script: row.script.as_deref(), at, missed, by_hand: false };
                match run.make(connection, jobs_max, now).await? {
                    Some(Made { skipped: None }) => done.runs += 1,
                    Some(_) => done.skipped += 1,
                    // It has been made before: its schedule was taken away and brought back within a slot.
                    None => {}
                }
            }
            done.is_more_due |= due.next.is_some_and(|next| next <= row.now);
            due.next
        }
    };
    sqlx::query!("update triggers set next_at = $3 where app_id = $1 and id = $2", row.app as _, trigger.id, next.map(Time) as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// One run of a schedule.
pub(crate) struct Run<'a> {
    pub(crate) app: AppId,
    pub(crate) trigger: &'a Trigger,
    pub(crate) schedule: &'a Schedule,
    /// `None`: the active deployment has it no more.
    pub(crate) script: Option<&'a str>,
    pub(crate) at: Timestamp,
    pub(crate) missed: u32,
    pub(crate) by_hand: bool,
}

/// What became of a slot.
pub(crate) struct Made {
    /// Why there is no run of it.
    pub(crate) skipped: Option<&'static str>,
}

impl Run<'_> {
    /// Notes what becomes of the slot, and makes its job. `None`: that was done before.
    pub(crate) async fn make(&self, connection: &mut PgConnection, jobs_max: u64, now: Timestamp) -> sqlx::Result<Option<Made>> {
        let skipped = self.reason_to_skip(connection, jobs_max).await?;
        let job = skipped.is_none().then(|| JobId::new(now));
        let noted = sqlx::query!(
            "insert into schedule_runs (app_id, trigger_id, scheduled_at, job_id, skipped, missed, by_hand)
            values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            self.app as _,
            self.trigger.id,
            Time(self.at) as _,
            job as _,
            skipped,
            i32::try_from(self.missed).unwrap_or(i32::MAX),
            self.by_hand
        )
        .execute(&mut *connection)
        .await?;
        if noted.rows_affected() == 0 {
            return Ok(None);
        }
        if let (Some(job), Some(script)) = (job, self.script) {
            let job = self.job(job, script);
            jobs::insert(connection, NewJobs { app: self.app, jobs: &[job], by: None, hops: 0, traceparent: None }).await?;
        }
        Ok(Some(Made { skipped }))
    }

    async fn reason_to_skip(&self, connection: &mut PgConnection, jobs_max: u64) -> sqlx::Result<Option<&'static str>> {
        if self.script.is_none() {
            return Ok(Some("no_script"));
        }
        if self.schedule.overlap == Overlap::Skip && !self.by_hand && runs(connection, self.app, self.trigger.id).await? {
            return Ok(Some("overlap"));
        }
        let is_full = jobs::count(connection, self.app, jobs_max).await? >= jobs_max;
        Ok(is_full.then_some("queue_full"))
    }

    fn job(&self, id: JobId, script: &str) -> NewJob {
        let Self { trigger, schedule, at, missed, by_hand, .. } = self;
        let scheduled_at_ms = at.as_millisecond();
        let event = json!({ "schedule": trigger.name, "scheduled_at": scheduled_at_ms, "missed": missed, "by_hand": by_hand }).to_string();
        let delay_ms = if *by_hand { 0 } else { schedule.jitter_ms(trigger.id, *at) };
        NewJob {
            id: id.uuid(),
            script: script.to_owned(),
            payload: schedule.payload.clone(),
            depth: 1,
            how: trigger.retry.options(delay_ms),
            origin: Some(Origin {
                trigger: trigger.id,
                event,
                scheduled_at_us: Some(at.as_microsecond()),
                is_serial: schedule.overlap == Overlap::Queue && !by_hand,
            }),
        }
    }
}

/// Whether a run of the schedule has not ended.
async fn runs(connection: &mut PgConnection, app: AppId, trigger: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from jobs
            where app_id = $1 and trigger_id = $2 and scheduled_at is not null and died_at is null) as "runs!""#,
        app as _,
        trigger
    )
    .fetch_one(connection)
    .await
}

/// The clock of the database, which decides what is due.
pub(crate) async fn now(connection: &mut PgConnection) -> sqlx::Result<Timestamp> {
    sqlx::query_scalar!(r#"select now() as "now!: Time""#).fetch_one(connection).await.map(Timestamp::from)
}

/// What a script is called in the active deployment; `None`: it is not in it.
pub(crate) async fn script_name(connection: &mut PgConnection, app: AppId, script: Uuid) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select s.name from apps a join deployment_scripts s on s.app_id = a.id and s.deployment_id = a.active_deployment_id
        where a.id = $1 and s.script_id = $2",
        app as _,
        script
    )
    .fetch_optional(connection)
    .await
}
