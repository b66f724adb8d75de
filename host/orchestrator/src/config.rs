//! What the data plane is told at start.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{
    egress::Egress,
    host_name::{self, Host, HostError},
    peer::TrustedProxies,
    preview::PreviewKey,
    telemetry::Telemetry,
    watcher::Watcher,
};

/// Milliseconds since 1970-01-01T00:00:00Z. Given by the binary, which owns the clock.
pub type Clock = fn() -> u64;

/// Settings of the data plane.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host of the dashboard and the API, canonical or not; a name or an address. `localhost` brings `127.0.0.1` and `[::1]` with it.
    pub instance_host: String,
    /// Apps answer at `<slug>.<base domain>`.
    pub base_domain: String,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Executions at once: the slots of the executor's pool.
    pub concurrency: usize,
    /// Executions that compute at once: one for each thread of the data plane.
    pub cores: usize,
    /// Makes and checks the links to previews; the same on all nodes.
    pub preview_key: PreviewKey,
    /// SHA-256 of the guest: part of each recording.
    pub guest: String,
    /// The way out for scripts.
    pub egress: Arc<Egress>,
    /// Where ids and the clocks of scripts get their time.
    pub clock: Clock,
    /// Where spans go.
    pub telemetry: Telemetry,
    /// Whoever sees each answer; `None` on servers.
    pub watcher: Option<Arc<dyn Watcher>>,
    /// Bounds of connections.
    pub connections: Connections,
}

/// Bounds of connections (S-4.1, S-9.2). The defaults are for production; tests shorten the times.
#[derive(Debug, Clone)]
pub struct Connections {
    /// Open at once. Beyond it those that are idle make room, and where none is, what comes is closed at once.
    pub total_max: usize,
    /// Open at once from one address that is not a trusted proxy.
    pub per_address_max: usize,
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request's head to its last.
    pub head: Duration,
    /// Without a byte in either direction. Longer than any execution may take.
    pub idle: Duration,
    /// A body may take this long, and after it must have come at the least rate.
    pub body_grace: Duration,
    /// Least rate of a body, in bytes per second.
    pub body_rate: u64,
    /// A body must be complete after this long whatever its rate.
    pub body_total: Duration,
    /// An answer of which the client takes nothing may wait this long; after it, it must have been taken at the least rate.
    pub write_stall: Duration,
    /// Least rate of an answer that has to wait for its client, in bytes per second.
    pub write_rate: u64,
    /// After the signal to stop, new connections are taken for this long, so that a balancer can notice.
    pub drain_accept: Duration,
    /// Then running requests have this long to end.
    pub drain: Duration,
}

impl Config {
    /// Answers that may be sent in pieces at once: half of the sandboxes.
    pub(crate) fn stream_places(&self) -> usize {
        (self.concurrency / 2).max(1)
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            total_max: 20_000,
            per_address_max: 512,
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body_grace: Duration::from_secs(5),
            body_rate: 1024,
            body_total: Duration::from_secs(60),
            write_stall: Duration::from_secs(30),
            write_rate: 1024,
            drain_accept: Duration::from_secs(3),
            drain: Duration::from_secs(30),
        }
    }
}

/// The hosts that name the instance itself, canonical.
#[derive(Debug)]
pub(crate) struct InstanceHosts(Vec<Host<'static>>);

impl InstanceHosts {
    pub(crate) fn new(instance_host: &str) -> Result<Self, HostError> {
        let host = match host_name::canonical(instance_host.as_bytes())? {
            Host::Name(name) => Host::Name(name.into_owned().into()),
            Host::Address(address) => Host::Address(address),
        };
        let is_localhost = matches!(&host, Host::Name(name) if name == "localhost");
        let mut hosts = vec![host];
        if is_localhost {
            hosts.push(Host::Address(IpAddr::from([127, 0, 0, 1])));
            hosts.push(Host::Address(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)));
        }
        Ok(Self(hosts))
    }

    pub(crate) fn contain(&self, host: &Host<'_>) -> bool {
        self.0.iter().any(|own| own == host)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_4_1_a_long_execution_is_not_an_idle_connection() {
        for name in ["wall_ms", "stream_idle_ms"] {
            let limit = execution::Limits::ALL.iter().find(|limit| limit.name == name).unwrap();
            assert!(Connections::default().idle > Duration::from_millis(limit.ceiling), "{name}");
        }
    }

    #[test]
    fn localhost_has_three_names() {
        let hosts = |name: &str| InstanceHosts::new(name).unwrap().0.len();
        assert_eq!((hosts("localhost:8080"), hosts("picloud.example"), hosts("10.0.0.1"), hosts("[::1]")), (3, 1, 1, 1));
        assert!(InstanceHosts::new("a b").is_err());
    }
}
