//! Partitions ahead, and trimming by age and size.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use sqlx::{PgConnection, Postgres, Transaction};

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
    /// Executions, logs and recordings together, indexes included, in bytes.
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
    /// Bytes that all tables hold now, space for new rows included.
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
    /// Makes the partitions of today and tomorrow, drops those beyond `retention`, and sweeps what deleted apps left. To be called at start
    /// and every few minutes; one node at a time does it, another returns at once.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn maintain(&self, now: Timestamp, retention: Retention) -> Result<Maintained> {
        let mut done = Maintained::default();
        self.steps(now, retention, &mut done).await.map_err(Error::sql("maintain partitions"))?;
        Ok(done)
    }

    /// Three transactions, since a dropped partition keeps writers out until its transaction ends, and deleting rows takes long.
    async fn steps(&self, now: Timestamp, retention: Retention, done: &mut Maintained) -> sqlx::Result<()> {
        let today = utc_day(now);
        let tomorrow = today.checked_add(1.day()).unwrap_or(today);
        let Some(mut transaction) = self.locked().await? else { return Ok(()) };
        done.created += partition::make(&mut transaction, &BTreeSet::from([today, tomorrow])).await?;
        done.deleted += sweep_deleted_apps(&mut transaction, now).await?;
        transaction.commit().await?;

        let Some(mut transaction) = self.locked().await? else { return Ok(()) };
        let oldest = today.checked_sub(i64::from(retention.days).days()).unwrap_or(Date::MIN);
        drop_days(&mut transaction, oldest, today, retention.bytes_max, done).await?;
        transaction.commit().await?;
        if done.bytes <= retention.bytes_max {
            return Ok(());
        }

        let Some(mut transaction) = self.locked().await? else { return Ok(()) };
        trim_today(&mut transaction, today, retention.bytes_max, done).await?;
        transaction.commit().await
    }

    /// A transaction that maintains; `None` while another node does.
    async fn locked(&self) -> sqlx::Result<Option<Transaction<'static, Postgres>>> {
        let mut transaction = self.control.begin().await?;
        let ours =
            sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "ours!""#, PARTITION_LOCK).fetch_one(&mut *transaction).await?;
        sqlx::query(STATEMENT_TIMEOUT).execute(&mut *transaction).await?;
        sqlx::query(LOCK_TIMEOUT).execute(&mut *transaction).await?;
        Ok(ours.then_some(transaction))
    }
}

/// Drops the days before `oldest`, then the oldest days before today until the rest fits. Notes what is left.
async fn drop_days(connection: &mut PgConnection, oldest: Date, today: Date, bytes_max: u64, done: &mut Maintained) -> sqlx::Result<()> {
    let mut kept = Vec::new();
    for day in days(connection).await? {
        if day < oldest {
            done.dropped += partition::remove(connection, day).await?;
            continue;
        }
        let mut bytes = 0;
        for table in TABLES {
            bytes += partition::bytes(connection, table, day).await?;
        }
        kept.push((day, bytes));
    }
    done.bytes = kept.iter().map(|(_, bytes)| bytes).sum();
    for (day, bytes) in kept.into_iter().filter(|(day, _)| *day < today) {
        if done.bytes <= bytes_max {
            break;
        }
        done.dropped += partition::remove(connection, day).await?;
        done.bytes -= bytes;
    }
    Ok(())
}

/// Deletes the oldest rows of today, which alone is too large. What each table may keep follows from its share of the space.
async fn trim_today(connection: &mut PgConnection, today: Date, bytes_max: u64, done: &mut Maintained) -> sqlx::Result<()> {
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
    .execute(&mut *connection)
    .await?;
    let recordings =
        sqlx::query!("delete from recordings where app_id in (select app_id from app_tombstones where deleted_at > $1)", Time(since) as _)
            .execute(connection)
            .await?;
    Ok(executions.rows_affected() + logs.rows_affected() + recordings.rows_affected())
}

/// All days that any table has, oldest first.
async fn days(connection: &mut PgConnection) -> sqlx::Result<BTreeSet<Date>> {
    let mut days = BTreeSet::new();
    for table in TABLES {
        days.extend(partition::existing(connection, table).await?);
    }
    Ok(days)
}
