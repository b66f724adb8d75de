//! Puts flags, environment, file and defaults together.

use std::{
    collections::BTreeMap,
    fmt::Display,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use execution::{Ceilings, limits::CeilingError};
use orchestrator::{
    Network, TrustedProxies,
    egress::{OperatorRules, RuleError},
    telemetry::{self, EndpointError},
};
use store::Retention;

use super::{
    Config, Database, FirstOwner, Secret,
    arguments::{Arguments, Environment},
    file::{EgressTable, File, TelemetryTable},
    settings::{self, Number, Setting},
};

/// What can be made again, below the data directory.
const CACHE: &str = "cache";

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("could not read the configuration file {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration file {} is wrong", path.display())]
    Syntax { path: PathBuf, source: Box<toml::de::Error> },
    #[error("`{key}` (flag --{}, variable PICLOUD_{}, or key of the configuration file) is `{value}`; it must be {expected}", key.replace('_', "-"), key.to_uppercase())]
    Value { key: &'static str, value: String, expected: String },
    #[error("`{key}` (configuration file only) has `{value}`; it must be {expected}")]
    Rule { key: &'static str, value: String, expected: RuleError },
    #[error("`{name}` in the table `limits` of the configuration file is {value}: {source}")]
    Ceiling { name: String, value: u64, source: CeilingError },
    #[error("could not find the directory that this program was started in; name an absolute `data_dir`")]
    NoDirectory { source: std::io::Error },
}

impl Config {
    /// Reads everything there is to read.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn read(arguments: Arguments) -> Result<Self, ConfigError> {
        let file = arguments.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let directory = std::env::current_dir().map_err(|source| ConfigError::NoDirectory { source })?;
        resolve(arguments, &Environment::read(), file, &directory)
    }
}

fn resolve(arguments: Arguments, environment: &Environment, file: File, directory: &Path) -> Result<Config, ConfigError> {
    let bind: SocketAddr = parsed(&settings::BIND, arguments.bind.or(file.bind))?;
    let host = host_name(&settings::HOST, arguments.host.or(file.host))?;
    let origin = origin(arguments.origin.or(file.origin), &host, bind)?;
    let path = environment.path.clone();
    let database = arguments.database_url.map(Secret::new).or(file.database_url);
    let password = environment.admin_password.clone().map(Secret::new).or(file.admin_password);
    let days = number(&settings::RETENTION_DAYS, arguments.retention_days, file.retention_days)?;
    let megabytes = number(&settings::RETENTION_MB, arguments.retention_mb, file.retention_mb)?;
    let data_dir = directory.join(arguments.data_dir.or(file.data_dir).unwrap_or_else(|| settings::DATA_DIR.default.into()));
    Ok(Config {
        bind,
        base_domain: host_name(&settings::BASE_DOMAIN, arguments.base_domain.or(file.base_domain))?,
        host,
        origin,
        secrets_key_file: directory.join(
            arguments.secrets_key_file.or(file.secrets_key_file).unwrap_or_else(|| data_dir.join(settings::SECRETS_KEY_FILE.default)),
        ),
        cache_dir: data_dir.join(CACHE),
        data_dir,
        database: database.map_or(Database::Private { search_path: path }, Database::External),
        internal_bind: parsed(&settings::INTERNAL_BIND, arguments.internal_bind.or(file.internal_bind))?,
        owner: FirstOwner { username: username(arguments.admin_username.or(file.admin_username))?, password, is_welcomed: true },
        concurrency: number(&settings::CONCURRENCY, arguments.concurrency, file.concurrency)?,
        trusted_proxies: trusted_proxies(arguments.trusted_proxies, file.trusted_proxies)?,
        dns_resolvers: dns_resolvers(arguments.dns_resolvers, file.dns_resolvers)?,
        egress: egress(&file.egress)?,
        telemetry: telemetry(&file.telemetry)?,
        retention: Retention { days: u16::try_from(days).unwrap_or(u16::MAX), bytes_max: u64::from(megabytes) * 1024 * 1024 },
        ceilings: ceilings(file.limits)?,
        log: arguments.log.or(file.log).unwrap_or_else(|| settings::LOG.default.into()),
        unknown_variables: environment.unknown(),
        service_manager: environment.service_manager(),
    })
}

fn wrong(key: &'static str, value: impl Display, expected: impl Into<String>) -> ConfigError {
    ConfigError::Value { key, value: value.to_string(), expected: expected.into() }
}

impl Setting {
    fn wrong(&self, value: impl Display) -> ConfigError {
        wrong(self.key, value, self.expected)
    }
}

fn parsed<T: FromStr>(setting: &Setting, value: Option<String>) -> Result<T, ConfigError> {
    let text = value.as_deref().unwrap_or(setting.default);
    text.parse().map_err(|_| setting.wrong(text))
}

fn number(Number { key, default, min, max, unit }: &Number, argument: Option<String>, file: Option<u32>) -> Result<u32, ConfigError> {
    let text = argument.or_else(|| file.map(|number| number.to_string())).unwrap_or_else(|| default.to_string());
    let number = text.parse().ok().filter(|number| (min..=max).contains(&number));
    number.ok_or_else(|| wrong(key, &text, format!("a number from {min} to {max} ({unit})")))
}

/// Canonical, as the data plane compares it.
fn host_name(setting: &Setting, value: Option<String>) -> Result<String, ConfigError> {
    let text = value.unwrap_or_else(|| setting.default.into());
    let canonical = orchestrator::host_name::canonical_pattern(&text).map_err(|_| setting.wrong(&text))?;
    if canonical.starts_with("*.") || text.contains(':') { Err(setting.wrong(text)) } else { Ok(canonical) }
}

fn origin(value: Option<String>, host: &str, bind: SocketAddr) -> Result<String, ConfigError> {
    let Some(text) = value else {
        let is_local = host == "localhost" || host.ends_with(".localhost");
        return Ok(if is_local { format!("http://{host}:{}", bind.port()) } else { format!("https://{host}") });
    };
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_origin = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']));
    if is_origin { Ok(text) } else { Err(settings::ORIGIN.wrong(text)) }
}

fn username(value: Option<String>) -> Result<String, ConfigError> {
    let text = value.unwrap_or_else(|| settings::ADMIN_USERNAME.default.into());
    let fits = !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-@+".contains(c));
    if fits { Ok(text) } else { Err(settings::ADMIN_USERNAME.wrong(text)) }
}

fn trusted_proxies(argument: Option<String>, file: Option<Vec<String>>) -> Result<TrustedProxies, ConfigError> {
    let texts = argument.map(|list| list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()).or(file);
    let Some(texts) = texts else { return Ok(TrustedProxies::default()) };
    let network = |text: String| text.parse::<Network>().map_err(|_| settings::TRUSTED_PROXIES.wrong(text));
    Ok(TrustedProxies::new(texts.into_iter().map(network).collect::<Result<_, _>>()?))
}

fn egress(table: &EgressTable) -> Result<OperatorRules, ConfigError> {
    fn rules<T: FromStr<Err = RuleError>>(key: &'static str, texts: &[String]) -> Result<Vec<T>, ConfigError> {
        texts.iter().map(|text| text.parse().map_err(|expected| ConfigError::Rule { key, value: text.clone(), expected })).collect()
    }
    Ok(OperatorRules::new(rules(settings::ALLOW_PRIVATE.key, &table.allow_private)?, rules(settings::DENY.key, &table.deny)?))
}

fn telemetry(table: &TelemetryTable) -> Result<telemetry::Settings, ConfigError> {
    let TelemetryTable { otlp_endpoint, sample_ratio, trust_parent } = table;
    let endpoint = otlp_endpoint
        .as_ref()
        .map(|text| text.parse().map_err(|expected: EndpointError| wrong(settings::OTLP_ENDPOINT.key, text, expected.to_string())));
    if !(0.0..=1.0).contains(sample_ratio) {
        return Err(settings::SAMPLE_RATIO.wrong(sample_ratio));
    }
    Ok(telemetry::Settings { endpoint: endpoint.transpose()?, sample_ratio: *sample_ratio, trust_parent: *trust_parent })
}

fn ceilings(lowered: BTreeMap<String, u64>) -> Result<Ceilings, ConfigError> {
    let mut ceilings = Ceilings::default();
    for (name, value) in lowered {
        ceilings.set(&name, value).map_err(|source| ConfigError::Ceiling { name, value, source })?;
    }
    Ok(ceilings)
}

/// Port of DNS.
const DNS_PORT: u16 = 53;

fn dns_resolvers(argument: Option<String>, file: Option<Vec<String>>) -> Result<Option<Vec<SocketAddr>>, ConfigError> {
    let texts = argument.map(|list| list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()).or(file);
    let Some(texts) = texts else { return Ok(None) };
    let resolver = |text: String| resolver(&text).ok_or_else(|| settings::DNS_RESOLVERS.wrong(text));
    texts.into_iter().map(resolver).collect::<Result<_, _>>().map(Some)
}

/// An address, with a port if it is not the usual one.
fn resolver(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, DNS_PORT)))
}

/// The lines `nameserver <address>` of resolv.conf.
pub(super) fn resolvers_of_machine(text: &str) -> Vec<SocketAddr> {
    text.lines().filter_map(|line| resolver(line.trim().strip_prefix("nameserver")?.trim())).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn read(arguments: Arguments, file: &str) -> Result<Config, ConfigError> {
        resolve(arguments, &Environment::default(), toml::from_str(file).unwrap(), Path::new("/srv"))
    }

    #[test]
    fn defaults_are_for_this_machine_only() {
        let config = read(Arguments::default(), "").unwrap();
        assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
        assert_eq!((config.host.as_str(), config.base_domain.as_str()), ("localhost", "localhost"));
        assert_eq!(config.origins(), ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"]);
        assert_eq!(config.app_url("shop"), "http://shop.localhost:8080/");
        assert_eq!(config.data_dir, Path::new("/srv/.picloud"));
        assert!(config.is_loopback_only());
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let arguments = Arguments { bind: Some("127.0.0.1:1".into()), ..Arguments::default() };
        let config =
            read(arguments, "bind = '127.0.0.1:2'\nconcurrency = 7\nhost = 'Cloud.Example.com.'\nbase_domain = 'example.net'").unwrap();
        assert_eq!((config.bind.port(), config.concurrency), (1, 7));
        assert_eq!((config.host.as_str(), config.origin.as_str()), ("cloud.example.com", "https://cloud.example.com"));
        assert_eq!(config.app_url("shop"), "https://shop.example.net/");
        assert!(!config.is_loopback_only());
    }

    #[test]
    fn a_wrong_value_is_reported_with_its_key_and_what_is_expected() {
        let wrong = [
            "bind = 'here'",
            "host = 'a b'",
            "host = 'http://x'",
            "base_domain = '*.example.com'",
            "origin = 'localhost'",
            "internal_bind = '9180'",
            "concurrency = 0",
            "concurrency = 1001",
            "trusted_proxies = ['10.0.0.0/33']",
            "dns_resolvers = ['ns.example.com']",
            "retention_days = 0",
            "admin_username = ''",
        ];
        for line in wrong {
            let key = line.split_once(' ').unwrap().0;
            let error = read(Arguments::default(), line).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")) && error.contains("must be"), "{line}: {error}");
        }
    }

    #[test]
    fn what_scripts_may_call_is_said_in_the_file() {
        let config =
            read(Arguments::default(), "[egress]\nallow_private = ['10.1.0.0/16:8080', '127.0.0.1:9']\ndeny = ['*.corp.example']").unwrap();
        assert_eq!(config.egress.opened().map(ToString::to_string).collect::<Vec<_>>(), ["10.1.0.0/16:8080", "127.0.0.1:9"]);
        assert_eq!(config.egress.denied().map(ToString::to_string).collect::<Vec<_>>(), ["*.corp.example"]);
        assert_eq!(read(Arguments::default(), "").unwrap().egress.opened().count(), 0);
        for (line, key, expected) in [
            ("allow_private = ['intranet']", "egress.allow_private", "10.1.0.0/16:8080"),
            ("allow_private = ['0.0.0.0/0']", "egress.allow_private", "/8"),
            ("allow_private = ['10.1.2.3/16']", "egress.allow_private", "behind the prefix"),
            ("deny = ['a b']", "egress.deny", "evil.example"),
        ] {
            let error = read(Arguments::default(), &format!("[egress]\n{line}")).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")) && error.contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn s_3_5_ceilings_are_lowered_within_what_is_built_in() {
        let config = read(Arguments::default(), "[limits]\nconcurrency = 16\nkv_bytes = 0").unwrap();
        assert_eq!(config.ceilings.lowered().collect::<Vec<_>>(), [("concurrency", 16), ("kv_bytes", 0)]);
        for (line, told) in [("concurrency = 0", "must be from 1 to 1000 executions"), ("concurency = 1", "the limits are: fuel,")] {
            let error = read(Arguments::default(), &format!("[limits]\n{line}")).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("`limits`"), "{error}");
        }
    }

    #[test]
    fn resolvers_are_named_or_those_of_the_machine() {
        let named = read(Arguments::default(), "dns_resolvers = ['9.9.9.9', '[::1]:5353']").unwrap().resolvers();
        assert_eq!(named.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9.9.9.9:53", "[::1]:5353"]);
        let found = resolvers_of_machine(
            "# nameserver 1.1.1.1\nsearch x\nnameserver 192.0.2.1\n nameserver\t2001:db8::1\nnameserver fe80::1%eth0\n",
        );
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.1:53", "[2001:db8::1]:53"]);
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = toml::from_str::<File>("bin = 'x'").unwrap_err().to_string();
        assert!(error.contains("bin"), "{error}");
    }

    #[test]
    fn unknown_variables_are_found() {
        let names = ["PICLOUD_BIND", "PICLOUD_ADMIN_PASSWORD", "PICLOUD_BIMD"].map(String::from).to_vec();
        let environment = Environment { names, ..Environment::default() };
        assert_eq!(environment.unknown(), ["PICLOUD_BIMD"]);
    }

    #[test]
    fn a_service_manager_is_told_only_by_the_process_that_it_started() {
        let environment = |socket: &str, usec: &str, pid: Option<u32>| Environment {
            notify_socket: Some(socket.into()),
            watchdog_usec: Some(usec.to_owned()),
            watchdog_pid: pid.map(|pid| pid.to_string()),
            ..Environment::default()
        };
        let own = std::process::id();
        let found = environment("@s", "30000000", Some(own)).service_manager();
        assert_eq!((found.socket, found.patience), (Some("@s".into()), Some(std::time::Duration::from_secs(30))));
        assert_eq!(environment("@s", "30000000", None).service_manager().patience, Some(std::time::Duration::from_secs(30)));
        assert_eq!(environment("@s", "30000000", Some(own + 1)).service_manager().patience, None);
        assert_eq!(environment("@s", "soon", None).service_manager().patience, None);
        assert_eq!(environment("", "0", None).service_manager(), crate::config::ServiceManager::default());
    }

    #[test]
    fn no_secret_is_shown() {
        let config = read(Arguments::default(), "admin_password = 'hunter2'\ndatabase_url = 'postgres://u:hunter2@h/d'").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
