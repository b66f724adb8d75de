//! Removes what has expired.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Data,
    usage::{self, Usage},
};
use crate::{AppId, Error, Result, time::Time};

/// For executions that began before it, an expired key is still there: none lives as long as this.
const GRACE: SignedDuration = SignedDuration::from_mins(5);
/// Keys of one transaction.
const KEYS_AT_ONCE: i64 = 1_000;
/// Transactions of one call, so that it ends in a statement's time.
const TURNS: u32 = 20;

impl Data {
    /// Removes keys that have expired, and returns how many. To be called every minute or so, on any node.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn sweep_expired(&self, now: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for _ in 0..TURNS {
            let keys = self.sweep_some(now).await.map_err(Error::sql("remove expired keys"))?;
            removed += keys;
            if i64::try_from(keys).unwrap_or(i64::MAX) < KEYS_AT_ONCE {
                break;
            }
        }
        Ok(removed)
    }

    async fn sweep_some(&self, now: Timestamp) -> sqlx::Result<u64> {
        let before = now.checked_sub(GRACE).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut transaction = self.runs.data.begin().await?;
        let rows = sqlx::query!(
            r#"
            with expired as (
                select app_id, key from kv where expires_at <= $1 order by expires_at limit $2 for update skip locked
            ), removed as (
                delete from kv using expired where kv.app_id = expired.app_id and kv.key = expired.key
                returning kv.app_id, octet_length(kv.key) + octet_length(kv.value) as bytes
            )
            select app_id as "app: AppId", count(*) as "keys!", sum(bytes)::bigint as "bytes!" from removed group by app_id order by app_id
            "#,
            Time(before) as _,
            KEYS_AT_ONCE
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut removed = 0;
        let any = Uuid::now_v7().as_bytes()[15];
        for row in rows {
            removed += u64::try_from(row.keys).unwrap_or(0);
            usage::add(&mut transaction, row.app, any, Usage { keys: -row.keys, bytes: -row.bytes }).await?;
        }
        transaction.commit().await?;
        Ok(removed)
    }
}
