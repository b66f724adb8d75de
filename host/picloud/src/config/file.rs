//! The TOML file.

use std::{collections::BTreeMap, fs, path::Path};

use super::{ConfigError, Secret};

/// The keys of the file. An unknown one is an error, so that typing errors show.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) bind: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) base_domain: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) data_dir: Option<std::path::PathBuf>,
    pub(crate) database_url: Option<Secret>,
    pub(crate) secrets_key_file: Option<std::path::PathBuf>,
    pub(crate) internal_bind: Option<String>,
    pub(crate) admin_username: Option<String>,
    pub(crate) admin_password: Option<Secret>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) trusted_proxies: Option<Vec<String>>,
    pub(crate) retention_days: Option<u32>,
    pub(crate) retention_mb: Option<u32>,
    pub(crate) dns_resolvers: Option<Vec<String>>,
    pub(crate) log: Option<String>,
    #[serde(default)]
    pub(crate) egress: EgressTable,
    #[serde(default)]
    pub(crate) telemetry: TelemetryTable,
    /// Ceilings of limits, by name: what an app can be given at most.
    #[serde(default)]
    pub(crate) limits: BTreeMap<String, u64>,
}

/// The table `[egress]`: what scripts of all apps may call. In the file only, so that it takes access to the machine.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EgressTable {
    /// Networks that are not public and that apps may reach all the same.
    pub(crate) allow_private: Vec<String>,
    /// Networks and hosts that no app may reach.
    pub(crate) deny: Vec<String>,
}

/// The table `[telemetry]`: where traces go. In the file only.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TelemetryTable {
    /// A collector of OpenTelemetry (OTLP over HTTP); without it nothing is exported.
    pub(crate) otlp_endpoint: Option<String>,
    /// The share of executions that is sampled.
    pub(crate) sample_ratio: f64,
    /// Whether a trusted proxy's `traceparent` decides instead.
    pub(crate) trust_parent: bool,
}

impl Default for TelemetryTable {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 0.01, trust_parent: false }
    }
}

impl File {
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })
    }
}
