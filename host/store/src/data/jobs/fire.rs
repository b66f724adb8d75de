//! Triggers of what no execution does: of a job that has failed for good, and of what people change. Read where it happens, since nobody there has them in memory.

use sqlx::{PgConnection, types::Json};
use triggers::{DeadJob, Happened, Trigger};
use uuid::Uuid;

use super::{NewJobs, insert};
use crate::{AppId, JobId};

struct Live {
    definition: Json<Trigger>,
    /// Name of its script in the active deployment.
    script: Option<String>,
}

/// What led to it.
#[derive(Default)]
struct Cause<'a> {
    /// Jobs in a row.
    depth: u32,
    /// Calls of PiCloud by PiCloud.
    hops: u8,
    traceparent: Option<&'a str>,
}

/// Enqueues what the triggers of an app make of what a person has done, in his transaction.
pub(crate) async fn of_person(connection: &mut PgConnection, app: AppId, kind: &str, happened: Happened<'_>) -> sqlx::Result<()> {
    fire(connection, app, kind, happened, Cause::default()).await
}

/// Enqueues what the triggers of an app make of a job that is a dead letter now, in the transaction that made it one. One that such a trigger has made makes no other.
pub(crate) async fn of_dead_letter(connection: &mut PgConnection, app: AppId, job: JobId) -> sqlx::Result<()> {
    let dead = sqlx::query!(
        r#"
        select j.script_name, j.payload, j.attempts, j.depth, j.hops, j.traceparent, j.failed_outcome as "outcome!", j.failed_message as "message!",
            coalesce(t.kind = 'dead_letter', false) as "is_of_such!"
        from jobs j left join triggers t on t.app_id = j.app_id and t.id = j.trigger_id where j.app_id = $1 and j.id = $2
        "#,
        app as _,
        job as _
    )
    .fetch_one(&mut *connection)
    .await?;
    if dead.is_of_such {
        return Ok(());
    }
    let told = DeadJob {
        id: job.uuid(),
        script: &dead.script_name,
        payload: &dead.payload,
        attempts: u32::try_from(dead.attempts).unwrap_or(0),
        outcome: &dead.outcome,
        message: &dead.message,
    };
    let cause = Cause {
        depth: u32::try_from(dead.depth).unwrap_or(u32::MAX),
        hops: u8::try_from(dead.hops).unwrap_or(u8::MAX),
        traceparent: dead.traceparent.as_deref(),
    };
    fire(connection, app, "dead_letter", Happened::DeadLetter { job: &told }, cause).await
}

async fn fire(connection: &mut PgConnection, app: AppId, kind: &str, happened: Happened<'_>, cause: Cause<'_>) -> sqlx::Result<()> {
    let Cause { depth, hops, traceparent } = cause;
    let live = sqlx::query_as!(
        Live,
        r#"
        select t.definition as "definition: Json<Trigger>", s.name as "script?"
        from triggers t join apps a on a.id = t.app_id
            left join deployment_scripts s on s.app_id = a.id and s.deployment_id = a.active_deployment_id and s.script_id = t.script_id
        where t.app_id = $1 and t.kind = $2 and t.paused_at is null order by t.id
        "#,
        app as _,
        kind
    )
    .fetch_all(&mut *connection)
    .await?;
    if live.is_empty() {
        return Ok(());
    }
    let triggers: Vec<Trigger> = live.iter().map(|live| live.definition.0.clone()).collect();
    let script = |id: Uuid| live.iter().find(|live| live.definition.0.script == id)?.script.clone();
    let jobs = triggers::jobs(&triggers, std::iter::once(happened), depth, script);
    if jobs.is_empty() {
        return Ok(());
    }
    insert(connection, NewJobs { app, jobs: &jobs, by: None, hops, traceparent }).await
}
