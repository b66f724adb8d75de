//! The database: a private server or somebody else's, connected and with the newest schema.

use anyhow::Context as _;
use postgres::{Durability, Server};
use store::{PoolSizes, Store};

use crate::{
    config::{self, Config},
    telling::tell,
};

/// Where the private server's files go when its user can't enter the data directory.
const ELSEWHERE: &str = "/var/lib/picloud";
/// Of the private server: the two pools, and some for a person with psql.
const CONNECTIONS_MAX: u16 = 40;

/// An open database.
pub(crate) struct Database {
    pub(crate) store: Store,
    /// The private server, if it is ours to stop.
    server: Option<Server>,
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
        let store = Store::connect(url, PoolSizes::default()).await.context("could not connect to the database")?;
        store.migrate().await.context("could not bring the database's schema up to date")?;
        Ok(Self { store: store.with_ceilings(config.ceilings.clone()), server })
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

fn settings(config: &Config, search_path: Option<std::ffi::OsString>) -> postgres::Settings {
    postgres::Settings {
        directory: config.data_dir.join("postgres"),
        fallback_parent: ELSEWHERE.into(),
        search_path,
        database: "picloud".into(),
        durability: Durability::Full,
        connections_max: CONNECTIONS_MAX,
    }
}
