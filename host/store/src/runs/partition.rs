//! One UTC day of all tables: how it is named, made and dropped.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use sqlx::{AssertSqlSafe, PgConnection};

use super::Runs;
use crate::{Error, ExecutionId, Result};

/// The tables that are partitioned by day.
pub(super) const TABLES: [&str; 3] = ["executions", "execution_logs", "recordings"];

/// Partitions are made and dropped under this advisory lock, by one node at a time.
pub(super) const PARTITION_LOCK: i64 = 0x7069_636c_7061_7274;

/// The UTC day of an execution.
pub(crate) fn day_of(id: ExecutionId) -> Date {
    utc_day(id.created_at())
}

/// The UTC day of a moment.
pub(super) fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The partition of `table` for `day`, `executions_p20261120` for one. Built of a constant and digits: safe to put into a statement.
fn name(table: &str, day: Date) -> String {
    format!("{table}_p{}", day.strftime("%Y%m%d"))
}

/// The day of a partition's name.
fn day_in(name: &str) -> Option<Date> {
    let (_, digits) = name.rsplit_once("_p")?;
    Date::strptime("%Y%m%d", digits).ok()
}

impl Runs {
    /// Makes the partitions of these days where they are missing.
    pub(crate) async fn make_days(&self, days: &BTreeSet<Date>) -> Result<()> {
        const OPERATION: &str = "make partitions";
        let mut transaction = self.control.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!("select pg_advisory_xact_lock($1)", PARTITION_LOCK).execute(&mut *transaction).await.map_err(Error::sql(OPERATION))?;
        make(&mut transaction, days).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))
    }
}

/// Makes missing partitions; the caller holds the lock. Returns how many were made. A table is made apart and attached, which,
/// unlike `partition of`, lets readers and writers of the other days go on.
pub(super) async fn make(connection: &mut PgConnection, days: &BTreeSet<Date>) -> sqlx::Result<u32> {
    let mut made = 0;
    for table in TABLES {
        let there = existing(connection, table).await?;
        for day in days.difference(&there) {
            let Ok(next) = day.checked_add(1.day()) else { continue };
            let name = name(table, *day);
            let statement = format!("create table {name} (like {table} including defaults including constraints including indexes)");
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
            let statement =
                format!("alter table {table} attach partition {name} for values from ('{day} 00:00+00') to ('{next} 00:00+00')");
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
            made += 1;
        }
    }
    Ok(made)
}

/// Drops the partitions of one day; the caller holds the lock. Returns how many were there.
pub(super) async fn remove(connection: &mut PgConnection, day: Date) -> sqlx::Result<u32> {
    let mut dropped = 0;
    for table in TABLES {
        if existing(connection, table).await?.contains(&day) {
            sqlx::query(AssertSqlSafe(format!("drop table {}", name(table, day)))).execute(&mut *connection).await?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

/// The days that `table` has a partition for.
pub(super) async fn existing(connection: &mut PgConnection, table: &str) -> sqlx::Result<BTreeSet<Date>> {
    let names = sqlx::query_scalar!(
        r#"
        select c.relname::text as "name!" from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        where i.inhparent = to_regclass($1)
        "#,
        table
    )
    .fetch_all(connection)
    .await?;
    Ok(names.iter().filter_map(|name| day_in(name)).collect())
}

/// Bytes that one day of `table` holds, indexes included; 0 if there is no such partition.
pub(super) async fn bytes(connection: &mut PgConnection, table: &str, day: Date) -> sqlx::Result<u64> {
    let bytes = sqlx::query_scalar!(r#"select coalesce(pg_total_relation_size(to_regclass($1)), 0) as "bytes!""#, name(table, day))
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// Deletes the oldest rows of one day until about `keep_bytes` of it are used. The file keeps its size and new rows fill the
/// space, so the rows themselves are counted: `row_overhead` bytes each for header and index entries, and their own. Returns how
/// many were deleted.
pub(super) async fn trim(connection: &mut PgConnection, table: &str, day: Date, keep_bytes: u64, row_overhead: u32) -> sqlx::Result<u64> {
    let name = name(table, day);
    let statement = format!("select coalesce(sum(pg_column_size(p.*) + $1), 0)::float8 from {name} p");
    let used: f64 = sqlx::query_scalar(AssertSqlSafe(statement)).bind(i64::from(row_overhead)).fetch_one(&mut *connection).await?;
    #[expect(clippy::cast_precision_loss, reason = "an estimate in bytes; a double is exact to 8 PiB")]
    let surplus = 1.0 - keep_bytes as f64 / used.max(1.0);
    if surplus <= 0.0 {
        return Ok(0);
    }
    let statement =
        format!("delete from {name} where created_at <= (select percentile_disc($1) within group (order by created_at) from {name})");
    Ok(sqlx::query(AssertSqlSafe(statement)).bind(surplus).execute(connection).await?.rows_affected())
}
