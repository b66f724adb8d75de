//! Before bytes are written to the disk: from now on they are not swept for a day. As `../../files/claim.rs`, one at a time.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};

use super::usage::add_stored;
use crate::{
    AppId, Digest,
    data::files::claim::{REPLACED_BYTES_MIN, Wanted},
    time::Time,
};

/// A claim that is younger is not moved: the row stays as it is.
const PRECISION: SignedDuration = SignedDuration::from_mins(1);

/// Claims bytes for the app, which may keep `most` of them. Waits for a sweep that is just removing them. `false`: with these, its deployments would
/// need more than that if they had them all, or too much lies in the directory that nothing needs.
pub(crate) async fn claim(connection: &mut PgConnection, app: AppId, wanted: Wanted, most: u64, now: Timestamp) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    let is_new = sqlx::query_scalar!(
        r#"
        insert into asset_blobs (app_id, digest, size, unused_since) values ($1, $2, $3, $4)
        on conflict (app_id, digest) do update set unused_since = excluded.unused_since where asset_blobs.unused_since < $5
        returning xmax = 0 as "is_new!"
        "#,
        app as _,
        wanted.digest as _,
        wanted.size,
        Time(now) as _,
        Time(now.checked_sub(PRECISION).unwrap_or(Timestamp::UNIX_EPOCH)) as _
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if is_new == Some(true) {
        let usage = add_stored(&mut transaction, app, wanted.size).await?;
        let needed = usage.needed.saturating_add(u64::try_from(wanted.size).unwrap_or(0));
        if needed > most || usage.stored > most.saturating_mul(2).saturating_add(REPLACED_BYTES_MIN) {
            return Ok(false);
        }
    }
    transaction.commit().await?;
    Ok(true)
}

/// The claimed bytes are on the disk, all of them. `false`: the claim was swept meanwhile, which takes a day.
pub(crate) async fn stored(connection: &mut PgConnection, app: AppId, digest: Digest, now: Timestamp) -> sqlx::Result<bool> {
    let noted =
        sqlx::query!("update asset_blobs set stored_at = $3 where app_id = $1 and digest = $2", app as _, digest as _, Time(now) as _);
    Ok(noted.execute(connection).await?.rows_affected() > 0)
}
