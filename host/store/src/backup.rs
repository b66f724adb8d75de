//! One moment of the database, held while it is copied: what a dump has, which bytes it needs, and how many rows there are.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::{AppId, Digest, Error, Result, Store, data::secrets};

/// A transaction that sees this moment as long as it is open. A dump can see the same, by its name.
#[derive(Debug)]
pub struct Moment {
    connection: PgConnection,
    snapshot: String,
}

/// Whose bytes: they lie in directories of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlobKind {
    File,
    Asset,
}

/// Bytes that rows of the moment need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededBlob {
    pub kind: BlobKind,
    pub app: Uuid,
    pub digest: Digest,
    pub size: u64,
}

impl Store {
    /// Holds the present moment, for as long as it takes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn moment(&self) -> Result<Moment> {
        const OPERATION: &str = "hold a moment of the database";
        // Of its own: what is copied may take hours, and those of the pools are cut off after seconds.
        let options = PgConnectOptions::clone(&self.control.connect_options());
        let options = options.options([("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")]);
        let mut connection = PgConnection::connect_with(&options).await.map_err(Error::sql(OPERATION))?;
        let begin = "begin transaction isolation level repeatable read read only";
        sqlx::query(begin).execute(&mut connection).await.map_err(Error::sql(OPERATION))?;
        let snapshot = sqlx::query_scalar!(r#"select pg_export_snapshot() as "snapshot!""#).fetch_one(&mut connection).await;
        Ok(Moment { snapshot: snapshot.map_err(Error::sql(OPERATION))?, connection })
    }
}

impl Moment {
    /// The name by which another session sees the same (`set transaction snapshot`).
    #[must_use]
    pub fn snapshot(&self) -> &str {
        &self.snapshot
    }

    /// All bytes that files, sets of assets and uploads that are complete need.
    ///
    /// # Errors
    /// The database failed.
    pub async fn blobs(&mut self) -> Result<Vec<NeededBlob>> {
        const OPERATION: &str = "list the bytes of files and assets";
        let needed = |kind| {
            move |(app, digest, size): (AppId, Digest, i64)| NeededBlob {
                kind,
                app: app.uuid(),
                digest,
                size: u64::try_from(size).unwrap_or(0),
            }
        };
        let files = sqlx::query!(r#"select distinct app_id as "app: AppId", digest as "digest: Digest", size from files order by 1, 2"#);
        let files = files.fetch_all(&mut self.connection).await.map_err(Error::sql(OPERATION))?;
        let assets = sqlx::query!(
            r#"select app_id as "app: AppId", digest as "digest: Digest", size from asset_blobs where stored_at is not null order by 1, 2"#
        );
        let assets = assets.fetch_all(&mut self.connection).await.map_err(Error::sql(OPERATION))?;
        let files = files.into_iter().map(|row| (row.app, row.digest, row.size)).map(needed(BlobKind::File));
        Ok(files.chain(assets.into_iter().map(|row| (row.app, row.digest, row.size)).map(needed(BlobKind::Asset))).collect())
    }

    /// How many rows each table has, its partitions together.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rows(&mut self) -> Result<BTreeMap<String, i64>> {
        const OPERATION: &str = "count the rows of all tables";
        let tables = sqlx::query_scalar!(
            r#"
            select c.relname::text as "name!" from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1
            "#
        );
        let tables = tables.fetch_all(&mut self.connection).await.map_err(Error::sql(OPERATION))?;
        let mut rows = BTreeMap::new();
        for table in tables {
            // A name from the catalogue, in quotes: nobody else chooses what stands here.
            let count = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from \"{}\"", table.replace('"', "\"\""))));
            rows.insert(table, count.fetch_one(&mut self.connection).await.map_err(Error::sql(OPERATION))?);
        }
        Ok(rows)
    }

    /// The names of the master keys that its secrets are sealed with.
    ///
    /// # Errors
    /// The database failed.
    pub async fn master_keys(&mut self) -> Result<Vec<String>> {
        secrets::masters_in_use(&mut self.connection).await
    }

    /// Lets go of it.
    pub async fn end(self) {
        // It has changed nothing; a connection that is lost has ended as well.
        let _ = self.connection.close().await;
    }
}
