//! A fresh database per test, for the crates above (feature `testing`).

#![expect(clippy::expect_used, reason = "a test that has no database stops here, and says what is missing")]

use std::{path::PathBuf, str::FromStr};

use blobs::Blobs;
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use vault::{MasterKeys, Vault};

use crate::{PoolSizes, Store};

/// A migrated database of its own, and a directory for its files. They go when the value does.
#[derive(Debug)]
pub struct Fresh {
    pub store: Store,
    url: String,
    name: String,
    server: PgConnectOptions,
    files: PathBuf,
}

impl Fresh {
    /// Address of the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs one statement, past all rules of the store.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn execute(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.url).await.expect("the database answers");
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect("the statement is right");
    }

    /// Every row of every table, as text: what somebody has who got a copy.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn dump(&self) -> String {
        let mut connection = PgConnection::connect(&self.url).await.expect("the database answers");
        let tables: Vec<String> = sqlx::query_scalar(
            "select quote_ident(table_name) from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
        )
        .fetch_all(&mut connection)
        .await
        .expect("the catalogue can be read");
        let mut text = String::new();
        for table in tables {
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("select t::text from {table} t")))
                .fetch_all(&mut connection)
                .await
                .expect("a table can be read");
            text.push_str(&rows.join("\n"));
        }
        text
    }
}

/// Makes a database with a random name on the server of `DATABASE_URL` and migrates it.
///
/// # Panics
/// `DATABASE_URL` is not set (`cargo xtask test` sets it) or the server refuses: a test can't go on.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration: the server is named by whoever runs the tests")]
pub async fn fresh() -> Fresh {
    let server = std::env::var("DATABASE_URL").expect("DATABASE_URL names a PostgreSQL server where tests may make databases");
    let server = PgConnectOptions::from_str(&server).expect("DATABASE_URL is a PostgreSQL URL");
    let name = format!("test_{}", Uuid::now_v7().simple());
    let url = sqlx::ConnectOptions::to_url_lossy(&server.clone().database(&name)).to_string();
    run(&server, format!("create database {name}")).await.expect("the server makes a database");
    let store = Store::connect(&url, PoolSizes::default()).await.expect("the fresh database answers");
    store.migrate().await.expect("the fresh database takes the schema");
    let keys = MasterKeys::random().expect("the system has random bytes");
    let store = store.with_vault(Vault::new(keys, Uuid::nil()));
    let files = std::env::temp_dir().join(&name);
    let open = |directory| Blobs::open(&files.join(directory)).expect("the system has a directory for what is temporary");
    let store = store.with_blobs(open("files")).with_assets(open("assets"));
    Fresh { store, url, name, server, files }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("drop database if exists {} with (force)", self.name));
        // On a thread with a runtime of its own: this may run inside one, which can't be blocked.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(run(&server, statement)))
        });
        let _ = std::fs::remove_dir_all(&self.files);
        if !matches!(dropping.join(), Ok(Ok(Ok(())))) {
            tracing::warn!(database = self.name, "the test's database was not dropped");
        }
    }
}

async fn run(server: &PgConnectOptions, statement: String) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect_with(server).await?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fresh_database_goes_with_its_value() {
        let one = fresh().await;
        let two = fresh().await;
        assert_ne!(one.url(), two.url());
        assert_eq!(one.store.control().owners().await.ok(), Some(0));
        let url = one.url().to_owned();
        drop(one);
        assert!(Store::connect(&url, PoolSizes::default()).await.is_err());
    }
}
