//! Every key that is checked, once: its name, what it is if nobody says so, and what it may be. `resolve` reads values by these, and `docs/operate/configure.md` is made of
//! them. What a key with a flag is for is said beside its flag (`arguments`).

/// A key whose value is a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    /// For people where it is no text; resolved where it depends on others.
    pub(super) default: &'static str,
    /// Behind "it must be".
    pub(super) expected: &'static str,
}

/// A key whose value is a whole number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) key: &'static str,
    pub(super) default: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) unit: &'static str,
}

macro_rules! settings {
    ($($name:ident = $key:literal, $default:literal, $expected:literal;)*) => {
        $( pub(super) const $name: Setting = Setting { key: $key, default: $default, expected: $expected }; )*
        /// In the order of their declaration.
        #[cfg(test)]
        pub(super) const TEXTS: &[Setting] = &[$($name),*];
    };
}

macro_rules! numbers {
    ($($name:ident = $key:literal, $default:literal, $min:literal => $max:literal, $unit:literal;)*) => {
        $( pub(super) const $name: Number = Number { key: $key, default: $default, min: $min, max: $max, unit: $unit }; )*
        /// In the order of their declaration.
        #[cfg(test)]
        pub(super) const NUMBERS: &[Number] = &[$($name),*];
    };
}

settings! {
    BIND = "bind", "127.0.0.1:8080", "an address and a port, like 127.0.0.1:8080";
    HOST = "host", "localhost", "a host name without scheme and port, like cloud.example.com";
    BASE_DOMAIN = "base_domain", "localhost", "a host name without scheme and port, like cloud.example.com";
    ORIGIN = "origin", "made of host and bind", "http:// or https://, a host and, if it is unusual, a port; no path";
    DATA_DIR = "data_dir", ".picloud", "a directory; a relative one is below that of the start";
    SECRETS_KEY_FILE = "secrets_key_file", "secrets.key", "a file; a relative one is below the directory of the start";
    INTERNAL_BIND = "internal_bind", "127.0.0.1:9180", "an address and a port, like 127.0.0.1:9180";
    ADMIN_USERNAME = "admin_username", "owner", "1 to 64 letters, digits, and any of . _ - @ +";
    TRUSTED_PROXIES = "trusted_proxies", "loopback", "networks like 10.0.0.1 or 10.0.0.0/8";
    DNS_RESOLVERS = "dns_resolvers", "those of /etc/resolv.conf", "addresses like 9.9.9.9 or 127.0.0.1:5353";
    LOG = "log", "warn", "a level (error, warn, info, debug, trace) or a list like info,store=debug";
    ALLOW_PRIVATE = "egress.allow_private", "none", "a network and perhaps a port, like 10.1.0.0/16:8080, [fd00::/8]:443 or 127.0.0.1:*";
    DENY = "egress.deny", "none", "a network like 198.41.0.0/24, or a host name like evil.example or *.evil.example";
    OTLP_ENDPOINT = "telemetry.otlp_endpoint", "none: nothing is exported", "the URL of a collector, like http://127.0.0.1:4318/v1/traces";
    SAMPLE_RATIO = "telemetry.sample_ratio", "0.01", "a share from 0 to 1, like 0.01 for one execution in a hundred";
}

numbers! {
    CONCURRENCY = "concurrency", 64, 1 => 1_000, "executions";
    RETENTION_DAYS = "retention_days", 7, 1 => 400, "days";
    RETENTION_MB = "retention_mb", 2_048, 16 => 1_000_000, "megabytes";
}
