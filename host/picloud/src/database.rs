//! The database: a private server or somebody else's, connected and with the newest schema.

use std::path::Path;

use anyhow::Context as _;
use postgres::{Durability, Server};
use store::{PoolSizes, Store};

use crate::{
    config::{self, Config},
    telling::tell,
};

/// Where the private server's files go, below the data directory.
const POSTGRES: &str = "postgres";
/// Where the private server's files go when its user can't enter the data directory.
const ELSEWHERE: &str = "/var/lib/picloud";
/// Of a command beside a server.
const BESIDE: PoolSizes = PoolSizes { control: 2, data: 1 };
/// Of the private server: the two pools, and some for a person with psql.
const CONNECTIONS_MAX: u16 = 40;

/// An open database.
pub(crate) struct Database {
    pub(crate) store: Store,
    /// The private server, if it is ours to stop.
    server: Option<Server>,
    url: String,
}

impl Database {
    /// Starts the private server unless there is another, connects, migrates.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let (url, server) = match &config.database {
            config::Database::External(url) => (url.reveal().to_owned(), None),
            config::Database::Private { search_path } => {
                let server = Server::start(&settings(config, search_path.clone()), tell).await?;
                (server.url().to_owned(), Some(server))
            }
        };
        Self::connect(&url, server, config).await
    }

    /// The same for a command that may run beside `picloud serve`: that one's server is used, and left running.
    pub(crate) async fn open_beside_a_server(config: &Config) -> anyhow::Result<Self> {
        if let config::Database::Private { search_path } = &config.database
            && let Some(url) = postgres::running(&settings(config, search_path.clone()))?
        {
            return Self::connect(&url, None, config).await;
        }
        Self::open(config).await
    }

    async fn connect(url: &str, server: Option<Server>, config: &Config) -> anyhow::Result<Self> {
        let this = Self::connect_only(url, server, PoolSizes::default()).await?;
        this.store.migrate().await.context("could not bring the database's schema up to date")?;
        Ok(Self { store: this.store.with_ceilings(config.ceilings.clone()), ..this })
    }

    /// With whatever schema it has: that of a running server, or one that is started for a while.
    pub(crate) async fn as_it_is(config: &Config) -> anyhow::Result<Self> {
        let (url, server) = match &config.database {
            config::Database::External(url) => (url.reveal().to_owned(), None),
            config::Database::Private { search_path } => {
                let settings = settings(config, search_path.clone());
                match postgres::running(&settings)? {
                    Some(url) => (url, None),
                    None => Self::start(&settings).await?,
                }
            }
        };
        Self::connect_only(&url, server, BESIDE).await
    }

    /// An empty one in a directory of its own, for a trial.
    pub(crate) async fn trial(config: &Config, directory: &Path) -> anyhow::Result<Self> {
        let search_path = match &config.database {
            config::Database::Private { search_path } => search_path.clone(),
            config::Database::External(_) => None,
        };
        let usual = settings(config, search_path);
        // Nobody misses it when the power fails.
        let durability = Durability::Test;
        let settings =
            postgres::Settings { directory: directory.join(POSTGRES), fallback_parent: directory.join("elsewhere"), durability, ..usual };
        let (url, server) = Self::start(&settings).await?;
        Self::connect_only(&url, server, BESIDE).await
    }

    async fn start(settings: &postgres::Settings) -> anyhow::Result<(String, Option<Server>)> {
        let server = Server::start(settings, tell).await?;
        Ok((server.url().to_owned(), Some(server)))
    }

    async fn connect_only(url: &str, server: Option<Server>, sizes: PoolSizes) -> anyhow::Result<Self> {
        let store = Store::connect(url, sizes).await.context("could not connect to the database")?;
        Ok(Self { store, server, url: url.to_owned() })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Closes the connections and stops the private server.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.store.close().await;
        match self.server {
            Some(server) => server.stop().await.context("could not stop the private PostgreSQL"),
            None => Ok(()),
        }
    }
}

/// The address of the database for a command that starts none; `None`: the private one does not run.
pub(crate) fn url_beside_a_server(config: &Config) -> anyhow::Result<Option<String>> {
    match &config.database {
        config::Database::External(url) => Ok(Some(url.reveal().to_owned())),
        // Asking would make the directory.
        config::Database::Private { .. } if !config.data_dir.join(POSTGRES).exists() => Ok(None),
        config::Database::Private { search_path } => Ok(postgres::running(&settings(config, search_path.clone()))?),
    }
}

fn settings(config: &Config, search_path: Option<std::ffi::OsString>) -> postgres::Settings {
    postgres::Settings {
        directory: config.data_dir.join(POSTGRES),
        fallback_parent: ELSEWHERE.into(),
        search_path,
        database: "picloud".into(),
        durability: Durability::Full,
        connections_max: CONNECTIONS_MAX,
    }
}
