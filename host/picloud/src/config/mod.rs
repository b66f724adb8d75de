//! The only reader of flags, environment and files.
//!
//! Each key is found at four places, the first that has it wins: flag, environment variable, TOML file (`--config`), default.
//! `arguments` has the first two, `file` the third, `settings` the last; `resolve` puts them together and says what is wrong with a value.

mod arguments;
mod client;
mod file;
#[cfg(test)]
pub(crate) mod reference;
mod resolve;
mod secret;
mod settings;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

pub(crate) use arguments::Arguments;
pub(crate) use client::{cache_home, client_environment};
use execution::Ceilings;
use orchestrator::{TrustedProxies, egress::OperatorRules};
pub(crate) use resolve::ConfigError;
pub(crate) use secret::Secret;
use store::Retention;

/// Everything that the owner of an instance decides, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where the instance's host and all apps are served.
    pub(crate) bind: SocketAddr,
    /// The instance's own host, canonical: dashboard and API.
    pub(crate) host: String,
    /// Apps answer at `<slug>.<base domain>`; canonical.
    pub(crate) base_domain: String,
    /// How browsers reach the instance's host.
    pub(crate) origin: String,
    /// Absolute.
    pub(crate) data_dir: PathBuf,
    /// Absolute: where what can be made again is kept.
    pub(crate) cache_dir: PathBuf,
    pub(crate) database: Database,
    /// Absolute.
    pub(crate) secrets_key_file: PathBuf,
    /// Health and metrics, for this machine only.
    pub(crate) internal_bind: SocketAddr,
    pub(crate) owner: FirstOwner,
    /// Sandboxes at once.
    pub(crate) concurrency: u32,
    /// Whose forwarding headers are believed.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Who is asked for the proofs of domains, and where the servers are that scripts call; `None` for the machine's own resolvers.
    pub(crate) dns_resolvers: Option<Vec<SocketAddr>>,
    /// What scripts may call beyond the public internet, and what of it they may not.
    pub(crate) egress: OperatorRules,
    /// Where traces go, and of how many executions.
    pub(crate) telemetry: orchestrator::telemetry::Settings,
    /// How much of executions and logs is kept.
    pub(crate) retention: Retention,
    /// What any app can be given at most; only the file names them.
    pub(crate) ceilings: Ceilings,
    /// Filter of what PiCloud itself logs.
    pub(crate) log: String,
    /// Variables whose names begin with `PICLOUD_` and that nothing reads: typing errors, most likely.
    pub(crate) unknown_variables: Vec<String>,
    pub(crate) service_manager: ServiceManager,
}

/// Who started the process, as the environment tells (systemd's `sd_notify`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServiceManager {
    /// Where it wants to be told how the process is: a path, or with `@` an abstract name. Absent: nobody asks.
    pub(crate) socket: Option<OsString>,
    /// How long it waits for a sign of life before it kills the process.
    pub(crate) patience: Option<Duration>,
}

/// Where the machine names its resolvers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Which database.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// One of its own, inside of the data directory; `PATH` to find the programs.
    Private { search_path: Option<OsString> },
    /// A server that somebody else runs.
    External(Secret),
}

/// The account that a new instance is made with.
#[derive(Debug, Clone)]
pub(crate) struct FirstOwner {
    pub(crate) username: String,
    /// Absent: a random one, shown once.
    pub(crate) password: Option<Secret>,
    /// Whether an app is made for the owner to look at, and the owner is told what was made.
    pub(crate) is_welcomed: bool,
}

impl Config {
    /// Whether nobody but this machine can reach the instance: bind address, its host and the base domain are all loopback.
    pub(crate) fn is_loopback_only(&self) -> bool {
        let is_local = |host: &str| host == "localhost" || host.ends_with(".localhost");
        self.bind.ip().is_loopback() && is_local(&self.host) && is_local(&self.base_domain)
    }

    /// All names of the instance's host.
    pub(crate) fn instance_hosts(&self) -> Vec<String> {
        let mut hosts = vec![self.host.clone()];
        if self.host == "localhost" {
            hosts.extend(["127.0.0.1".to_owned(), "[::1]".to_owned()]);
        }
        hosts
    }

    /// Where browsers may come from: the origin, and its other spellings on this machine.
    pub(crate) fn origins(&self) -> Vec<String> {
        let mut origins = vec![self.origin.clone()];
        if self.host == "localhost" {
            let port = self.bind.port();
            origins.extend([format!("http://127.0.0.1:{port}"), format!("http://[::1]:{port}")]);
        }
        origins
    }

    /// Who is asked for the proofs of domains.
    pub(crate) fn resolvers(&self) -> Vec<SocketAddr> {
        self.dns_resolvers
            .clone()
            .unwrap_or_else(|| resolve::resolvers_of_machine(&std::fs::read_to_string(RESOLV_CONF).unwrap_or_default()))
    }

    /// The URL of an app.
    pub(crate) fn app_url(&self, slug: &str) -> String {
        let (scheme, rest) = self.origin.split_once("://").unwrap_or(("http", ""));
        let port = rest.rsplit_once(':').map_or("", |(_, port)| port);
        let separator = if port.is_empty() { "" } else { ":" };
        format!("{scheme}://{slug}.{}{separator}{port}/", self.base_domain)
    }
}
