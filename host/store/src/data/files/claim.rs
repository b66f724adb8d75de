//! Before bytes are written to the disk: from now on they are not swept for a day.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, PgConnection};

use super::usage::add_blobs;
use crate::{AppId, Digest, Quota, time::Time};

/// What an app's replaced files may take beside those it has, however few those may be.
pub(crate) const REPLACED_BYTES_MIN: u64 = 64 << 20;
/// A claim that is younger is not moved: the row stays as it is.
const PRECISION: SignedDuration = SignedDuration::from_mins(1);

/// Bytes that are about to be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) digest: Digest,
    pub(crate) size: i64,
}

/// Claims bytes for the app. Waits for a sweep that is just removing them, after which they are to be written anew. `false`: too much lies in the app's
/// directory that nothing needs any more, and is not swept yet; an app that replaces its files without end would fill the disk.
pub(crate) async fn claim(
    connection: &mut PgConnection,
    app: AppId,
    wanted: &[Wanted],
    quota: Quota,
    now: Timestamp,
) -> sqlx::Result<bool> {
    // In one order, so that two claims don't wait for each other.
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    wanted.dedup_by_key(|blob| blob.digest);
    let digests: Vec<Digest> = wanted.iter().map(|blob| blob.digest).collect();
    let sizes: Vec<i64> = wanted.iter().map(|blob| blob.size).collect();
    let mut transaction = connection.begin().await?;
    let added = sqlx::query_scalar!(
        r#"
        with claimed as (
            insert into file_blobs (app_id, digest, size, unused_since)
            select $1, digest, size, $4 from unnest($2::bytea[], $3::bigint[]) as new (digest, size) order by digest
            on conflict (app_id, digest) do update set unused_since = excluded.unused_since where file_blobs.unused_since < $5
            returning size, xmax = 0 as is_new
        )
        select coalesce(sum(size) filter (where is_new), 0)::bigint as "bytes!" from claimed
        "#,
        app as _,
        &digests as &[Digest],
        &sizes,
        Time(now) as _,
        Time(now.checked_sub(PRECISION).unwrap_or(Timestamp::UNIX_EPOCH)) as _
    )
    .fetch_one(&mut *transaction)
    .await?;
    if added > 0 {
        let any = digests.first().map_or(0, |digest| digest.as_bytes()[0]);
        let bytes = add_blobs(&mut transaction, app, any, added).await?;
        if u64::try_from(bytes).unwrap_or(0) > quota.file_bytes.saturating_mul(2).saturating_add(REPLACED_BYTES_MIN) {
            return Ok(false);
        }
    }
    transaction.commit().await?;
    Ok(true)
}
