//! Takes what is due, of all apps in turn.

use execution::queue::Options;
use jiff::Timestamp;
use sqlx::PgConnection;

use super::{ClaimedJob, DELIVERIES_MAX, LEASE, fire};
use crate::{
    AppId, Data, Error, ExecutionId, JobId, Result, TriggerId,
    time::{MaybeTime, Time},
};

/// What a node has room for.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Jobs in all.
    pub jobs_max: u32,
    /// Jobs of an app that is not named below.
    pub per_app_max: u32,
    /// Apps that have room for another number of them.
    pub rooms: &'a [(AppId, u32)],
    /// Only apps behind this one, so that all have their turn; `None`: from the first on.
    pub after: Option<AppId>,
    /// Stamps the ids of executions.
    pub now: Timestamp,
}

/// What there was.
#[derive(Debug, Default)]
pub struct Claimed {
    pub jobs: Vec<ClaimedJob>,
    /// Jobs that were begun too often and are dead letters now.
    pub died: u64,
    /// Where the next call goes on; `None`: there is nothing behind.
    pub next: Option<AppId>,
}

struct Row {
    app: AppId,
    id: JobId,
    script_name: String,
    payload: String,
    depth: i32,
    hops: i16,
    traceparent: Option<String>,
    attempts_max: i16,
    backoff_ms: i32,
    enqueued_at: Timestamp,
    enqueued_by: Option<ExecutionId>,
    growth: String,
    trigger: Option<TriggerId>,
    event: Option<String>,
    scheduled_at: Option<Timestamp>,
    attempts: i16,
    execution: Option<ExecutionId>,
    deliveries: i16,
}

impl Data {
    /// Takes jobs that are due, in the order of their apps and, of one app, of their times. Nobody else gets them until their lease is over.
    ///
    /// # Errors
    /// The database failed: nothing is claimed.
    pub async fn claim_jobs(&self, claim: &Claim<'_>) -> Result<Claimed> {
        let mut transaction = self.runs.data.begin().await.map_err(Error::sql("claim jobs"))?;
        let claimed = claim_in(&mut transaction, claim).await.map_err(Error::sql("claim jobs"))?;
        transaction.commit().await.map_err(Error::sql("claim jobs"))?;
        Ok(claimed)
    }
}

async fn claim_in(connection: &mut PgConnection, claim: &Claim<'_>) -> sqlx::Result<Claimed> {
    let rows = due(connection, claim).await?;
    let next = (rows.len() >= usize::try_from(claim.jobs_max).unwrap_or(usize::MAX)).then(|| rows.last().map(|row| row.app)).flatten();
    let (lost, rows): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.deliveries >= i16::try_from(DELIVERIES_MAX).unwrap_or(i16::MAX));
    let died = bury(connection, &lost).await?;
    let jobs: Vec<_> = rows.into_iter().map(|row| claimed(row, claim.now)).collect();
    lease(connection, &jobs).await?;
    Ok(Claimed { jobs, died, next })
}

/// Walks from one app with jobs to the next by the index, whatever each of them has waiting, and takes a few of each.
async fn due(connection: &mut PgConnection, claim: &Claim<'_>) -> sqlx::Result<Vec<Row>> {
    let (apps, rooms): (Vec<AppId>, Vec<i32>) = claim.rooms.iter().map(|(app, room)| (*app, signed(*room))).unzip();
    sqlx::query_as!(
        Row,
        r#"
        with recursive walk as (
            (select app_id from jobs where died_at is null and ($1::uuid is null or app_id > $1) order by app_id limit 1)
            union all
            select (select j.app_id from jobs j where j.died_at is null and j.app_id > walk.app_id order by j.app_id limit 1)
            from walk where walk.app_id is not null
        )
        select job.app_id as "app: AppId", job.id as "id: JobId", job.script_name, job.payload, job.depth, job.hops, job.traceparent, job.attempts_max,
            job.backoff_ms, job.growth, job.trigger_id as "trigger: TriggerId", job.event, job.scheduled_at as "scheduled_at!: MaybeTime",
            job.enqueued_at as "enqueued_at: Time", job.enqueued_by as "enqueued_by: ExecutionId", job.attempts,
            job.execution_id as "execution: ExecutionId", job.deliveries
        from (select app_id from walk where app_id is not null) as app
        left join unnest($2::uuid[], $3::int[]) as room (app_id, jobs) on room.app_id = app.app_id
        cross join lateral (
            select * from jobs j where j.app_id = app.app_id and j.died_at is null and j.due_at <= now()
                and not (j.is_serial and exists (select from jobs before where before.app_id = j.app_id and before.trigger_id = j.trigger_id
                    and before.scheduled_at < j.scheduled_at and before.died_at is null))
            order by j.due_at, j.id limit coalesce(room.jobs, $4::int) for update skip locked
        ) as job
        limit $5
        "#,
        claim.after as _,
        &apps as &[AppId],
        &rooms,
        signed(claim.per_app_max),
        i64::from(claim.jobs_max)
    )
    .fetch_all(connection)
    .await
}

/// Makes dead letters of what was begun too often.
async fn bury(connection: &mut PgConnection, lost: &[Row]) -> sqlx::Result<u64> {
    if lost.is_empty() {
        return Ok(0);
    }
    let message = format!("its node was lost {DELIVERIES_MAX} times while it ran");
    let buried = sqlx::query!(
        "update jobs set died_at = now(), failed_execution_id = execution_id, failed_outcome = 'lost', failed_message = $3,
            execution_id = null, deliveries = 0
        from unnest($1::uuid[], $2::uuid[]) as lost (app_id, id) where jobs.app_id = lost.app_id and jobs.id = lost.id",
        &lost.iter().map(|row| row.app).collect::<Vec<_>>() as &[AppId],
        &lost.iter().map(|row| row.id).collect::<Vec<_>>() as &[JobId],
        message
    )
    .execute(&mut *connection)
    .await?;
    for row in lost {
        fire::of_dead_letter(connection, row.app, row.id).await?;
    }
    Ok(buried.rows_affected())
}

async fn lease(connection: &mut PgConnection, jobs: &[ClaimedJob]) -> sqlx::Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update jobs set due_at = now() + make_interval(secs => $4), execution_id = ours.execution_id, deliveries = deliveries + 1
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as ours (app_id, id, execution_id)
        where jobs.app_id = ours.app_id and jobs.id = ours.id",
        &jobs.iter().map(|job| job.app).collect::<Vec<_>>() as &[AppId],
        &jobs.iter().map(|job| job.id).collect::<Vec<_>>() as &[JobId],
        &jobs.iter().map(|job| job.execution).collect::<Vec<_>>() as &[ExecutionId],
        LEASE.as_secs_f64()
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn claimed(row: Row, now: Timestamp) -> ClaimedJob {
    let how = Options {
        delay_ms: 0,
        attempts: u32::try_from(row.attempts_max).unwrap_or(1),
        backoff_ms: u64::try_from(row.backoff_ms).unwrap_or(0),
        growth: row.growth.parse().unwrap_or_default(),
    };
    ClaimedJob {
        app: row.app,
        id: row.id,
        execution: row.execution.unwrap_or_else(|| ExecutionId::new(now)),
        script: row.script_name,
        payload: row.payload,
        depth: u32::try_from(row.depth).unwrap_or(u32::MAX),
        hops: u8::try_from(row.hops).unwrap_or(u8::MAX),
        traceparent: row.traceparent,
        how,
        failed: u32::try_from(row.attempts).unwrap_or(0),
        enqueued_at: row.enqueued_at,
        enqueued_by: row.enqueued_by,
        trigger: row.trigger,
        event: row.event,
        scheduled_at: row.scheduled_at,
    }
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
