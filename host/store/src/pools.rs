//! Connections: one pool for the data plane and one for the control plane, so that neither starves the other (S-3.4).

use crate::{Control, Listener, Result, Runs, Snapshots};

/// The schema, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Connections that each plane may hold.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// Of the control plane: admin API, snapshots, maintenance.
    pub control: u32,
    /// Of the data plane: batches of executions and logs.
    pub data: u32,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { control: 8, data: 4 }
    }
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) control: sqlx::PgPool,
    pub(crate) data: sqlx::PgPool,
}

impl Store {
    /// Connects to the database at `url` (`postgresql://user@host:port/name`, or `?host=/directory` for a Unix socket).
    ///
    /// # Errors
    /// [`crate::Error::Url`], [`crate::Error::Unavailable`].
    pub async fn connect(url: &str, sizes: PoolSizes) -> Result<Self> {
        todo!()
    }

    /// Brings the schema up to date; one node at a time does it, the others wait (S-9.1).
    ///
    /// # Errors
    /// [`crate::Error::NewerSchema`], [`crate::Error::Migration`], [`crate::Error::Unavailable`].
    pub async fn migrate(&self) -> Result<()> {
        todo!()
    }

    /// Number of the newest migration that this program knows.
    #[must_use]
    pub fn schema_version() -> i64 {
        todo!()
    }

    /// Whether the database answers; for `/readyz`.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn ping(&self) -> Result<()> {
        todo!()
    }

    /// The control plane's door.
    #[must_use]
    pub fn control(&self) -> Control {
        todo!()
    }

    /// The data plane's door.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        todo!()
    }

    /// Where executions and logs are written.
    #[must_use]
    pub fn runs(&self) -> Runs {
        todo!()
    }

    /// Changes as they are made, by any node. Connects in [`Listener::next`].
    #[must_use]
    pub fn listener(&self) -> Listener {
        todo!()
    }

    /// Waits until every connection is returned and closes them.
    pub async fn close(&self) {
        todo!()
    }
}
