//! Partitions ahead, and trimming by age and size.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use sqlx::PgConnection;

use super::{
    Runs,
    partition::{self, PARTITION_LOCK, TABLES, utc_day},
};
use crate::{Error, Result, time::Time};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Whole UTC days before today.
    pub days: u16,
    /// Executions and logs together, indexes included, in bytes.
    pub bytes_max: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 7, bytes_max: 2 * 1024 * 1024 * 1024 }
    }
}

/// What a maintenance did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Partitions made.
    pub created: u32,
    /// Partitions dropped, by age or size.
    pub dropped: u32,
    /// Rows deleted, of deleted apps or because today alone exceeds the size.
    pub deleted: u64,
    /// Bytes that both tables hold now.
    pub bytes: u64,
}

/// Trimming reads and deletes a day's rows, which takes longer than a statement of the control plane may.
const STATEMENT_TIMEOUT: &str = "set local statement_timeout = '120s'";
/// Dropping a partition needs a moment without readers; when there is none, the next maintenance tries again.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '3s'";
/// Rows of a deleted app can arrive this long after its end, from a node that was cut off.
const LATE_ROWS: SignedDuration = SignedDuration::from_hours(24);
/// Of a day that is too large, this much is kept in percent, so that the next batch does not exceed it again.
const TRIM_TO_PERCENT: u64 = 80;
/// Header, line pointer and index entries of a row, in bytes, measured.
const ROW_OVERHEAD: u32 = 180;

impl Runs {
    /// Makes the partitions of today and tomorrow, drops those beyond `retention`, and sweeps what deleted apps left. To be called at start and every
    /// few minutes; one node at a time does it, another returns at once.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn maintain(&self, now: Timestamp, retention: Retention) -> Result<Maintained> {
        const OPERATION: &str = "maintain partitions";
        let mut transaction = self.control.begin().await.map_err(Error::sql(OPERATION))?;
        let ours = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "ours!""#, PARTITION_LOCK)
            .fetch_one(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        if !ours {
            return Ok(Maintained::default());
        }
        let maintained = maintain(&mut transaction, now, retention).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(maintained)
    }
}

async fn maintain(connection: &mut PgConnection, now: Timestamp, retention: Retention) -> sqlx::Result<Maintained> {
    sqlx::query(STATEMENT_TIMEOUT).execute(&mut *connection).await?;
    sqlx::query(LOCK_TIMEOUT).execute(&mut *connection).await?;
    let today = utc_day(now);
    let tomorrow = today.checked_add(1.day()).unwrap_or(today);
    let mut done = Maintained { created: partition::make(connection, &BTreeSet::from([today, tomorrow])).await?, ..Maintained::default() };

    let oldest = today.checked_sub(i64::from(retention.days).days()).unwrap_or(Date::MIN);
    for day in days(connection).await? {
        if day < oldest {
            done.dropped += partition::remove(connection, day).await?;
        }
    }
    done.deleted += sweep_deleted_apps(connection, now).await?;
    trim_to_size(connection, today, retention.bytes_max, &mut done).await?;
    Ok(done)
}

/// Drops the oldest days until the rest fits; of today, if it alone is too large, the oldest rows.
async fn trim_to_size(connection: &mut PgConnection, today: Date, bytes_max: u64, done: &mut Maintained) -> sqlx::Result<()> {
    let mut kept = Vec::new();
    for day in days(connection).await? {
        let mut bytes = 0;
        for table in TABLES {
            bytes += partition::bytes(connection, table, day).await?;
        }
        kept.push((day, bytes));
    }
    done.bytes = kept.iter().map(|(_, bytes)| bytes).sum();
    for (day, bytes) in kept.into_iter().filter(|(day, _)| *day < today) {
        if done.bytes <= bytes_max {
            return Ok(());
        }
        done.dropped += partition::remove(connection, day).await?;
        done.bytes -= bytes;
    }
    if done.bytes <= bytes_max {
        return Ok(());
    }
    // What a table may keep follows from its share of the space.
    for table in TABLES {
        let bytes = partition::bytes(connection, table, today).await?;
        let share = u128::from(bytes) * u128::from(bytes_max) * u128::from(TRIM_TO_PERCENT) / (100 * u128::from(done.bytes.max(1)));
        let keep = u64::try_from(share).unwrap_or(u64::MAX);
        done.deleted += partition::trim(connection, table, today, keep, ROW_OVERHEAD).await?;
    }
    Ok(())
}

/// Deletes rows of apps that were deleted in the last day; what is older was swept by then.
async fn sweep_deleted_apps(connection: &mut PgConnection, now: Timestamp) -> sqlx::Result<u64> {
    let since = now.checked_sub(LATE_ROWS).unwrap_or(Timestamp::UNIX_EPOCH);
    let executions =
        sqlx::query!("delete from executions where app_id in (select app_id from app_tombstones where deleted_at > $1)", Time(since) as _)
            .execute(&mut *connection)
            .await?;
    let logs = sqlx::query!(
        "delete from execution_logs where app_id in (select app_id from app_tombstones where deleted_at > $1)",
        Time(since) as _
    )
    .execute(connection)
    .await?;
    Ok(executions.rows_affected() + logs.rows_affected())
}

/// All days that either table has, oldest first.
async fn days(connection: &mut PgConnection) -> sqlx::Result<BTreeSet<Date>> {
    let mut days = BTreeSet::new();
    for table in TABLES {
        days.extend(partition::existing(connection, table).await?);
    }
    Ok(days)
}
