//! Removes bytes that no set needs any more, as `../../files/sweep.rs` does.

use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use super::usage::add_stored;
use crate::{
    AppId, Data, Digest, Error, Result,
    data::files::sweep::{AT_ONCE, KEPT, TURNS, UNUSED_BYTES_MAX, Unused, remove},
    time::Time,
};

/// As long at least, if there is much of it: for whoever uploads a large site over a slow line and deploys it then.
const KEPT_LEAST: SignedDuration = SignedDuration::from_hours(6);

impl Data {
    /// Removes assets that no deployment needs any more, and returns how many blobs that were. To be called every few minutes, on any node that has the
    /// directory.
    ///
    /// # Errors
    /// The database or the disk failed; the next call goes on. [`Error::NoFiles`] if there is no directory.
    pub async fn sweep_assets(&self, now: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for _ in 0..TURNS {
            let blobs = self.sweep_some_assets(now).await?;
            removed += blobs;
            if i64::try_from(blobs).unwrap_or(i64::MAX) < AT_ONCE {
                break;
            }
        }
        Ok(removed)
    }

    async fn sweep_some_assets(&self, now: Timestamp) -> Result<u64> {
        const OPERATION: &str = "sweep the bytes of assets";
        let mut transaction = self.runs.data.begin().await.map_err(Error::sql(OPERATION))?;
        let unused = lock_unused(&mut transaction, now).await.map_err(Error::sql(OPERATION))?;
        remove(self.assets.as_ref(), &unused).await?;
        for blob in &unused {
            forget(&mut transaction, blob).await.map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(unused.len() as u64)
    }
}

async fn lock_unused(connection: &mut PgConnection, now: Timestamp) -> sqlx::Result<Vec<Unused>> {
    let before = |kept| Time(now.checked_sub(kept).unwrap_or(Timestamp::UNIX_EPOCH));
    sqlx::query_as!(
        Unused,
        r#"
        select b.app_id as "app: AppId", b.digest as "digest: Digest", b.size from asset_blobs b
        where (b.unused_since < $1 or b.unused_since < $2 and b.app_id in (
                select app_id from asset_blobs where unused_since is not null group by app_id having sum(size)::bigint > $3
            ))
            and not exists (select from asset_set_entries e where e.app_id = b.app_id and e.digest = b.digest)
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
    sqlx::query!("delete from asset_blobs where app_id = $1 and digest = $2", blob.app as _, blob.digest as _)
        .execute(&mut *connection)
        .await?;
    // Of an app that is gone, nothing is counted any more.
    let is_there = sqlx::query_scalar!("select 1 as one from apps where id = $1 for key share", blob.app as _);
    if is_there.fetch_optional(&mut *connection).await?.is_some() {
        add_stored(connection, blob.app, -blob.size).await?;
    }
    Ok(())
}
