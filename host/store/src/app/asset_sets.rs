//! The sets of assets that deployments have: made with a deployment, shared by all that have the same, gone with the last of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{AppStore, contents::Contents};
use crate::{
    AppId, Digest, Error, Result,
    data::assets::usage::{AssetUsage, count_needed, usage},
    time::Time,
};

/// An asset that is not the same on both sides; on at least one it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetDifference {
    pub path: String,
    pub before: Option<Digest>,
    pub after: Option<Digest>,
}

impl AppStore {
    /// Whether the deployments that are kept need no more than the app may keep. Who is above it already, since the limit was lowered, may still deploy what
    /// needs no more than `before`.
    pub(super) async fn check_asset_quota(&self, connection: &mut PgConnection, before: AssetUsage) -> Result<()> {
        const OPERATION: &str = "count assets";
        let after = count_needed(connection, self.app).await.map_err(Error::sql(OPERATION))?.needed;
        let most = self.read(connection).await?.ok_or_else(|| self.gone())?.limits.app.assets_bytes;
        if after > most && after > before.needed { Err(Error::OverAssetQuota { bytes: most }) } else { Ok(()) }
    }
}

/// Makes sure that the bytes of all these assets are there and stay until the transaction ends: waits for a sweep that is just removing some.
///
/// # Errors
/// [`Error::AssetNotUploaded`]: the first that is not there.
pub(super) async fn hold(connection: &mut PgConnection, app: AppId, assets: &BTreeMap<String, Digest>) -> Result<()> {
    let digests: Vec<Digest> = assets.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let there = sqlx::query_scalar!(
        r#"
        select digest as "digest: Digest" from asset_blobs
        where app_id = $1 and digest = any($2) and stored_at is not null order by digest for no key update
        "#,
        app as _,
        &digests as &[Digest]
    );
    let there: HashSet<Digest> = there.fetch_all(connection).await.map_err(Error::sql("look for assets"))?.into_iter().collect();
    match assets.iter().find(|(_, digest)| !there.contains(*digest)) {
        Some((path, digest)) => Err(Error::AssetNotUploaded { path: path.clone(), digest: *digest }),
        None => Ok(()),
    }
}

/// Whether static routes name assets of the set that the contents have, which is in the database.
pub(super) async fn check_named(connection: &mut PgConnection, app: AppId, contents: &Contents) -> Result<()> {
    let named: Vec<&str> = contents.named_assets().map(|(_, _, path)| path).collect();
    if named.is_empty() {
        return Ok(());
    }
    let found = sqlx::query_scalar!(
        "select path from asset_set_entries where app_id = $1 and set_digest = $2 and path = any($3)",
        app as _,
        contents.assets as _,
        &named as &[&str]
    );
    let found: HashSet<String> = found.fetch_all(connection).await.map_err(Error::sql("look for assets"))?.into_iter().collect();
    contents.check_assets(|path| found.contains(path))
}

/// Makes the set that a manifest brought, whose bytes are held. If it is new, returns how much the app
/// needed before.
pub(super) async fn insert(
    connection: &mut PgConnection,
    app: AppId,
    contents: &Contents,
    now: Timestamp,
) -> sqlx::Result<Option<AssetUsage>> {
    let (Some(set), Some(assets)) = (contents.assets, &contents.brought_assets) else { return Ok(None) };
    let made = sqlx::query!(
        "insert into asset_sets (app_id, digest, created_at) values ($1, $2, $3) on conflict (app_id, digest) do nothing",
        app as _,
        set as _,
        Time(now) as _
    );
    if made.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let before = usage(connection, app).await?;
    let (paths, digests): (Vec<&str>, Vec<Digest>) = assets.iter().map(|(path, digest)| (path.as_str(), *digest)).unzip();
    sqlx::query!(
        "insert into asset_set_entries (app_id, set_digest, path, digest) select $1, $2, * from unnest($3::text[], $4::bytea[])",
        app as _,
        set as _,
        &paths as &[&str],
        &digests as &[Digest]
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update asset_blobs set unused_since = null where app_id = $1 and digest = any($2) and unused_since is not null",
        app as _,
        &digests as &[Digest]
    )
    .execute(connection)
    .await?;
    Ok(Some(before))
}

/// Drops the sets that no deployment has any more. Their bytes are unused from now on, unless another set needs them.
pub(super) async fn prune(connection: &mut PgConnection, app: AppId, now: Timestamp) -> sqlx::Result<()> {
    let pruned = sqlx::query!(
        "delete from asset_sets s where app_id = $1
            and not exists (select from deployments d where d.app_id = s.app_id and d.asset_set = s.digest)",
        app as _
    );
    if pruned.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query!(
        "update asset_blobs b set unused_since = $2 where app_id = $1 and unused_since is null
            and not exists (select from asset_set_entries e where e.app_id = b.app_id and e.digest = b.digest)",
        app as _,
        Time(now) as _
    )
    .execute(&mut *connection)
    .await?;
    count_needed(connection, app).await?;
    Ok(())
}

/// What is in a set.
pub(super) async fn entries(connection: &mut PgConnection, app: AppId, set: Option<Digest>) -> sqlx::Result<BTreeMap<String, Digest>> {
    let Some(set) = set else { return Ok(BTreeMap::new()) };
    let rows = sqlx::query!(
        r#"select path, digest as "digest: Digest" from asset_set_entries where app_id = $1 and set_digest = $2"#,
        app as _,
        set as _
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.path, row.digest)).collect())
}

/// What differs between the assets of two deployments, of which the later one need not be made yet.
pub(super) async fn difference(
    connection: &mut PgConnection,
    app: AppId,
    before: &Contents,
    after: &Contents,
) -> sqlx::Result<Vec<AssetDifference>> {
    if before.assets == after.assets {
        return Ok(Vec::new());
    }
    let mut old = entries(connection, app, before.assets).await?;
    let new = match &after.brought_assets {
        Some(brought) => brought.clone(),
        None => entries(connection, app, after.assets).await?,
    };
    let mut all = BTreeMap::new();
    for (path, digest) in new {
        let before = old.remove(&path);
        if before != Some(digest) {
            all.insert(path, (before, Some(digest)));
        }
    }
    all.extend(old.into_iter().map(|(path, digest)| (path, (Some(digest), None))));
    Ok(all.into_iter().map(|(path, (before, after))| AssetDifference { path, before, after }).collect())
}
