//! The schema: brought up to date at a start, and held against what this program knows.

use std::borrow::Cow;

use sqlx::{
    Connection, PgConnection,
    migrate::{MigrateError, Migrator},
};

use crate::{Error, Result, Store, error::sqlstate};

/// The schema, forward only.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// A migration that waits for a lock longer than this lets the statements behind it pass and tries again.
const MIGRATION_LOCK_TIMEOUT: &str = "3s";
/// Tries of a migration: a node that waits for another one's migration gives up after about two minutes.
const MIGRATION_TRIES: u32 = 40;

const OPERATION: &str = "migrate";

impl Store {
    /// Brings the schema up to date; one node at a time does it, the others wait (S-9.1). A newer one is left as it is, if it is good for this program.
    ///
    /// # Errors
    /// [`Error::NewerSchema`], [`Error::Migration`], [`Error::Unavailable`].
    pub async fn migrate(&self) -> Result<()> {
        let facts = self.examine().await?;
        let known = Self::schema_version();
        let (newer, oldest) = (facts.schema.filter(|found| *found > known), facts.schema_min);
        if let Some(found) = newer
            && oldest.is_none_or(|oldest| oldest > known)
        {
            return Err(Error::NewerSchema { found, known, oldest: oldest.unwrap_or(found) });
        }
        self.run_migrations().await?;
        if let Some(found) = newer {
            tracing::warn!(
                found,
                known,
                "a newer PiCloud has brought the schema forward; it is still good for this one, which goes on with it"
            );
        }
        Ok(())
    }

    async fn run_migrations(&self) -> Result<()> {
        // Those that are missing here were made by a newer program.
        let migrator = Migrator { migrations: Cow::Borrowed(&MIGRATOR.migrations), ignore_missing: true, ..Migrator::DEFAULT };
        let options = (*self.control.connect_options()).clone();
        let options = options.options([("statement_timeout", "0"), ("lock_timeout", MIGRATION_LOCK_TIMEOUT)]);
        let mut tries_left = MIGRATION_TRIES;
        loop {
            // A connection for each try: closing it also gives back the advisory lock of a try that failed.
            let mut connection = PgConnection::connect_with(&options).await.map_err(Error::sql(OPERATION))?;
            let outcome = migrator.run_direct(None, &mut connection, false).await;
            connection.close().await.map_err(Error::sql(OPERATION))?;
            tries_left -= 1;
            match outcome {
                Ok(()) => return Ok(()),
                Err(error) if tries_left > 0 && waited_for_a_lock(&error) => {
                    tracing::info!(tries_left, "the migration waits for a lock; trying again");
                }
                Err(source) => return Err(Error::Migration { operation: OPERATION, source }),
            }
        }
    }

    /// Number of the newest migration that this program knows.
    #[must_use]
    pub fn schema_version() -> i64 {
        MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
    }
}

fn waited_for_a_lock(error: &MigrateError) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            sqlstate(source).as_deref() == Some(LOCK_NOT_AVAILABLE)
        }
        _ => false,
    }
}
