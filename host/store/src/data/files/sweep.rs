//! Removes bytes that nothing needs any more.
//!
//! A row is locked, the bytes are removed, then the row. Whoever is about to need them claims them first, and waits for the lock: either they stay,
//! or they are gone before he writes them anew. A transaction that makes a file without a claim finds no row for it, and fails.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use blobs::Blobs;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use super::{on_disk, usage::add_blobs};
use crate::{AppId, Data, Digest, Error, Result, time::Time};

/// As long as bytes are kept that nothing needs: a copy of the database and one of the directory fit together if they are made within this time.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// As long at least: for executions that are about to read them, or to need them.
const KEPT_LEAST: SignedDuration = SignedDuration::from_mins(15);
/// So much of an app is kept for [`KEPT`]; if there is more, all of it only for [`KEPT_LEAST`].
pub(crate) const UNUSED_BYTES_MAX: i64 = 256 << 20;
/// Blobs of one transaction.
pub(crate) const AT_ONCE: i64 = 100;
/// Transactions of one call, so that it ends in some seconds.
pub(crate) const TURNS: u32 = 50;

/// Bytes that nothing needs, their row locked.
pub(crate) struct Unused {
    pub(crate) app: AppId,
    pub(crate) digest: Digest,
    pub(crate) size: i64,
}

impl Data {
    /// Removes what nothing needs any more, and returns how many blobs that were. To be called every few minutes, on any node that has the directory.
    ///
    /// # Errors
    /// The database or the disk failed; the next call goes on. [`Error::NoFiles`] if there is no directory.
    pub async fn sweep_blobs(&self, now: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for _ in 0..TURNS {
            let blobs = self.sweep_some_blobs(now).await?;
            removed += blobs;
            if i64::try_from(blobs).unwrap_or(i64::MAX) < AT_ONCE {
                break;
            }
        }
        Ok(removed)
    }

    async fn sweep_some_blobs(&self, now: Timestamp) -> Result<u64> {
        const OPERATION: &str = "sweep the bytes of files";
        let mut transaction = self.runs.data.begin().await.map_err(Error::sql(OPERATION))?;
        let unused = lock_unused(&mut transaction, now).await.map_err(Error::sql(OPERATION))?;
        remove(self.blobs.as_ref(), &unused).await?;
        for blob in &unused {
            forget(&mut transaction, blob).await.map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(unused.len() as u64)
    }
}

/// Removes the bytes, and what was begun and never kept beside them.
pub(crate) async fn remove(blobs: Option<&Arc<Blobs>>, unused: &[Unused]) -> Result<()> {
    let removing: Vec<(AppId, Digest)> = unused.iter().map(|blob| (blob.app, blob.digest)).collect();
    on_disk(blobs, move |blobs| {
        removing.iter().try_for_each(|(app, digest)| blobs.remove(app.uuid(), digest.as_bytes()))?;
        let apps: BTreeSet<_> = removing.iter().map(|(app, _)| app.uuid()).collect();
        apps.into_iter().try_for_each(|app| blobs.tidy(app, Duration::from_secs(KEPT.unsigned_abs().as_secs())))
    })
    .await
}

async fn lock_unused(connection: &mut PgConnection, now: Timestamp) -> sqlx::Result<Vec<Unused>> {
    let before = |kept| Time(now.checked_sub(kept).unwrap_or(Timestamp::UNIX_EPOCH));
    sqlx::query_as!(
        Unused,
        r#"
        select b.app_id as "app: AppId", b.digest as "digest: Digest", b.size from file_blobs b
        where (b.unused_since < $1 or b.unused_since < $2 and b.app_id in (
                select app_id from file_blobs where unused_since is not null group by app_id having sum(size)::bigint > $3
            ))
            and not exists (select from files f where f.app_id = b.app_id and f.digest = b.digest)
        order by b.unused_since limit $4 for update of b skip locked
        "#,
        before(KEPT) as _,
        before(KEPT_LEAST) as _,
        UNUSED_BYTES_MAX,
        AT_ONCE
    )
    .fetch_all(connection)
    .await
}

async fn forget(connection: &mut PgConnection, blob: &Unused) -> sqlx::Result<()> {
    sqlx::query!("delete from file_blobs where app_id = $1 and digest = $2", blob.app as _, blob.digest as _)
        .execute(&mut *connection)
        .await?;
    // Of an app that is gone, nothing is counted any more.
    let is_there = sqlx::query_scalar!("select 1 as one from apps where id = $1 for key share", blob.app as _);
    if is_there.fetch_optional(&mut *connection).await?.is_some() {
        add_blobs(connection, blob.app, blob.digest.as_bytes()[0], -blob.size).await?;
    }
    Ok(())
}
