//! Connections: one pool for the data plane and one for the control plane, so that neither starves the other (S-3.4).

use std::{str::FromStr, sync::Arc, time::Duration};

use blobs::Blobs;
use execution::Ceilings;
use jiff::Timestamp;
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use vault::Vault;

use crate::{
    Control, Data, Error, Listener, Result, Runs, Snapshots,
    data::{key_check, secrets},
};

/// A statement of the data plane takes milliseconds; one that takes longer holds up everybody behind it.
const DATA_STATEMENT_TIMEOUT: &str = "2s";
/// The control plane also reads whole instances and deploys thousands of scripts at once.
const CONTROL_STATEMENT_TIMEOUT: &str = "15s";
/// A transaction that waits for us this long has lost us.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";
/// Nobody of the data plane queues for a connection longer than this: a request waits behind it (S-3.4).
const DATA_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// The control plane is more patient: new connections on a busy small machine take most of it.
const CONTROL_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections that each plane may hold.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// Of the control plane: admin API, snapshots, maintenance, and one for the listener.
    pub control: u32,
    /// Of the data plane: what scripts read and write, and batches of executions and logs.
    pub data: u32,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { control: 8, data: 16 }
    }
}

/// The connections of one plane. While `in_use` is `max`, others wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolFigures {
    /// `control` or `data`.
    pub plane: &'static str,
    pub in_use: u32,
    pub idle: u32,
    pub max: u32,
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) control: PgPool,
    data: PgPool,
    ceilings: Arc<Ceilings>,
    /// `None`: secrets can be neither set nor read.
    vault: Option<Arc<Vault>>,
    /// `None`: files can be neither written nor read.
    blobs: Option<Arc<Blobs>>,
    /// `None`: assets can be neither uploaded nor served.
    assets: Option<Arc<Blobs>>,
}

impl Store {
    /// Connects to the database at `url` (`postgresql://user@host:port/name`, or `?host=/directory` for a Unix socket).
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Unavailable`].
    pub async fn connect(url: &str, sizes: PoolSizes) -> Result<Self> {
        // The driver takes any scheme, and would look for a host where there is none.
        if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
            return Err(Error::Url { source: sqlx::Error::Configuration("not a PostgreSQL URL".into()) });
        }
        let options = PgConnectOptions::from_str(url).map_err(|source| Error::Url { source })?;
        let options = options.application_name("picloud").disable_statement_logging();
        let control = pool(&options, sizes.control, CONTROL_STATEMENT_TIMEOUT, CONTROL_ACQUIRE_TIMEOUT);
        let data = pool(&options, sizes.data, DATA_STATEMENT_TIMEOUT, DATA_ACQUIRE_TIMEOUT);
        let store = Self { control, data, ceilings: Arc::default(), vault: None, blobs: None, assets: None };
        store.ping().await?;
        Ok(store)
    }

    /// The same database, in an instance whose operator allows this much at most.
    #[must_use]
    pub fn with_ceilings(self, ceilings: Ceilings) -> Self {
        Self { ceilings: Arc::new(ceilings), ..self }
    }

    /// The same database, whose secrets open with these keys.
    #[must_use]
    pub fn with_vault(self, vault: Vault) -> Self {
        Self { vault: Some(Arc::new(vault)), ..self }
    }

    /// The same database, the bytes of whose files lie there.
    #[must_use]
    pub fn with_blobs(self, blobs: Blobs) -> Self {
        Self { blobs: Some(Arc::new(blobs)), ..self }
    }

    /// The same database, the bytes of whose assets lie there: not where those of files do.
    #[must_use]
    pub fn with_assets(self, assets: Blobs) -> Self {
        Self { assets: Some(Arc::new(assets)), ..self }
    }

    /// The names of the master keys without which there are secrets that can't be read.
    ///
    /// # Errors
    /// The database failed.
    pub async fn master_keys_in_use(&self) -> Result<Vec<String>> {
        secrets::masters_in_use(&self.control).await
    }

    /// Opens every secret of every app, and forgets it again. Returns how many apps have some.
    ///
    /// # Errors
    /// [`Error::NoVault`]; [`Error::Sealing`]: one does not open.
    pub async fn check_secrets(&self) -> Result<u64> {
        secrets::check(&self.control, self.vault.as_ref().ok_or(Error::NoVault)?).await
    }

    /// Seals the keys of all apps with the newest master key, those that are not yet. Returns how many were.
    ///
    /// # Errors
    /// [`Error::NoVault`]; [`Error::Sealing`]: one does not open.
    pub async fn renew_secret_keys(&self) -> Result<u64> {
        secrets::renew(&self.control, self.vault.as_ref().ok_or(Error::NoVault)?).await
    }

    /// The name of the master key that the nodes of the instance have; `None`: none has started yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn master_key_of_nodes(&self) -> Result<Option<String>> {
        key_check::master(&self.control).await
    }

    /// Makes sure that this node has the master keys that the others have. To be called after [`Control::instance`].
    ///
    /// # Errors
    /// [`Error::NoVault`]; [`Error::Sealing`]: it has others.
    pub async fn check_master_keys(&self, now: Timestamp) -> Result<()> {
        key_check::join(&self.control, self.vault.as_ref().ok_or(Error::NoVault)?, now).await
    }

    /// Forgets all secrets and the keys that sealed them, for an instance whose master keys are lost. Returns how many there were. No node may run.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_secrets(&self) -> Result<u64> {
        key_check::forget_sealed(&self.control).await
    }

    /// Lets the next node that starts come with other master keys. Only if nothing is sealed, and no other node runs.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_master_keys(&self) -> Result<()> {
        key_check::forget(&self.control).await
    }

    /// Whether the database answers; for `/readyz`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<()> {
        sqlx::query!("select 1 as one").fetch_one(&self.control).await.map_err(Error::sql("ping"))?;
        Ok(())
    }

    /// The control plane's door.
    #[must_use]
    pub fn control(&self) -> Control {
        Control {
            pool: self.control.clone(),
            ceilings: Arc::clone(&self.ceilings),
            vault: self.vault.clone(),
            blobs: self.blobs.clone(),
            assets: self.assets.clone(),
        }
    }

    /// The data plane's door.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots { pool: self.control.clone(), data: self.data(), ceilings: Arc::clone(&self.ceilings) }
    }

    /// Where executions and logs are written.
    #[must_use]
    pub fn runs(&self) -> Runs {
        Runs { data: self.data.clone(), control: self.control.clone(), vault: self.vault.clone() }
    }

    /// What scripts keep.
    #[must_use]
    pub fn data(&self) -> Data {
        Data { runs: self.runs(), vault: self.vault.clone(), blobs: self.blobs.clone(), assets: self.assets.clone() }
    }

    /// Changes as they are made, by any node. Connects in [`Listener::next`].
    #[must_use]
    pub fn listener(&self) -> Listener {
        Listener::new(self.control.clone())
    }

    /// The connections of both planes at this moment.
    #[must_use]
    pub fn pools(&self) -> [PoolFigures; 2] {
        [("control", &self.control), ("data", &self.data)].map(|(plane, pool)| {
            let (open, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
            PoolFigures { plane, in_use: open.saturating_sub(idle), idle: idle.min(open), max: pool.options().get_max_connections() }
        })
    }

    /// Waits until every connection is returned and closes them. A [`Listener`] holds one until it is dropped.
    pub async fn close(&self) {
        self.data.close().await;
        self.control.close().await;
    }
}

fn pool(options: &PgConnectOptions, size: u32, statement_timeout: &str, acquire_timeout: Duration) -> PgPool {
    let options = options
        .clone()
        .options([("statement_timeout", statement_timeout), ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT)]);
    PgPoolOptions::new().max_connections(size).acquire_timeout(acquire_timeout).connect_lazy_with(options)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn s_3_4_each_plane_has_its_statement_timeout(pool: PgPool) {
        let url = pool.connect_options().to_url_lossy();
        let store = Store::connect(url.as_str(), PoolSizes::default()).await.unwrap();
        for (pool, expected) in [(&store.data, DATA_STATEMENT_TIMEOUT), (&store.control, CONTROL_STATEMENT_TIMEOUT)] {
            let timeout: String = sqlx::query_scalar("show statement_timeout").fetch_one(pool).await.unwrap();
            assert_eq!(timeout, expected);
            let idle: String = sqlx::query_scalar("show idle_in_transaction_session_timeout").fetch_one(pool).await.unwrap();
            assert_eq!(idle, IDLE_IN_TRANSACTION_TIMEOUT);
        }
    }

    #[sqlx::test(migrations = false)]
    async fn s_3_4_nobody_queues_longer_than_the_plane_allows(pool: PgPool) {
        let url = pool.connect_options().to_url_lossy();
        let store = Store::connect(url.as_str(), PoolSizes { control: 2, data: 1 }).await.unwrap();
        assert_eq!(store.data.options().get_acquire_timeout(), DATA_ACQUIRE_TIMEOUT);
        assert_eq!(store.control.options().get_acquire_timeout(), CONTROL_ACQUIRE_TIMEOUT);
        let held = store.data.acquire().await.unwrap();
        assert!(matches!(store.data.acquire().await, Err(sqlx::Error::PoolTimedOut)));
        // The other plane does not notice.
        store.ping().await.unwrap();
        drop(held);
        store.data.acquire().await.unwrap();
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_told_apart_from_a_server_that_is_away() {
        let unreadable = Store::connect("mysql://nowhere", PoolSizes::default()).await;
        assert!(matches!(unreadable, Err(Error::Url { .. })));
        let away = Store::connect("postgresql://postgres@localhost/none?host=/nonexistent", PoolSizes::default()).await;
        assert!(matches!(away, Err(Error::Unavailable { .. })));
    }
}
