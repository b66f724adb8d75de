//! How much of assets an app keeps. One row: assets come one by one and change with a deployment, so that nobody waits long for it.

use sqlx::PgConnection;

use crate::AppId;

/// Bytes of an app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AssetUsage {
    /// Distinct bytes that a set needs.
    pub(crate) needed: u64,
    /// All that lies in the directory, or is about to.
    pub(crate) stored: u64,
}

struct Row {
    bytes: i64,
    blob_bytes: i64,
}

impl From<Row> for AssetUsage {
    fn from(row: Row) -> Self {
        let bytes = |count: i64| u64::try_from(count).unwrap_or(0);
        Self { needed: bytes(row.bytes), stored: bytes(row.blob_bytes) }
    }
}

/// How much the app keeps.
pub(crate) async fn usage(connection: &mut PgConnection, app: AppId) -> sqlx::Result<AssetUsage> {
    let row = sqlx::query_as!(Row, "select bytes, blob_bytes from asset_usage where app_id = $1", app as _);
    Ok(row.fetch_optional(connection).await?.map(AssetUsage::from).unwrap_or_default())
}

/// Adds to what lies in the directory.
pub(crate) async fn add_stored(connection: &mut PgConnection, app: AppId, bytes: i64) -> sqlx::Result<AssetUsage> {
    let row = sqlx::query_as!(
        Row,
        "insert into asset_usage (app_id, bytes, blob_bytes) values ($1, 0, $2)
        on conflict (app_id) do update set blob_bytes = asset_usage.blob_bytes + excluded.blob_bytes returning bytes, blob_bytes",
        app as _,
        bytes
    );
    Ok(row.fetch_one(connection).await?.into())
}

/// Counts anew what sets need, after some came or went. Under the lock of the app's row.
pub(crate) async fn count_needed(connection: &mut PgConnection, app: AppId) -> sqlx::Result<AssetUsage> {
    let row = sqlx::query_as!(
        Row,
        "insert into asset_usage (app_id, bytes, blob_bytes)
        select $1, coalesce(sum(size) filter (where unused_since is null), 0)::bigint, coalesce(sum(size), 0)::bigint
        from asset_blobs where app_id = $1
        on conflict (app_id) do update set bytes = excluded.bytes returning bytes, blob_bytes",
        app as _
    );
    Ok(row.fetch_one(connection).await?.into())
}
