//! What starts scripts of an app by itself: the triggers and schedules of the active deployment, and what is done to them by hand.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use triggers::{Schedule, Trigger};
use uuid::Uuid;

use super::AppStore;
use crate::{
    AppId, DeploymentId, Error, JobId, Listed, Page, Result, Revision, TriggerId,
    audit::{Subject, Watched},
    data::schedules::{self, Run},
    time::{MaybeTime, Time},
};

/// A trigger or schedule of the active deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTrigger {
    pub trigger: Trigger,
    /// Of a schedule, the next slot; `None`: it is paused, or never comes again.
    pub next_at: Option<Timestamp>,
    /// Since when it starts nothing.
    pub paused_at: Option<Timestamp>,
}

impl LiveTrigger {
    /// Of what it is; not of whether it is paused.
    #[must_use]
    pub fn revision(&self) -> Revision {
        revision_of(&self.trigger)
    }
}

/// What became of a slot of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRun {
    pub scheduled_at: Timestamp,
    /// The job that runs it; gone from the queue when it is done.
    pub job: Option<JobId>,
    /// Why there is none: `overlap`, `queue_full` or `no_script`.
    pub skipped: Option<String>,
    /// Slots before it that were missed, and for which it stands.
    pub missed: u32,
    /// Whether a person asked for it.
    pub by_hand: bool,
    pub made_at: Timestamp,
}

pub(super) fn revision_of(trigger: &Trigger) -> Revision {
    Revision::of_row(trigger)
}

struct Row {
    definition: Json<Trigger>,
    next_at: Option<Timestamp>,
    paused_at: Option<Timestamp>,
}

impl From<Row> for LiveTrigger {
    fn from(row: Row) -> Self {
        Self { trigger: row.definition.0, next_at: row.next_at, paused_at: row.paused_at }
    }
}

impl AppStore {
    /// Schedules of the active deployment, or its other triggers, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn triggers(&self, are_schedules: bool, page: Page) -> Result<Listed<LiveTrigger>> {
        let rows = sqlx::query_as!(
            Row,
            r#"select definition as "definition: Json<Trigger>", next_at as "next_at!: MaybeTime", paused_at as "paused_at!: MaybeTime"
            from triggers where app_id = $1 and id > $2 and (kind = 'schedule') = $3 order by id limit $4"#,
            self.app as _,
            page.above(),
            are_schedules,
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list triggers"))?;
        Ok(page.cut(rows.into_iter().map(LiveTrigger::from).collect(), |live| live.trigger.id))
    }

    /// One schedule of the active deployment, or one of its other triggers.
    ///
    /// # Errors
    /// The database failed.
    pub async fn trigger(&self, id: TriggerId, is_schedule: bool) -> Result<Option<LiveTrigger>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get trigger"))?;
        let found = get(&mut connection, self.app, id).await.map_err(Error::sql("get trigger"))?;
        Ok(found.filter(|live| live.trigger.schedule().is_some() == is_schedule))
    }

    /// How many schedules, or other triggers, the active deployment has.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_triggers(&self, are_schedules: bool) -> Result<u64> {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from triggers where app_id = $1 and (kind = 'schedule') = $2"#,
            self.app as _,
            are_schedules
        )
        .fetch_one(&self.pool)
        .await
        .map_err(Error::sql("count triggers"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Pauses a trigger or lets it go on. Of a schedule, slots that come meanwhile have no run. `None`: it is not there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn pause_trigger(&self, id: TriggerId, is_schedule: bool, pause: bool, now: Timestamp) -> Result<Option<LiveTrigger>> {
        const OPERATION: &str = "pause a trigger";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(before) = lock(&mut transaction, self.app, id).await.map_err(Error::sql(OPERATION))? else { return Ok(None) };
        if before.trigger.schedule().is_some() != is_schedule {
            return Ok(None);
        }
        if before.paused_at.is_some() == pause {
            return Ok(Some(before));
        }
        let watched = Watched::before(&mut transaction, Subject::Trigger(self.app, id)).await?;
        let database_now = schedules::now(&mut transaction).await.map_err(Error::sql(OPERATION))?;
        let next_at = if pause { None } else { first_slot(&before.trigger, database_now) };
        sqlx::query!(
            "update triggers set paused_at = case when $3 then now() end, next_at = $4 where app_id = $1 and id = $2",
            self.app as _,
            id as _,
            pause,
            next_at.map(Time) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let after = get(&mut transaction, self.app, id).await.map_err(Error::sql(OPERATION))?;
        let action = match (is_schedule, pause) {
            (true, true) => "schedule.paused",
            (true, false) => "schedule.resumed",
            (false, true) => "trigger.paused",
            (false, false) => "trigger.resumed",
        };
        let details = json!({ "target": id, "name": before.trigger.name });
        watched.record(&mut transaction, &self.actor, Some(self.app), action, details, now).await?;
        crate::listen::notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(after)
    }

    /// Makes a run of a schedule for this moment, paused or not, whatever else of it runs. `None`: there is no such schedule.
    ///
    /// # Errors
    /// [`Error::LimitReached`]: the app has as many jobs as it may.
    pub async fn run_schedule(&self, id: TriggerId, jobs_max: u64, now: Timestamp) -> Result<Option<ScheduleRun>> {
        const OPERATION: &str = "run a schedule";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(live) = lock(&mut transaction, self.app, id).await.map_err(Error::sql(OPERATION))? else { return Ok(None) };
        let Some(schedule) = live.trigger.schedule() else { return Ok(None) };
        let at = schedules::now(&mut transaction).await.map_err(Error::sql(OPERATION))?;
        let script = schedules::script_name(&mut transaction, self.app, live.trigger.script).await.map_err(Error::sql(OPERATION))?;
        let run = Run { app: self.app, trigger: &live.trigger, schedule, script: script.as_deref(), at, missed: 0, by_hand: true };
        let made = run.make(&mut transaction, jobs_max, now).await.map_err(Error::sql(OPERATION))?;
        if made.as_ref().is_some_and(|made| made.skipped == Some("queue_full")) {
            let advice = "run or remove dead letters, or raise the limit queue_jobs";
            return Err(Error::LimitReached { what: "jobs of this app", max: jobs_max, advice });
        }
        let Some(row) = run_at(&mut transaction, self.app, id, at).await.map_err(Error::sql(OPERATION))? else { return Ok(None) };
        let details = json!({ "target": id, "name": live.trigger.name, "job": row.job });
        let watched = Watched::before(&mut transaction, Subject::Trigger(self.app, id)).await?;
        watched.record(&mut transaction, &self.actor, Some(self.app), "schedule.run", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(row))
    }

    /// What became of the slots of a schedule, newest first, as far as it is kept.
    ///
    /// # Errors
    /// The database failed.
    pub async fn schedule_runs(&self, id: TriggerId, page: Page) -> Result<Listed<ScheduleRun>> {
        // The cursor is the slot: microseconds since 1970.
        let below = Timestamp::from_microsecond(i64::try_from(page.below().as_u128()).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
        let rows = sqlx::query_as!(
            RunRow,
            r#"select scheduled_at as "scheduled_at: Time", job_id as "job: JobId", skipped, missed, by_hand, made_at as "made_at: Time"
            from schedule_runs where app_id = $1 and trigger_id = $2 and scheduled_at < $3 order by scheduled_at desc limit $4"#,
            self.app as _,
            id as _,
            Time(below) as _,
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list runs"))?;
        let place = |run: &ScheduleRun| Uuid::from_u128(u128::try_from(run.scheduled_at.as_microsecond()).unwrap_or(0));
        Ok(page.cut(rows.into_iter().map(ScheduleRun::from).collect(), place))
    }
}

struct RunRow {
    scheduled_at: Timestamp,
    job: Option<JobId>,
    skipped: Option<String>,
    missed: i32,
    by_hand: bool,
    made_at: Timestamp,
}

impl From<RunRow> for ScheduleRun {
    fn from(row: RunRow) -> Self {
        let RunRow { scheduled_at, job, skipped, missed, by_hand, made_at } = row;
        Self { scheduled_at, job, skipped, missed: u32::try_from(missed).unwrap_or(0), by_hand, made_at }
    }
}

async fn run_at(connection: &mut PgConnection, app: AppId, id: TriggerId, at: Timestamp) -> sqlx::Result<Option<ScheduleRun>> {
    let row = sqlx::query_as!(
        RunRow,
        r#"select scheduled_at as "scheduled_at: Time", job_id as "job: JobId", skipped, missed, by_hand, made_at as "made_at: Time"
        from schedule_runs where app_id = $1 and trigger_id = $2 and scheduled_at = $3"#,
        app as _,
        id as _,
        Time(at) as _
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(ScheduleRun::from))
}

async fn get(connection: &mut PgConnection, app: AppId, id: TriggerId) -> sqlx::Result<Option<LiveTrigger>> {
    let row = sqlx::query_as!(
        Row,
        r#"select definition as "definition: Json<Trigger>", next_at as "next_at!: MaybeTime", paused_at as "paused_at!: MaybeTime"
        from triggers where app_id = $1 and id = $2"#,
        app as _,
        id as _
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(LiveTrigger::from))
}

/// Whoever looks for slots that are due passes it over until the transaction ends.
async fn lock(connection: &mut PgConnection, app: AppId, id: TriggerId) -> sqlx::Result<Option<LiveTrigger>> {
    sqlx::query!("select from triggers where app_id = $1 and id = $2 for update", app as _, id as _)
        .fetch_optional(&mut *connection)
        .await?;
    get(connection, app, id).await
}

/// All of one deployment, by id.
pub(super) async fn of_deployment(connection: &mut PgConnection, app: AppId, id: DeploymentId) -> Result<Vec<Trigger>> {
    let row = sqlx::query_scalar!(
        r#"select triggers as "triggers: Json<Vec<Trigger>>" from deployments where app_id = $1 and id = $2"#,
        app as _,
        id as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("read triggers"))?;
    Ok(row.map(|Json(triggers)| triggers).unwrap_or_default())
}

/// Makes those of a deployment the live ones. What is the same before and after goes on as if nothing had happened, with the slot that it waits for; what waits for
/// something else begins anew.
pub(super) async fn follow(connection: &mut PgConnection, app: AppId, id: DeploymentId) -> sqlx::Result<()> {
    let Json(all) = sqlx::query_scalar!(
        r#"select triggers as "triggers: Json<Vec<Trigger>>" from deployments where app_id = $1 and id = $2"#,
        app as _,
        id as _
    )
    .fetch_one(&mut *connection)
    .await?;
    let ids: Vec<Uuid> = all.iter().map(|trigger| trigger.id).collect();
    sqlx::query!("delete from triggers where app_id = $1 and id <> all($2)", app as _, &ids).execute(&mut *connection).await?;
    if all.is_empty() {
        return Ok(());
    }
    let now = schedules::now(connection).await?;
    sqlx::query!(
        "insert into triggers (app_id, id, name, kind, script_id, definition, next_at)
        select $1, (definition->>'id')::uuid, definition->>'name', definition->'on'->>'kind', (definition->>'script')::uuid, definition, next_at
        from unnest($2::jsonb[], $3::timestamptz[]) as new (definition, next_at)
        on conflict (app_id, id) do update set name = excluded.name, kind = excluded.kind, script_id = excluded.script_id,
            definition = excluded.definition,
            next_at = case
                when triggers.paused_at is not null then null
                when triggers.definition->'on' = excluded.definition->'on' then triggers.next_at
                else excluded.next_at end",
        app as _,
        &all.iter().map(Json).collect::<Vec<_>>() as &[Json<&Trigger>],
        &all.iter().map(|trigger| first_slot(trigger, now).map(Time)).collect::<Vec<_>>() as &[Option<Time>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The first slot behind `now`. `None` for what is no schedule, or can't be read: another version of PiCloud may have written it.
fn first_slot(trigger: &Trigger, now: Timestamp) -> Option<Timestamp> {
    trigger.schedule().and_then(|schedule: &Schedule| schedule.cron(now).ok())?.next_after(now)
}
