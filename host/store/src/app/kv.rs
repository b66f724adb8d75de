//! What the app's scripts keep, for people who look into it and mend it. The same rows, the same serializable transactions, and an audit row for each change.

use execution::kv::{KEY_BYTES_MAX, Write};
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgExecutor;
use triggers::Happened;

use super::AppStore;
use crate::{
    AppId, Error, Quota, Result, Revision, Thing,
    audit::{Subject, Watched},
    data::{change_kv, end_of, is_crossed, jobs::fire},
    time::{MaybeTime, Time},
};

/// Tries of one change: executions of the app may cross it.
const TRIES: u32 = 10;

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvEntry {
    pub key: String,
    /// JSON.
    pub value: String,
    /// Another one after each change.
    pub version: i64,
    /// `None`: it stays.
    pub expires_at: Option<Timestamp>,
}

/// Keys in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvPage {
    pub entries: Vec<KvEntry>,
    /// Go on behind this key.
    pub next: Option<String>,
}

/// What is to become of a key.
#[derive(Debug, Clone)]
pub struct KvChange {
    /// 1 to 512 bytes. The caller has checked it.
    pub key: String,
    /// Its new value; `Delete`: none.
    pub write: Write,
    /// Only if it still is so.
    pub expected: Option<Revision>,
    pub quota: Quota,
    pub now: Timestamp,
}

impl KvEntry {
    /// Of its state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::parse(&self.version.to_string())
    }
}

impl AppStore {
    /// One key; `None`: it is not there, or has expired.
    ///
    /// # Errors
    /// The database failed.
    pub async fn kv(&self, key: &str, now: Timestamp) -> Result<Option<KvEntry>> {
        find(&self.pool, self.app, key, now).await.map_err(Error::sql("read a key"))
    }

    /// Keys that begin with `prefix`, behind `after`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn kv_page(&self, prefix: &str, after: Option<&str>, limit: u16, now: Timestamp) -> Result<KvPage> {
        // A value has at most 1 MiB, a page of 200 could have 200: so large ones are cut off after the first mebibytes, by their size.
        const PAGE_BYTES_MAX: i64 = 4 << 20;
        let limit = i64::from(limit);
        let mut entries = sqlx::query_as!(
            KvEntry,
            r#"
            select key, value, version, expires_at as "expires_at!: MaybeTime" from (
                select key, value, version, expires_at,
                    sum(octet_length(key) + octet_length(value)) over (order by key) - octet_length(key) - octet_length(value) as before
                from (
                    select key, value, version, expires_at from kv
                    where app_id = $1 and key >= $2 and ($3::text is null or key > $3) and ($7::text is null or key < $7)
                        and (expires_at is null or expires_at > $4)
                    order by key limit $5::bigint
                ) as found
            ) as measured where before < $6::bigint order by key
            "#,
            self.app as _,
            prefix,
            after,
            Time(now) as _,
            limit + 1,
            PAGE_BYTES_MAX,
            end_of(prefix)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list keys"))?;
        let whole = entries.len() <= usize::try_from(limit).unwrap_or(usize::MAX)
            && entries.iter().map(|entry| entry.key.len() + entry.value.len()).sum::<usize>()
                < usize::try_from(PAGE_BYTES_MAX).unwrap_or(usize::MAX);
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = entries.last().filter(|_| !whole).map(|entry| entry.key.clone());
        Ok(KvPage { entries, next })
    }

    /// Changes one key. Returns its new state; `None`: it is not there any more, or was not.
    ///
    /// # Errors
    /// [`Error::Changed`]: it is not at `expected`. [`Error::OverQuota`]. [`Error::Unavailable`]: executions of the app crossed it each time.
    pub async fn change_kv(&self, change: &KvChange) -> Result<Option<KvEntry>> {
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            match self.try_change_kv(change).await {
                Err(Error::Unavailable { source, .. }) if is_crossed(&source) && tries_left > 0 => {}
                ended => return ended,
            }
        }
    }

    async fn try_change_kv(&self, change: &KvChange) -> Result<Option<KvEntry>> {
        const OPERATION: &str = "change a key";
        let KvChange { key, write, expected, quota, now } = change;
        debug_assert!((1..=KEY_BYTES_MAX).contains(&key.len()));
        let mut transaction = self.pool.begin_with("begin isolation level serializable").await.map_err(Error::sql(OPERATION))?;
        let before = find(&mut *transaction, self.app, key, *now).await.map_err(Error::sql(OPERATION))?;
        if let Some(expected) = expected {
            let present = before.as_ref().map_or_else(|| Revision::parse(Revision::ABSENT), KvEntry::revision);
            if present != *expected {
                return Err(Error::Changed { what: Thing::Key, revision: present });
            }
        }
        if before.is_none() && *write == Write::Delete {
            return Ok(None);
        }
        let watched = Watched::before(&mut transaction, Subject::Key(self.app, key)).await?;
        let writes = [(key.clone(), write.clone())].into_iter().collect();
        if !change_kv(&mut transaction, self.app, &writes, *now, *quota).await.map_err(Error::sql(OPERATION))? {
            return Err(Error::OverQuota { keys: quota.keys, bytes: quota.bytes });
        }
        fire::of_person(&mut transaction, self.app, "kv", Happened::to_key(key, write)).await.map_err(Error::sql(OPERATION))?;
        let after = find(&mut *transaction, self.app, key, *now).await.map_err(Error::sql(OPERATION))?;
        let action = if after.is_some() { "kv.set" } else { "kv.deleted" };
        let version = |entry: &Option<KvEntry>| entry.as_ref().map(|entry| entry.version);
        let details = json!({ "target": key, "before_version": version(&before), "version": version(&after) });
        watched.record(&mut transaction, &self.actor, Some(self.app), action, details, *now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(if *write == Write::Delete { before } else { after })
    }
}

async fn find<'c>(connection: impl PgExecutor<'c>, app: AppId, key: &str, now: Timestamp) -> sqlx::Result<Option<KvEntry>> {
    sqlx::query_as!(
        KvEntry,
        r#"select key, value, version, expires_at as "expires_at!: MaybeTime" from kv
        where app_id = $1 and key = $2 and (expires_at is null or expires_at > $3)"#,
        app as _,
        key,
        Time(now) as _
    )
    .fetch_optional(connection)
    .await
}
