//! Assets of the app's deployments, for people: what there is, what is missing, and bytes that are put there.

use jiff::Timestamp;

use super::{AppStore, upload::Uploaded};
use crate::{
    Asset, AssetSet, Digest, Error, Result,
    data::{
        assets::claim::{claim, stored},
        end_of,
        files::{blocking, claim::Wanted},
    },
    page::cut_behind,
};

/// An asset of a deployment, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetEntry {
    pub path: String,
    pub digest: Digest,
    /// Bytes.
    pub size: i64,
}

/// Assets in the order of the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetPage {
    pub entries: Vec<AssetEntry>,
    /// Go on behind this path.
    pub next: Option<String>,
}

impl AppStore {
    /// Assets of a set ([`super::Deployment::asset_set`]) whose paths begin with `prefix`, behind `after`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn assets(&self, set: Digest, prefix: &str, after: Option<&str>, limit: u16) -> Result<AssetPage> {
        let entries = sqlx::query_as!(
            AssetEntry,
            r#"
            select e.path, e.digest as "digest: Digest", b.size
            from asset_set_entries e join asset_blobs b on b.app_id = e.app_id and b.digest = e.digest
            where e.app_id = $1 and e.set_digest = $2
                and e.path >= $3 and ($4::text is null or e.path > $4) and ($5::text is null or e.path < $5)
            order by e.path limit $6
            "#,
            self.app as _,
            set as _,
            prefix,
            after,
            end_of(prefix),
            i64::from(limit) + 1
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list assets"))?;
        let (entries, next) = cut_behind(limit, entries, |entry| &entry.path);
        Ok(AssetPage { entries, next })
    }

    /// The set of the active deployment; `None`: it has no assets, or there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn active_asset_set(&self) -> Result<Option<Digest>> {
        let set = sqlx::query_scalar!(
            r#"
            select d.asset_set as "set: Digest" from apps a
            join deployments d on d.app_id = a.id and d.id = a.active_deployment_id where a.id = $1
            "#,
            self.app as _
        );
        Ok(set.fetch_optional(&self.pool).await.map_err(Error::sql("find assets"))?.flatten())
    }

    /// All assets of the active deployment, for `check` and `match`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn active_assets(&self) -> Result<AssetSet> {
        let rows = sqlx::query!(
            r#"
            select e.path, e.digest as "digest: Digest", b.size
            from apps a
            join deployments d on d.app_id = a.id and d.id = a.active_deployment_id
            join asset_set_entries e on e.app_id = a.id and e.set_digest = d.asset_set
            join asset_blobs b on b.app_id = e.app_id and b.digest = e.digest
            where a.id = $1
            "#,
            self.app as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read assets"))?;
        let asset = |digest, size| Asset { digest, size: u64::try_from(size).unwrap_or(0) };
        Ok(rows.into_iter().map(|row| (row.path, asset(row.digest, row.size))).collect())
    }

    /// Those of `digests` whose bytes the app does not have, in the order given.
    ///
    /// # Errors
    /// The database failed.
    pub async fn missing_assets(&self, digests: &[Digest]) -> Result<Vec<Digest>> {
        sqlx::query_scalar!(
            r#"
            select asked.digest as "digest!: Digest" from unnest($2::bytea[]) with ordinality as asked (digest, place)
            where not exists (select from asset_blobs b where b.app_id = $1 and b.digest = asked.digest and b.stored_at is not null)
            order by asked.place
            "#,
            self.app as _,
            digests as &[Digest]
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("look for assets"))
    }

    /// Keeps what was uploaded, for deployments to come. Bytes that are there already are replaced by the same, which mends them if they are damaged.
    /// Returns their size.
    ///
    /// # Errors
    /// [`Error::OverAssetQuota`]: the app may keep `most` bytes. [`Error::Files`].
    pub async fn put_asset(&self, bytes: Uploaded, most: u64, now: Timestamp) -> Result<u64> {
        const OPERATION: &str = "claim the bytes of an asset";
        let (digest, sealed) = (bytes.digest(), bytes.sealed);
        let size = sealed.size();
        let wanted = Wanted { digest, size: i64::try_from(size).unwrap_or(i64::MAX) };
        let mut connection = self.pool.acquire().await.map_err(Error::sql(OPERATION))?;
        let fits = claim(&mut connection, self.app, wanted, most, now).await.map_err(Error::sql(OPERATION))?;
        // No connection is held while the disk is waited for.
        drop(connection);
        if !fits {
            return Err(Error::OverAssetQuota { bytes: most });
        }
        blocking(move || sealed.keep()).await?;
        let mut connection = self.pool.acquire().await.map_err(Error::sql(OPERATION))?;
        match stored(&mut connection, self.app, digest, now).await.map_err(Error::sql(OPERATION))? {
            true => Ok(size),
            // The app was deleted meanwhile, and swept.
            false => Err(self.gone()),
        }
    }
}
