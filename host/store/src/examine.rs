//! What a database is, before anything of it is used: for `picloud doctor` and for backups.

use jiff::Timestamp;

use crate::{Error, Result, Store, time::Time};

/// A database as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// `150018`.
    pub version_number: i32,
    /// Number of the newest migration that was made; `None`: no PiCloud has used it yet.
    pub schema: Option<i64>,
    /// Number of a migration that a program has to know to be able to use it; `None`: the schema is from before there was one.
    pub schema_min: Option<i64>,
    /// The moment of the answer by its own clock.
    pub now: Timestamp,
    /// It has no tables of anybody.
    pub is_empty: bool,
    /// It takes no writes: a standby, or set so.
    pub is_read_only: bool,
}

impl Store {
    /// Looks at the database, whatever its schema is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn examine(&self) -> Result<DatabaseFacts> {
        let facts = sqlx::query!(
            r#"
            select current_setting('server_version') as "version!", current_setting('server_version_num')::int as "version_number!",
                clock_timestamp() as "now!: Time",
                pg_is_in_recovery() or current_setting('transaction_read_only')::bool as "is_read_only!",
                to_regclass('_sqlx_migrations') is not null as "has_schema!",
                to_regclass('compatibility') is not null as "has_minimum!",
                not exists (select from pg_class where relnamespace = 'public'::regnamespace) as "is_empty!"
            "#
        )
        .fetch_one(&self.control)
        .await
        .map_err(Error::sql("examine the database"))?;
        // Made by the migrator and no migration: the compiler does not know it.
        let newest = sqlx::query_scalar("select max(version) from _sqlx_migrations where success");
        let schema =
            if facts.has_schema { newest.fetch_one(&self.control).await.map_err(Error::sql("read the schema's version"))? } else { None };
        let schema_min = if facts.has_minimum { self.schema_min().await? } else { None };
        Ok(DatabaseFacts {
            version: facts.version,
            version_number: facts.version_number,
            schema,
            schema_min,
            now: facts.now.into(),
            is_empty: facts.is_empty,
            is_read_only: facts.is_read_only,
        })
    }

    async fn schema_min(&self) -> Result<Option<i64>> {
        sqlx::query_scalar!("select schema_min from compatibility")
            .fetch_optional(&self.control)
            .await
            .map_err(Error::sql("read which programs the schema is good for"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use sqlx::{ConnectOptions as _, PgPool};

    use super::*;
    use crate::PoolSizes;

    #[sqlx::test(migrations = false)]
    async fn a_database_says_what_it_is(pool: PgPool) {
        let url = pool.connect_options().to_url_lossy();
        let store = Store::connect(url.as_str(), PoolSizes::default()).await.unwrap();
        let empty = store.examine().await.unwrap();
        assert_eq!((empty.schema, empty.schema_min, empty.is_read_only, empty.is_empty), (None, None, false, true));
        assert!(empty.version_number >= 150_000 && empty.version.starts_with(&(empty.version_number / 10_000).to_string()));
        store.migrate().await.unwrap();
        let full = store.examine().await.unwrap();
        assert!(full.schema == Some(Store::schema_version()) && full.schema_min <= full.schema);
        assert!(full.now >= empty.now && !full.is_empty);
    }
}
