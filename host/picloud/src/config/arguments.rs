//! Flags and environment variables. All are text here: `resolve` checks them, so that a wrong value is reported the same way
//! wherever it was found.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use super::{ServiceManager, client::CLIENT_VARIABLES};

/// Every key as a flag and as a variable.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Arguments {
    /// A TOML file with the keys below, without `--` and with `_` for `-`
    #[arg(long, env = "PICLOUD_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Address and port of the instance and of all apps [default: 127.0.0.1:8080]
    #[arg(long, env = "PICLOUD_BIND", value_name = "ADDRESS")]
    pub(crate) bind: Option<String>,

    /// The instance's own host name: dashboard and API [default: localhost]
    #[arg(long, env = "PICLOUD_HOST", value_name = "NAME")]
    pub(crate) host: Option<String>,

    /// Apps answer at `<slug>.<base domain>` [default: localhost]
    #[arg(long, env = "PICLOUD_BASE_DOMAIN", value_name = "NAME")]
    pub(crate) base_domain: Option<String>,

    /// How browsers reach the instance's host; by default http and the port on localhost, https elsewhere
    #[arg(long, env = "PICLOUD_ORIGIN", value_name = "URL")]
    pub(crate) origin: Option<String>,

    /// Where everything is kept [default: ./.picloud]
    #[arg(long, env = "PICLOUD_DATA_DIR", value_name = "DIRECTORY")]
    pub(crate) data_dir: Option<PathBuf>,

    /// A PostgreSQL to use instead of a private one: postgres://user:password@host/name
    #[arg(long, env = "PICLOUD_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,

    /// The file with the master keys of secrets, made at the first start [default: secrets.key in the data directory]
    #[arg(long, env = "PICLOUD_SECRETS_KEY_FILE", value_name = "FILE")]
    pub(crate) secrets_key_file: Option<PathBuf>,

    /// Address and port of health and metrics, for this machine only [default: 127.0.0.1:9180]
    #[arg(long, env = "PICLOUD_INTERNAL_BIND", value_name = "ADDRESS")]
    pub(crate) internal_bind: Option<String>,

    /// Name of the first owner of a new instance [default: owner]
    #[arg(long, env = "PICLOUD_ADMIN_USERNAME", value_name = "NAME")]
    pub(crate) admin_username: Option<String>,

    /// Sandboxes at once, 1 to 1000 [default: 64]
    #[arg(long, env = "PICLOUD_CONCURRENCY", value_name = "NUMBER")]
    pub(crate) concurrency: Option<String>,

    /// Networks whose forwarding headers are believed, with commas [default: loopback]
    #[arg(long, env = "PICLOUD_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub(crate) trusted_proxies: Option<String>,

    /// Resolvers for the proofs of domains (the first two must agree) and for what scripts call, with commas [default: those of /etc/resolv.conf]
    #[arg(long, env = "PICLOUD_DNS_RESOLVERS", value_name = "ADDRESSES")]
    pub(crate) dns_resolvers: Option<String>,

    /// Days that executions and logs are kept, 1 to 400 [default: 7]
    #[arg(long, env = "PICLOUD_RETENTION_DAYS", value_name = "DAYS")]
    pub(crate) retention_days: Option<String>,

    /// Megabytes of executions and logs that are kept, 16 to 1000000 [default: 2048]
    #[arg(long, env = "PICLOUD_RETENTION_MB", value_name = "MEGABYTES")]
    pub(crate) retention_mb: Option<String>,

    /// What PiCloud itself logs: a level, or levels per module [default: warn]
    #[arg(long, env = "PICLOUD_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// What only the environment tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// A flag would show the password to every user of the machine.
    pub(crate) admin_password: Option<String>,
    pub(crate) path: Option<OsString>,
    /// What a service manager tells the processes that it starts.
    pub(crate) notify_socket: Option<OsString>,
    pub(crate) watchdog_usec: Option<String>,
    pub(crate) watchdog_pid: Option<String>,
    /// Names of all variables that begin with `PICLOUD_`.
    pub(crate) names: Vec<String>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read() -> Self {
        Self {
            admin_password: std::env::var("PICLOUD_ADMIN_PASSWORD").ok(),
            path: std::env::var_os("PATH"),
            notify_socket: std::env::var_os("NOTIFY_SOCKET"),
            watchdog_usec: std::env::var("WATCHDOG_USEC").ok(),
            watchdog_pid: std::env::var("WATCHDOG_PID").ok(),
            names: std::env::vars_os()
                .filter_map(|(name, _)| name.into_string().ok())
                .filter(|name| name.starts_with("PICLOUD_"))
                .collect(),
        }
    }

    /// Who started this process, if it wants to be told how it is.
    pub(crate) fn service_manager(&self) -> ServiceManager {
        // A process that was started by the one that is meant inherits the variables, and is not meant.
        let is_meant = self.watchdog_pid.as_ref().is_none_or(|pid| *pid == std::process::id().to_string());
        let patience = self.watchdog_usec.as_ref().filter(|_| is_meant).and_then(|text| text.parse().ok()).filter(|usec| *usec > 0);
        ServiceManager {
            socket: self.notify_socket.clone().filter(|socket| !socket.is_empty()),
            patience: patience.map(Duration::from_micros),
        }
    }

    /// Variables that no key reads.
    pub(crate) fn unknown(&self) -> Vec<String> {
        use clap::Args as _;
        let command = Arguments::augment_args(clap::Command::new("picloud"));
        let known = |name: &str| {
            name == "PICLOUD_ADMIN_PASSWORD"
                || CLIENT_VARIABLES.contains(&name)
                || command.get_arguments().any(|argument| argument.get_env().is_some_and(|env| env == name))
        };
        self.names.iter().filter(|name| !known(name)).cloned().collect()
    }
}
