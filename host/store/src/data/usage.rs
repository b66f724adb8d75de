//! How much an app keeps, and how much it may (S-3.5).
//!
//! The sum over the rows of an app is exact. Looking at it inside a serializable transaction would set every writer of the app against every
//! other, so that is done only near the quota: an execution that could add less than a 256th of the room there is looks before its transaction. More
//! than 256 of an app never commit at the same time, so that those can't pass the quota together.

use execution::AppLimits;
use sqlx::PgConnection;

use super::AppData;
use crate::AppId;

/// Rows of an app.
pub(super) const STRIPES: u8 = 16;
/// More executions of one app are never committing at once, on all nodes together: each node lets an app have four turns at the database.
const COMMITS_AT_ONCE_MAX: u64 = 256;

/// What an app may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Keys.
    pub keys: u64,
    /// Bytes of keys and values together.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Bytes of all files together.
    pub file_bytes: u64,
    /// Jobs, dead letters included.
    pub jobs: u64,
}

/// How much is kept, or how much it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) keys: i64,
    pub(super) bytes: i64,
}

impl Quota {
    /// What an app with these limits may keep.
    #[must_use]
    pub fn of(limits: &AppLimits) -> Self {
        Self {
            keys: limits.kv_keys,
            bytes: limits.kv_bytes,
            files: limits.files_count,
            file_bytes: limits.files_bytes,
            jobs: limits.queue_jobs,
        }
    }

    /// Whether so much can be kept.
    pub(super) fn allows(self, usage: Usage) -> bool {
        u64::try_from(usage.keys).unwrap_or(0) <= self.keys && u64::try_from(usage.bytes).unwrap_or(0) <= self.bytes
    }
}

impl AppData {
    /// Whether so much more can be added without looking again in the transaction that adds it.
    pub(super) async fn is_far_from(&self, quota: Quota, most: Usage) -> sqlx::Result<bool> {
        let mut connection = self.pool().acquire().await?;
        let now = usage(&mut connection, self.app).await?;
        Ok(fits(now.keys, most.keys, quota.keys) && fits(now.bytes, most.bytes, quota.bytes))
    }
}

/// Whether all that may commit at the same time can add so much.
pub(super) fn fits(kept: i64, more: i64, max: u64) -> bool {
    let room = max.saturating_sub(u64::try_from(kept).unwrap_or(0));
    u64::try_from(more).unwrap_or(0).saturating_mul(COMMITS_AT_ONCE_MAX) <= room
}

/// How much the app keeps.
pub(super) async fn usage(connection: &mut PgConnection, app: AppId) -> sqlx::Result<Usage> {
    sqlx::query_as!(
        Usage,
        r#"select coalesce(sum(keys), 0)::bigint as "keys!", coalesce(sum(bytes), 0)::bigint as "bytes!" from kv_usage where app_id = $1"#,
        app as _
    )
    .fetch_one(connection)
    .await
}

/// How much of it these keys are.
pub(super) async fn usage_of(connection: &mut PgConnection, app: AppId, keys: &[&str]) -> sqlx::Result<Usage> {
    sqlx::query_as!(
        Usage,
        r#"select count(*) as "keys!", coalesce(sum(octet_length(key) + octet_length(value)), 0)::bigint as "bytes!"
        from kv where app_id = $1 and key = any($2)"#,
        app as _,
        keys as &[&str]
    )
    .fetch_one(connection)
    .await
}

/// Adds a change to one of the app's rows, which `any` chooses.
pub(super) async fn add(connection: &mut PgConnection, app: AppId, any: u8, change: Usage) -> sqlx::Result<()> {
    if change == Usage::default() {
        return Ok(());
    }
    sqlx::query!(
        "insert into kv_usage (app_id, stripe, keys, bytes) values ($1, $2, $3, $4)
        on conflict (app_id, stripe) do update set keys = kv_usage.keys + excluded.keys, bytes = kv_usage.bytes + excluded.bytes",
        app as _,
        i16::from(any % STRIPES),
        change.keys,
        change.bytes
    )
    .execute(connection)
    .await?;
    Ok(())
}
