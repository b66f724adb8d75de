//! Dead letters, for the executions of their app: read, and decided on in the transaction of who decides.
//!
//! Those who change them otherwise (people, the node on which a job fails) read nothing of the app's state, so that they need not be serializable: each comes before or
//! after. Two who decide on the same one meet at its row.

use std::collections::BTreeMap;

use execution::dead_letters::{DeadLetter, Death, Decision, MESSAGE_CHARS_MAX, Page, Range, Read};
use jiff::Timestamp;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::{AppData, AppId, Error, JobId, Result, time::Time};

struct Row {
    id: Uuid,
    script_name: String,
    payload: Option<String>,
    attempts: i16,
    outcome: String,
    message: String,
    enqueued_at: Timestamp,
    died_at: Timestamp,
}

impl From<Row> for DeadLetter {
    fn from(row: Row) -> Self {
        let Row { id, script_name, payload, attempts, outcome, message, enqueued_at, died_at } = row;
        Self {
            id,
            script: script_name,
            payload,
            attempts: u32::try_from(attempts).unwrap_or(0),
            outcome,
            message,
            enqueued_at_ms: enqueued_at.as_millisecond(),
            death: died_at.as_microsecond(),
        }
    }
}

impl AppData {
    /// One dead letter, with its payload.
    ///
    /// # Errors
    /// The database failed.
    pub async fn dead_letter(&self, id: JobId) -> Result<Option<DeadLetter>> {
        let row = sqlx::query_as!(
            Row,
            r#"select id, script_name, payload as "payload?", attempts, coalesce(failed_outcome, '') as "outcome!",
                left(coalesce(failed_message, ''), $3) as "message!", enqueued_at as "enqueued_at: Time", died_at as "died_at!: Time"
            from jobs where app_id = $1 and id = $2 and died_at is not null"#,
            self.app_id() as _,
            id as _,
            message_chars()
        )
        .fetch_optional(self.pool())
        .await
        .map_err(Error::sql("read a dead letter"))?;
        Ok(row.map(DeadLetter::from))
    }

    /// A page of dead letters without their payloads, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn dead_letters(&self, range: &Range) -> Result<Page> {
        let rows = sqlx::query_as!(
            Row,
            r#"select id, script_name, null as "payload?", attempts, coalesce(failed_outcome, '') as "outcome!",
                left(coalesce(failed_message, ''), $4) as "message!", enqueued_at as "enqueued_at: Time", died_at as "died_at!: Time"
            from jobs where app_id = $1 and died_at is not null and ($2::uuid is null or id > $2) order by id limit $3"#,
            self.app_id() as _,
            range.after,
            one_more(range),
            message_chars()
        )
        .fetch_all(self.pool())
        .await
        .map_err(Error::sql("list dead letters"))?;
        let limit = range.limit as usize;
        Ok(Page { more: rows.len() > limit, entries: rows.into_iter().take(limit).map(DeadLetter::from).collect() })
    }
}

/// Whether everything is still as it was read.
pub(crate) async fn are_still_so(connection: &mut PgConnection, app: AppId, reads: &[Read]) -> sqlx::Result<bool> {
    for read in reads {
        let is_still_so = match read {
            Read::One { id, death } => death_of(&mut *connection, app, *id).await? == *death,
            Read::Page { range, entries, more } => {
                let now = deaths(&mut *connection, app, range).await?;
                let limit = range.limit as usize;
                (now.len() > limit) == *more && now.iter().take(limit).eq(entries)
            }
        };
        if !is_still_so {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn death_of(connection: impl PgExecutor<'_>, app: AppId, id: Uuid) -> sqlx::Result<Option<Death>> {
    let died_at = sqlx::query_scalar!(
        r#"select died_at as "died_at!: Time" from jobs where app_id = $1 and id = $2 and died_at is not null"#,
        app as _,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(died_at.map(|Time(at)| at.as_microsecond()))
}

/// One more than the page has, if there is.
async fn deaths(connection: impl PgExecutor<'_>, app: AppId, range: &Range) -> sqlx::Result<Vec<(Uuid, Death)>> {
    let rows = sqlx::query!(
        r#"select id, died_at as "died_at!: Time" from jobs
        where app_id = $1 and died_at is not null and ($2::uuid is null or id > $2) order by id limit $3"#,
        app as _,
        range.after,
        one_more(range)
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.died_at.0.as_microsecond())).collect())
}

/// Does what was decided. `hops`: calls of PiCloud by PiCloud that led to who decided.
pub(crate) async fn decide(connection: &mut PgConnection, app: AppId, decisions: &BTreeMap<Uuid, Decision>, hops: u8) -> sqlx::Result<()> {
    let depth = |decision: &Decision| match decision {
        Decision::Replay { depth } => Some(i32::try_from(*depth).unwrap_or(i32::MAX)),
        Decision::Resolve => None,
    };
    let (ids, depths): (Vec<Uuid>, Vec<i32>) = decisions.iter().filter_map(|(id, decision)| Some((*id, depth(decision)?))).unzip();
    if !ids.is_empty() {
        replay(connection, app, (&ids, &depths), hops).await?;
    }
    let resolved: Vec<Uuid> = decisions.iter().filter(|(_, decision)| depth(decision).is_none()).map(|(id, _)| *id).collect();
    if !resolved.is_empty() {
        resolve(connection, app, &resolved).await?;
    }
    Ok(())
}

/// Makes jobs of them again, due now and with all their attempts. Neither their depths nor their hops become less.
pub(crate) async fn replay(connection: &mut PgConnection, app: AppId, (ids, depths): (&[Uuid], &[i32]), hops: u8) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs set died_at = null, attempts = 0, due_at = now(), depth = greatest(jobs.depth, again.depth), hops = greatest(hops, $4)
        from unnest($2::uuid[], $3::int[]) as again (id, depth)
        where jobs.app_id = $1 and jobs.id = again.id and jobs.died_at is not null",
        app as _,
        ids,
        depths,
        i16::from(hops)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes them.
pub(crate) async fn resolve(connection: &mut PgConnection, app: AppId, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!("delete from jobs where app_id = $1 and id = any($2) and died_at is not null", app as _, ids).execute(connection).await?;
    Ok(())
}

fn one_more(range: &Range) -> i64 {
    i64::from(range.limit) + 1
}

fn message_chars() -> i32 {
    i32::try_from(MESSAGE_CHARS_MAX).unwrap_or(i32::MAX)
}
