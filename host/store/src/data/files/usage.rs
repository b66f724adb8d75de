//! How much of files an app keeps. Exact, and free of contention until an app comes near its quota, as `../usage.rs` explains.

use std::collections::BTreeMap;

use execution::files::Write;
use sqlx::PgConnection;

use crate::{
    AppId, Quota,
    data::usage::{STRIPES, fits},
};

/// How much is kept, or how much it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FileUsage {
    pub(crate) files: i64,
    pub(crate) bytes: i64,
}

impl FileUsage {
    pub(crate) fn grows(self) -> bool {
        self.files > 0 || self.bytes > 0
    }

    pub(crate) fn is_within(self, quota: Quota) -> bool {
        u64::try_from(self.files).unwrap_or(0) <= quota.files && u64::try_from(self.bytes).unwrap_or(0) <= quota.file_bytes
    }

    pub(crate) fn and(self, change: Self) -> Self {
        Self { files: self.files.saturating_add(change.files), bytes: self.bytes.saturating_add(change.bytes) }
    }

    /// Whether so much more can be added without looking again in the transaction that adds it.
    pub(crate) fn is_far_from(self, quota: Quota, most: Self) -> bool {
        fits(self.files, most.files, quota.files) && fits(self.bytes, most.bytes, quota.file_bytes)
    }
}

/// The most that the writes could add, if none of the files were there.
pub(crate) fn most_added(writes: &BTreeMap<String, Write>) -> FileUsage {
    let sizes = writes.values().filter_map(|write| match write {
        Write::Put { bytes, .. } => Some(i64::try_from(bytes.len()).unwrap_or(i64::MAX)),
        Write::Delete => None,
    });
    sizes.fold(FileUsage::default(), |sum, bytes| sum.and(FileUsage { files: 1, bytes }))
}

/// How much the app keeps.
pub(crate) async fn usage(connection: &mut PgConnection, app: AppId) -> sqlx::Result<FileUsage> {
    sqlx::query_as!(
        FileUsage,
        r#"select coalesce(sum(files), 0)::bigint as "files!", coalesce(sum(bytes), 0)::bigint as "bytes!" from file_usage
        where app_id = $1 and stripe < $2"#,
        app as _,
        i16::from(STRIPES)
    )
    .fetch_one(connection)
    .await
}

/// Adds a change to one of the app's rows, which `any` chooses.
pub(crate) async fn add(connection: &mut PgConnection, app: AppId, any: u8, change: FileUsage) -> sqlx::Result<()> {
    if change == FileUsage::default() {
        return Ok(());
    }
    sqlx::query!(
        "insert into file_usage (app_id, stripe, files, bytes, blob_bytes) values ($1, $2, $3, $4, 0)
        on conflict (app_id, stripe) do update set files = file_usage.files + excluded.files, bytes = file_usage.bytes + excluded.bytes",
        app as _,
        i16::from(any % STRIPES),
        change.files,
        change.bytes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds to what lies in the directory, in rows of its own: a claim crosses no commit. Returns the sum.
pub(crate) async fn add_blobs(connection: &mut PgConnection, app: AppId, any: u8, bytes: i64) -> sqlx::Result<i64> {
    sqlx::query!(
        "insert into file_usage (app_id, stripe, files, bytes, blob_bytes) values ($1, $2, 0, 0, $3)
        on conflict (app_id, stripe) do update set blob_bytes = file_usage.blob_bytes + excluded.blob_bytes",
        app as _,
        i16::from(STRIPES + any % STRIPES),
        bytes
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar!(
        r#"select coalesce(sum(blob_bytes), 0)::bigint as "bytes!" from file_usage where app_id = $1 and stripe >= $2"#,
        app as _,
        i16::from(STRIPES)
    )
    .fetch_one(connection)
    .await
}
