//! Who is at the other end: the client behind trusted proxies (S-4.4).
//!
//! Forwarding headers are believed only when the peer itself is trusted, and never used for routing.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::network::Network;

/// Addresses whose forwarding headers are believed. The default: loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
}

/// What is known about the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    pub(crate) scheme: &'static str,
}

/// Whoever holds an address: one of IPv4, or the /64 that one holder of IPv6 addresses has at least. What is counted by client is counted by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Holder(u128);

impl Holder {
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
        })
    }
}

impl Default for TrustedProxies {
    fn default() -> Self {
        Self::new(vec![Network::LOOPBACK_V4, Network::LOOPBACK_V6])
    }
}

impl TrustedProxies {
    /// Trusts these networks and no others.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks }
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address.to_canonical()))
    }

    /// The address of the client of a request. For the control plane, which counts failed log-ins by it.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.client(peer, headers).address
    }

    /// The client of a request: the peer, or behind trusted proxies the rightmost address that is not one of them.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = Client { address: peer.to_canonical(), scheme: "http" };
        if !self.trusts(peer) {
            return client;
        }
        if last_item(headers, "x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) {
            client.scheme = "https";
        }
        for value in headers.get_all("x-forwarded-for").iter().rev() {
            for item in value.to_str().unwrap_or_default().rsplit(',') {
                // What a proxy did not write as an address ends the chain: left of it anybody may have written.
                let Some(address) = address_of(item.trim()) else { return client };
                client.address = address;
                if !self.trusts(address) {
                    return client;
                }
            }
        }
        client
    }
}

fn last_item<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

fn address_of(item: &str) -> Option<IpAddr> {
    let address = item.parse().or_else(|_| item.parse().map(|with_port: SocketAddr| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn client(proxies: &TrustedProxies, peer: &str, fields: &[(&'static str, &str)]) -> (String, &'static str) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &headers);
        (client.address.to_string(), client.scheme)
    }

    #[test]
    fn s_4_4_forwarding_headers_only_from_trusted_proxies() {
        let loopback = TrustedProxies::default();
        let spoofed = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")];
        assert_eq!(client(&loopback, "203.0.113.9", &spoofed), ("203.0.113.9".to_owned(), "http"));
        assert_eq!(client(&loopback, "127.0.0.1", &spoofed), ("1.2.3.4".to_owned(), "https"));
        assert_eq!(client(&loopback, "::ffff:127.0.0.1", &spoofed).0, "1.2.3.4");
        assert_eq!(client(&loopback, "127.0.0.1", &[("x-forwarded-for", "6.6.6.6, 1.2.3.4")]).0, "1.2.3.4");
        assert_eq!(
            client(&loopback, "127.0.0.1", &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4, 127.0.0.2")]).0,
            "1.2.3.4"
        );
        assert_eq!(client(&loopback, "127.0.0.1", &[("x-forwarded-for", "1.2.3.4, unknown, 127.0.0.2")]).0, "127.0.0.2");
        assert_eq!(client(&loopback, "::1", &[("x-forwarded-for", "[2001:db8::7]:443")]).0, "2001:db8::7");
        assert_eq!(client(&loopback, "127.0.0.1", &[]), ("127.0.0.1".to_owned(), "http"));
        let private = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        assert_eq!(client(&private, "10.200.0.1", &spoofed).0, "1.2.3.4");
        assert_eq!(client(&private, "127.0.0.1", &spoofed).0, "127.0.0.1");
        assert_eq!(client(&private, "2001:db8:ffff::1", &spoofed).0, "1.2.3.4");
    }
}
