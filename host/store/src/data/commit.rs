//! The end of an execution: what it read is read again, what it wrote is written, and its row with it, in one serializable transaction.

use std::{collections::BTreeMap, time::Duration};

use execution::{Effects, kv::Write, queue::NewJob};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::{
    AppData, Quota,
    files::{self, FileUsage, write::Rows},
    jobs::{self, NewJobs, dead_letters},
    kv, messages,
    usage::{self, Usage},
};
use crate::{
    AppId, Error, NewExecution, Result,
    error::sqlstate,
    runs::{day_of, insert_executions, lacks_partition},
    time::Time,
};

/// Tries of one commit. What was read is read again in each, so the script need not be run again for it.
const TRIES: u32 = 12;
/// The pause before the second try; each further one may be longer by as much.
const PAUSE: Duration = Duration::from_millis(2);

/// What is to be committed.
#[derive(Debug)]
pub struct Commit<'a> {
    pub effects: &'a Effects,
    /// The moment of the execution: what had expired by then was not there for it.
    pub now: jiff::Timestamp,
    pub quota: Quota,
    /// What the app's triggers make of it; enqueued with it.
    pub triggered: &'a [NewJob],
    /// Calls of PiCloud by PiCloud that led to the execution.
    pub hops: u8,
    /// Where in a trace it stands, for what goes on from it (W3C `traceparent`).
    pub traceparent: Option<&'a str>,
    /// The row of the execution. If that ran a job, the job is gone with the commit, which does not happen if it is not this execution's any more.
    /// `None`: nothing is written and the row comes later; it is only asked whether what was read is still so.
    pub row: Option<&'a NewExecution>,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Everything is in the database, for good.
    Yes,
    /// Nothing is: something that was read has changed. The script can be run again.
    Conflict,
    /// Nothing is: one of these keys, which the script counts on, holds something else than a whole number, or it would leave 64 bits.
    NotANumber { keys: Vec<String> },
    /// Nothing is: the app would keep more keys and values than it may.
    OverQuota,
    /// Nothing is: the job was removed, or was delivered again and is done.
    NotItsJob,
    /// Nothing is: the app would have more jobs than it may.
    OverJobQuota,
    /// Nothing is: the app would keep more files than it may, those included that it has replaced and that are not swept yet.
    OverFileQuota,
}

impl AppData {
    /// Commits an execution.
    ///
    /// # Errors
    /// The database failed. Nothing is written, unless the connection broke at the very end: then it may be, whole.
    pub async fn commit(&self, commit: &Commit<'_>) -> Result<Committed> {
        debug_assert!(commit.row.is_none_or(|row| row.app == self.app), "the row of another app's execution");
        let rows = self.file_rows(commit.effects)?;
        if let Some(ended) = self.keep_blobs(commit, &rows).await? {
            return Ok(ended);
        }
        match self.try_commit(commit, &rows).await {
            Err(error) if lacks_partition(&error) => {
                self.runs.make_days(&commit.row.iter().map(|row| day_of(row.id)).collect()).await?;
                self.try_commit(commit, &rows).await
            }
            ended => ended,
        }
        .map_err(Error::sql("commit an execution"))
    }

    async fn try_commit(&self, commit: &Commit<'_>, rows: &Rows<'_>) -> sqlx::Result<Committed> {
        let most = most_added(&commit.effects.writes);
        let is_strict = most != Usage::default() && !self.is_far_from(commit.quota, most).await?;
        if self.is_over_job_quota(commit).await? {
            return Ok(Committed::OverJobQuota);
        }
        let is_strict = Strict { keys: is_strict, files: self.is_near_file_quota(commit).await? };
        for attempt in 1.. {
            match self.attempt(commit, rows, is_strict, attempt).await {
                Err(error) if is_not_a_number(&error) => return Ok(Committed::NotANumber { keys: counted(&commit.effects.writes) }),
                Err(error) if is_crossed(&error) && attempt < TRIES => tokio::time::sleep(pause(commit, attempt)).await,
                Err(error) if is_crossed(&error) => break,
                ended => return ended,
            }
        }
        Ok(Committed::Conflict)
    }

    /// Looked at before the transaction, in which all that make jobs would cross each other: those that commit at the same moment may
    /// exceed the quota together, by no more than each of them makes.
    async fn is_over_job_quota(&self, commit: &Commit<'_>) -> sqlx::Result<bool> {
        let new = (commit.effects.jobs.len() + commit.triggered.len()) as u64;
        if new == 0 {
            return Ok(false);
        }
        let mut connection = self.pool().acquire().await?;
        Ok(jobs::count(&mut connection, self.app, commit.quota.jobs).await? + new > commit.quota.jobs)
    }

    async fn is_near_file_quota(&self, commit: &Commit<'_>) -> sqlx::Result<bool> {
        let most = files::most_added(&commit.effects.file_writes);
        if most == FileUsage::default() {
            return Ok(false);
        }
        let mut connection = self.pool().acquire().await?;
        Ok(!files::usage(&mut connection, self.app).await?.is_far_from(commit.quota, most))
    }

    async fn attempt(&self, commit: &Commit<'_>, rows: &Rows<'_>, is_strict: Strict, attempt: u32) -> sqlx::Result<Committed> {
        let Commit { effects, now, quota, triggered, hops, traceparent, row } = *commit;
        let mut transaction = serializable(self.pool()).await?;
        if let Some((job, row)) = row.and_then(|row| Some((row.job?, row)))
            && !jobs::finish(&mut transaction, self.app, job, row.id).await?
        {
            return Ok(Committed::NotItsJob);
        }
        if !kv::are_still_so(&mut transaction, self.app, &effects.reads, now).await?
            || !files::are_still_so(&mut transaction, self.app, &effects.file_reads).await?
            || !dead_letters::are_still_so(&mut transaction, self.app, &effects.dead_letter_reads).await?
        {
            return Ok(Committed::Conflict);
        }
        if !effects.writes.is_empty() {
            let change = write(&mut transaction, self.app, &effects.writes, now).await?;
            usage::add(&mut transaction, self.app, stripe(row, attempt), change).await?;
            let grows = change.keys > 0 || change.bytes > 0;
            if is_strict.keys && grows && !quota.allows(usage::usage(&mut transaction, self.app).await?) {
                return Ok(Committed::OverQuota);
            }
        }
        if !rows.is_empty() {
            let change = files::write(&mut transaction, self.app, rows, now).await?;
            files::add(&mut transaction, self.app, stripe(row, attempt), change).await?;
            if is_strict.files && change.grows() && !files::usage(&mut transaction, self.app).await?.is_within(quota) {
                return Ok(Committed::OverFileQuota);
            }
        }
        dead_letters::decide(&mut transaction, self.app, &effects.decisions, hops).await?;
        let by = row.map(|row| row.id);
        for jobs in [&effects.jobs, triggered].into_iter().filter(|jobs| !jobs.is_empty()) {
            jobs::insert(&mut transaction, NewJobs { app: self.app, jobs, by, hops, traceparent }).await?;
        }
        if !effects.messages.is_empty() {
            messages::insert(&mut transaction, self.app, &effects.messages, by).await?;
        }
        if let Some(row) = row {
            insert_executions(&mut transaction, std::slice::from_ref(row)).await?;
        }
        transaction.commit().await?;
        Ok(Committed::Yes)
    }
}

/// Whether the quota is so near that it is looked at inside of the transaction.
#[derive(Debug, Clone, Copy)]
struct Strict {
    keys: bool,
    files: bool,
}

/// Writes for somebody who is no execution, inside his serializable transaction. `false`: the app would keep more than it may, and the transaction must not commit.
pub(crate) async fn change_kv(
    connection: &mut PgConnection,
    app: AppId,
    writes: &BTreeMap<String, Write>,
    now: jiff::Timestamp,
    quota: Quota,
) -> sqlx::Result<bool> {
    let change = write(connection, app, writes, now).await?;
    usage::add(connection, app, 0, change).await?;
    let grows = change.keys > 0 || change.bytes > 0;
    Ok(!grows || quota.allows(usage::usage(connection, app).await?))
}

async fn serializable(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with("begin isolation level serializable").await
}

/// Writes, in the order of the keys, and returns by how much the app keeps more.
async fn write(connection: &mut PgConnection, app: AppId, writes: &BTreeMap<String, Write>, now: jiff::Timestamp) -> sqlx::Result<Usage> {
    let keys: Vec<&str> = writes.keys().map(String::as_str).collect();
    let before = usage::usage_of(connection, app, &keys).await?;
    set(connection, app, writes).await?;
    add(connection, app, writes, now).await?;
    delete(connection, app, writes).await?;
    let after = usage::usage_of(connection, app, &keys).await?;
    Ok(Usage { keys: after.keys - before.keys, bytes: after.bytes - before.bytes })
}

async fn set(connection: &mut PgConnection, app: AppId, writes: &BTreeMap<String, Write>) -> sqlx::Result<()> {
    let (mut keys, mut values, mut expiries) = (Vec::new(), Vec::new(), Vec::new());
    for (key, write) in writes {
        if let Write::Set { value, expires_at_ms } = write {
            keys.push(key.as_str());
            values.push(value.as_str());
            expiries.push(expires_at_ms.map(moment));
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into kv (app_id, key, value, version, expires_at)
        select $1, key, value, nextval('kv_version_seq'), expires_at
        from unnest($2::text[], $3::text[], $4::timestamptz[]) as new (key, value, expires_at)
        on conflict (app_id, key) do update
        set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at",
        app as _,
        &keys as &[&str],
        &values as &[&str],
        &expiries as &[Option<Time>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn add(connection: &mut PgConnection, app: AppId, writes: &BTreeMap<String, Write>, now: jiff::Timestamp) -> sqlx::Result<()> {
    let numbers = writes.iter().filter_map(|(key, write)| match write {
        Write::Add(by) => Some((key.as_str(), *by)),
        Write::Set { .. } | Write::Delete => None,
    });
    let (keys, numbers): (Vec<&str>, Vec<i64>) = numbers.unzip();
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into kv (app_id, key, value, version)
        select $1, key, number::text, nextval('kv_version_seq') from unnest($2::text[], $3::bigint[]) as new (key, number)
        on conflict (app_id, key) do update set
            value = case when kv.expires_at <= $4 then excluded.value else (kv.value::bigint + excluded.value::bigint)::text end,
            expires_at = case when kv.expires_at <= $4 then null else kv.expires_at end,
            version = excluded.version",
        app as _,
        &keys as &[&str],
        &numbers as &[i64],
        Time(now) as _
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn delete(connection: &mut PgConnection, app: AppId, writes: &BTreeMap<String, Write>) -> sqlx::Result<()> {
    let keys: Vec<&str> = writes.iter().filter(|(_, write)| **write == Write::Delete).map(|(key, _)| key.as_str()).collect();
    if !keys.is_empty() {
        sqlx::query!("delete from kv where app_id = $1 and key = any($2)", app as _, &keys as &[&str]).execute(connection).await?;
    }
    Ok(())
}

/// The most that the writes could add, if none of the keys were there.
fn most_added(writes: &BTreeMap<String, Write>) -> Usage {
    /// Digits and sign of a 64-bit number.
    const NUMBER_BYTES: usize = 20;
    let sizes = writes.iter().filter_map(|(key, write)| match write {
        Write::Set { value, .. } => Some(key.len() + value.len()),
        Write::Add(_) => Some(key.len() + NUMBER_BYTES),
        Write::Delete => None,
    });
    sizes.fold(Usage::default(), |sum, bytes| Usage {
        keys: sum.keys + 1,
        bytes: sum.bytes.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX)),
    })
}

fn counted(writes: &BTreeMap<String, Write>) -> Vec<String> {
    writes.iter().filter(|(_, write)| matches!(write, Write::Add(_))).map(|(key, _)| key.clone()).collect()
}

fn moment(ms: u64) -> Time {
    Time(i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or(jiff::Timestamp::MAX))
}

/// Another row in each attempt: the last bytes of an id are random.
fn stripe(row: Option<&NewExecution>, attempt: u32) -> u8 {
    let random = row.map_or(0, |row| row.id.uuid().as_bytes()[15]);
    random.wrapping_add(attempt.to_le_bytes()[0])
}

/// Longer with each attempt, and different for each execution, so that those which crossed do not cross again.
fn pause(commit: &Commit<'_>, attempt: u32) -> Duration {
    let random = commit.row.map_or(128, |row| row.id.uuid().as_bytes()[14]);
    PAUSE * attempt * u32::from(random) / 256
}

/// PostgreSQL ended the transaction because another one was in its way: it could not have been before or after it, or both waited.
pub(crate) fn is_crossed(error: &sqlx::Error) -> bool {
    matches!(sqlstate(error).as_deref(), Some("40001" | "40P01"))
}

/// A value that is counted on is no number (22P02), or grew too large (22003).
fn is_not_a_number(error: &sqlx::Error) -> bool {
    matches!(sqlstate(error).as_deref(), Some("22P02" | "22003"))
}
