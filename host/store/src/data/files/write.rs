//! The rows, inside a serializable transaction. The bytes are on the disk already.

use std::collections::{BTreeMap, BTreeSet};

use execution::files::Write;
use jiff::Timestamp;
use sqlx::PgConnection;

use super::usage::FileUsage;
use crate::{AppId, Digest, DigestError, time::Time};

/// What a path is to lead to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) digest: Digest,
    pub(crate) size: i64,
    pub(crate) updated_at: Timestamp,
}

/// Rows by path; `None`: the path is to lead nowhere.
pub(crate) type Rows<'a> = BTreeMap<&'a str, Option<Row>>;

/// What an execution has written, without the bytes.
pub(crate) fn rows(writes: &BTreeMap<String, Write>) -> Result<Rows<'_>, DigestError> {
    let row = |write: &Write| match write {
        Write::Delete => Ok(None),
        Write::Put { digest, bytes, updated_at_ms } => Ok(Some(Row {
            digest: digest.parse()?,
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            updated_at: i64::try_from(*updated_at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX),
        })),
    };
    writes.iter().map(|(path, write)| Ok((path.as_str(), row(write)?))).collect()
}

/// By how much the app would keep more.
pub(crate) async fn change(connection: &mut PgConnection, app: AppId, rows: &Rows<'_>) -> sqlx::Result<FileUsage> {
    Ok(difference(&before(connection, app, rows).await?, rows))
}

/// Writes, in the order of the paths, and returns by how much the app keeps more.
pub(crate) async fn write(connection: &mut PgConnection, app: AppId, rows: &Rows<'_>, now: Timestamp) -> sqlx::Result<FileUsage> {
    let before = before(connection, app, rows).await?;
    put(connection, app, rows).await?;
    let gone: Vec<&str> = rows.iter().filter(|(_, row)| row.is_none()).map(|(path, _)| *path).collect();
    if !gone.is_empty() {
        sqlx::query!("delete from files where app_id = $1 and path = any($2)", app as _, &gone as &[&str])
            .execute(&mut *connection)
            .await?;
    }
    let needed: BTreeSet<Digest> = rows.values().flatten().map(|row| row.digest).collect();
    let released: BTreeSet<Digest> = before.iter().map(|(digest, _)| *digest).filter(|digest| !needed.contains(digest)).collect();
    need(connection, app, &Vec::from_iter(needed)).await?;
    release(connection, app, &Vec::from_iter(released), now).await?;
    Ok(difference(&before, rows))
}

/// Digests and sizes of what the paths lead to now.
async fn before(connection: &mut PgConnection, app: AppId, rows: &Rows<'_>) -> sqlx::Result<Vec<(Digest, i64)>> {
    let paths: Vec<&str> = rows.keys().copied().collect();
    let found = sqlx::query!(
        r#"select digest as "digest: Digest", size from files where app_id = $1 and path = any($2)"#,
        app as _,
        &paths as &[&str]
    );
    Ok(found.fetch_all(connection).await?.into_iter().map(|row| (row.digest, row.size)).collect())
}

fn difference(before: &[(Digest, i64)], rows: &Rows<'_>) -> FileUsage {
    let after = rows.values().flatten();
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    FileUsage {
        files: count(after.clone().count()) - count(before.len()),
        bytes: after.map(|row| row.size).sum::<i64>() - before.iter().map(|(_, size)| size).sum::<i64>(),
    }
}

async fn put(connection: &mut PgConnection, app: AppId, rows: &Rows<'_>) -> sqlx::Result<()> {
    let (mut paths, mut digests, mut sizes, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (path, row) in rows {
        if let Some(Row { digest, size, updated_at }) = row {
            paths.push(*path);
            digests.push(*digest);
            sizes.push(*size);
            times.push(Time(*updated_at));
        }
    }
    if paths.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into files (app_id, path, digest, size, version, updated_at)
        select $1, path, digest, size, nextval('file_version_seq'), updated_at
        from unnest($2::text[], $3::bytea[], $4::bigint[], $5::timestamptz[]) as new (path, digest, size, updated_at)
        on conflict (app_id, path) do update
        set digest = excluded.digest, size = excluded.size, version = excluded.version, updated_at = excluded.updated_at",
        app as _,
        &paths as &[&str],
        &digests as &[Digest],
        &sizes,
        &times as &[Time]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Something leads to these bytes now.
async fn need(connection: &mut PgConnection, app: AppId, digests: &[Digest]) -> sqlx::Result<()> {
    if digests.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update file_blobs set unused_since = null where app_id = $1 and digest = any($2) and unused_since is not null",
        app as _,
        digests as &[Digest]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Nothing of an app that is gone is needed.
pub(crate) async fn release_all(connection: &mut PgConnection, app: AppId, now: Timestamp) -> sqlx::Result<()> {
    sqlx::query!("update file_blobs set unused_since = $2 where app_id = $1", app as _, Time(now) as _).execute(connection).await?;
    Ok(())
}

/// These are unused from now on, unless something else leads to them.
async fn release(connection: &mut PgConnection, app: AppId, digests: &[Digest], now: Timestamp) -> sqlx::Result<()> {
    if digests.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update file_blobs b set unused_since = $3 where app_id = $1 and digest = any($2)
            and not exists (select from files f where f.app_id = b.app_id and f.digest = b.digest)",
        app as _,
        digests as &[Digest],
        Time(now) as _
    )
    .execute(connection)
    .await?;
    Ok(())
}
