//! Jobs in the transaction of what makes them, and of what they did.

use execution::queue::NewJob;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{AppId, ExecutionId, JobId, time::Time};

/// Jobs that are to be enqueued, and who asked for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewJobs<'a> {
    pub(crate) app: AppId,
    pub(crate) jobs: &'a [NewJob],
    /// `None`: a person did.
    pub(crate) by: Option<ExecutionId>,
    /// Calls of PiCloud by PiCloud that led to who asked.
    pub(crate) hops: u8,
    /// Where in a trace that stands.
    pub(crate) traceparent: Option<&'a str>,
}

/// Enqueues them. They can run when the transaction has committed.
pub(crate) async fn insert(connection: &mut PgConnection, new: NewJobs<'_>) -> sqlx::Result<()> {
    macro_rules! column {
        ($job:ident => $value:expr) => {
            &new.jobs.iter().map(|$job| $value).collect::<Vec<_>>()
        };
    }
    let origin = |job: &NewJob| job.origin.clone();
    let slot = |job: &NewJob| job.origin.as_ref()?.scheduled_at_us.and_then(|us| Timestamp::from_microsecond(us).ok()).map(Time);
    sqlx::query!(
        "insert into jobs (app_id, id, script_name, payload, depth, hops, attempts_max, backoff_ms, growth, trigger_id, event, scheduled_at,
            is_serial, enqueued_at, enqueued_by, due_at, traceparent)
        select $1, id, script_name, payload, depth, $9, attempts_max, backoff_ms, growth, trigger_id, event, scheduled_at,
            is_serial, now(), $8, coalesce(scheduled_at, now()) + make_interval(secs => delay_ms / 1000.0), $16
        from unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::smallint[], $7::int[], $10::bigint[], $11::text[], $12::uuid[],
            $13::text[], $14::timestamptz[], $15::boolean[])
        as new (id, script_name, payload, depth, attempts_max, backoff_ms, delay_ms, growth, trigger_id, event, scheduled_at, is_serial)",
        new.app as _,
        column!(job => job.id),
        column!(job => job.script.as_str()) as &[&str],
        column!(job => job.payload.as_str()) as &[&str],
        column!(job => i32::try_from(job.depth).unwrap_or(i32::MAX)),
        column!(job => i16::try_from(job.how.attempts).unwrap_or(i16::MAX)),
        column!(job => i32::try_from(job.how.backoff_ms).unwrap_or(i32::MAX)),
        new.by as _,
        i16::from(new.hops),
        column!(job => i64::try_from(job.how.delay_ms).unwrap_or(i64::MAX)),
        column!(job => job.how.growth.as_str()) as &[&str],
        column!(job => origin(job).map(|origin| origin.trigger)) as &[Option<Uuid>],
        column!(job => origin(job).map(|origin| origin.event)) as &[Option<String>],
        column!(job => slot(job)) as &[Option<Time>],
        column!(job => job.origin.as_ref().is_some_and(|origin| origin.is_serial)),
        new.traceparent
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes away the job that an execution has done. `false`: it is not this execution's any more, and nothing of it may commit.
pub(crate) async fn finish(connection: &mut PgConnection, app: AppId, job: JobId, execution: ExecutionId) -> sqlx::Result<bool> {
    let gone = sqlx::query!("delete from jobs where app_id = $1 and id = $2 and execution_id = $3", app as _, job as _, execution as _)
        .execute(connection)
        .await?;
    Ok(gone.rows_affected() == 1)
}

/// Jobs of an app, dead letters included, but no more than `max` are counted.
pub(crate) async fn count(connection: &mut PgConnection, app: AppId, max: u64) -> sqlx::Result<u64> {
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let count =
        sqlx::query_scalar!(r#"select count(*) as "count!" from (select from jobs where app_id = $1 limit $2) as counted"#, app as _, max)
            .fetch_one(connection)
            .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}
