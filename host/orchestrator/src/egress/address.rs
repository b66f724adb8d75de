//! Which addresses may be dialled: the core of S-5.2 and S-5.3.
//!
//! INVARIANT: E1, nothing is dialled but a [`Checked`] address, and only [`check`] makes one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::operator::OperatorRules;
use crate::network::Network;

/// An address and port that scripts of this app may reach. It can't be made outside of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked(SocketAddr);

impl Checked {
    /// What to connect to.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

/// The IANA special-purpose registry of IPv4, and what is not unicast.
pub(super) const SPECIAL_V4: [Network; 16] = [
    Network::v4([0, 0, 0, 0], 8),        // "this network"; Linux takes 0.0.0.0 for loopback
    Network::v4([10, 0, 0, 0], 8),       // private
    Network::v4([100, 64, 0, 0], 10),    // behind a provider's NAT
    Network::v4([127, 0, 0, 0], 8),      // loopback
    Network::v4([169, 254, 0, 0], 16),   // link-local; metadata of clouds
    Network::v4([172, 16, 0, 0], 12),    // private
    Network::v4([192, 0, 0, 0], 24),     // protocol assignments
    Network::v4([192, 0, 2, 0], 24),     // documentation
    Network::v4([192, 88, 99, 0], 24),   // relays of 6to4
    Network::v4([192, 168, 0, 0], 16),   // private
    Network::v4([198, 18, 0, 0], 15),    // benchmarks
    Network::v4([198, 51, 100, 0], 24),  // documentation
    Network::v4([203, 0, 113, 0], 24),   // documentation
    Network::v4([168, 63, 129, 16], 32), // a public address that is a cloud's metadata and DNS (Azure)
    Network::v4([224, 0, 0, 0], 4),      // multicast
    Network::v4([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// Global unicast: whatever of IPv6 is outside is not public (loopback, mapped, NAT64, discard-only, `5f00::/16`, `fc00::/7`, `fe80::/10`, ...).
const GLOBAL_V6: Network = Network::v6([0x2000, 0, 0], 3);

/// What is not public inside of it.
pub(super) const SPECIAL_V6: [Network; 4] = [
    Network::v6([0x2001, 0, 0], 23),     // protocol assignments; Teredo, which has an IPv4 address inside
    Network::v6([0x2001, 0xdb8, 0], 32), // documentation
    Network::v6([0x2002, 0, 0], 16),     // 6to4, which has an IPv4 address inside
    Network::v6([0x3fff, 0, 0], 20),     // documentation
];

/// NAT64 (RFC 6052): what a DNS64 resolver makes of IPv4 addresses on networks that have only IPv6. The prefix for local use
/// (`64:ff9b:1::/48`) is not here, since what it leads to is a private matter of its network.
const NAT64: Network = Network::v6([0x64, 0xff9b, 0], 96);

/// Checks all addresses of one host: if one is refused, the host is.
///
/// `own`: the addresses of this machine's interfaces.
pub(super) fn check(addresses: &[IpAddr], port: u16, rules: &OperatorRules, own: &[IpAddr]) -> Option<Vec<Checked>> {
    let checked = |address: &IpAddr| {
        let address = address.to_canonical();
        may_reach(address, port, rules, own).then(|| Checked(SocketAddr::new(address, port)))
    };
    if addresses.is_empty() { None } else { addresses.iter().map(checked).collect() }
}

/// `address` is canonical: an IPv4 address that was written as IPv6 (`::ffff:127.0.0.1`) is one.
fn may_reach(address: IpAddr, port: u16, rules: &OperatorRules, own: &[IpAddr]) -> bool {
    let is_denied = |address| rules.deny_address(address);
    let is_fit = |address| is_public(address) && !own.iter().any(|own| own.to_canonical() == address);
    let embedded = embedded(address);
    if is_denied(address) || embedded.is_some_and(is_denied) {
        return false;
    }
    // What the operator opens he names as it is dialled.
    rules.open(address, port) || (is_fit(address) && embedded.is_none_or(is_fit))
}

/// Where a translator would send what goes to this address.
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(outer) = address else { return None };
    let [.., a, b, c, d] = outer.octets();
    NAT64.contains(address).then_some(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !SPECIAL_V4.iter().any(|network| network.contains(address)),
        // The embedded address is looked at by itself.
        IpAddr::V6(_) if NAT64.contains(address) => true,
        IpAddr::V6(_) => GLOBAL_V6.contains(address) && !SPECIAL_V6.iter().any(|network| network.contains(address)),
    }
}

/// The addresses of this machine's interfaces, as they are now.
///
/// # Errors
/// The system does not say: nothing may be dialled then.
pub(super) fn of_this_machine() -> std::io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.into_iter().map(|interface| interface.ip()).collect())
}

/// Where names that mean this machine lead, without asking anybody (RFC 6761).
pub(super) fn of_localhost(name: &str) -> Option<IpAddr> {
    (name == "localhost" || name.ends_with(".localhost")).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

#[cfg(test)]
mod tests;
