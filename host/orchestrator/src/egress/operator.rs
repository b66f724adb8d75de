//! What the operator of the instance opens and closes: the table `[egress]` of the configuration file, and no other place.

use std::{fmt, net::IpAddr, str::FromStr};

use super::{
    policy::HostPattern,
    target::{Host, WEB_PORTS},
};
use crate::network::Network;

/// Whatever is special or this machine's is closed unless it is opened here; whatever is denied here is closed for every app.
#[derive(Debug, Clone, Default)]
pub struct OperatorRules {
    open: Vec<Opening>,
    deny: Vec<Denial>,
}

/// A network that is not public and that apps may reach, if their own list says so too: `10.1.0.0/16:8080`, `[fd00::/8]:443`, `127.0.0.1:*`.
/// Without a port: 80 and 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    network: Network,
    ports: Ports,
}

/// What no app may reach: a network (`198.41.0.0/24`), or a host name (`evil.example`, `*.corp.example`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial(Denied);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Denied {
    Network(Network),
    Host(HostPattern),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ports {
    Web,
    One(u16),
    All,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("a network and perhaps a port, like 10.1.0.0/16:8080, [fd00::/8]:443 or 127.0.0.1:*")]
    Opening,
    #[error("at least as narrow as /8 (IPv4) or /7 (IPv6): name the networks that are yours")]
    TooWide,
    #[error("without bits behind the prefix: 10.1.0.0/16, not 10.1.2.3/16")]
    StrayBits,
    #[error("a network like 198.41.0.0/24, or a host name like evil.example or *.evil.example")]
    Denial,
}

/// Names of the metadata services of clouds. Their addresses are closed as well: these are for resolvers that lie.
const DENIED_NAMES: [&str; 4] = ["metadata.google.internal", "metadata.goog", "instance-data.ec2.internal", "metadata.azure.internal"];

impl OperatorRules {
    #[must_use]
    pub fn new(open: Vec<Opening>, deny: Vec<Denial>) -> Self {
        Self { open, deny }
    }

    /// What is open.
    pub fn opened(&self) -> impl Iterator<Item = &Opening> {
        self.open.iter()
    }

    /// What is denied.
    pub fn denied(&self) -> impl Iterator<Item = &Denial> {
        self.deny.iter()
    }

    pub(super) fn open(&self, address: IpAddr, port: u16) -> bool {
        self.open.iter().any(|opening| opening.network.contains(address) && opening.ports.contain(port))
    }

    pub(super) fn deny_address(&self, address: IpAddr) -> bool {
        self.deny.iter().any(|Denial(denied)| matches!(denied, Denied::Network(network) if network.contains(address)))
    }

    pub(super) fn deny_host(&self, host: &Host) -> bool {
        let is_denied = |Denial(denied): &Denial| matches!(denied, Denied::Host(pattern) if pattern.matches(host));
        matches!(host, Host::Name(name) if DENIED_NAMES.contains(&name.as_str())) || self.deny.iter().any(is_denied)
    }
}

impl Ports {
    fn contain(self, port: u16) -> bool {
        match self {
            Self::Web => WEB_PORTS.contains(&port),
            Self::One(own) => own == port,
            Self::All => true,
        }
    }
}

impl FromStr for Opening {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (network, ports) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(network, rest)| (network, rest.strip_prefix(':'), rest.is_empty())),
            // An IPv6 network without brackets has no port.
            None if text.matches(':').count() > 1 => Some((text, None, true)),
            None => Some(text.split_once(':').map_or((text, None, true), |(network, port)| (network, Some(port), false))),
        }
        .and_then(|(network, port, ends)| (port.is_some() != ends).then_some((network, port)))
        .ok_or(RuleError::Opening)?;
        let network: Network = network.parse().map_err(|_| RuleError::Opening)?;
        let ports = match ports {
            None => Ports::Web,
            Some("*") => Ports::All,
            Some(port) => Ports::One(port.parse().ok().filter(|port| *port != 0).ok_or(RuleError::Opening)?),
        };
        if network.has_stray_bits() {
            return Err(RuleError::StrayBits);
        }
        let widest = if network.address().is_ipv4() { 8 } else { 7 };
        if network.prefix_bits() < widest { Err(RuleError::TooWide) } else { Ok(Self { network, ports }) }
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, ports } = self;
        let ports = match ports {
            Ports::Web => return write!(f, "{network}"),
            Ports::One(port) => port.to_string(),
            Ports::All => "*".to_owned(),
        };
        if network.address().is_ipv4() { write!(f, "{network}:{ports}") } else { write!(f, "[{network}]:{ports}") }
    }
}

impl FromStr for Denial {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if let Ok(network) = text.parse::<Network>() {
            return if network.has_stray_bits() { Err(RuleError::StrayBits) } else { Ok(Self(Denied::Network(network))) };
        }
        text.parse().map(|pattern| Self(Denied::Host(pattern))).map_err(|_| RuleError::Denial)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Denied::Network(network) => write!(f, "{network}"),
            Denied::Host(pattern) => write!(f, "{pattern}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn openings_are_read_strictly_and_shown_as_they_were_written() {
        for text in ["10.1.0.0/16:8080", "10.1.2.3", "127.0.0.1:*", "[fd00::/8]:443", "[::1]:8080", "fd00::/8", "fc00::/7"] {
            assert_eq!(text.parse::<Opening>().unwrap().to_string(), text);
        }
        assert_eq!("[fd00::/8]".parse::<Opening>().unwrap().to_string(), "fd00::/8");
        for (text, error) in [
            ("", RuleError::Opening),
            ("10.0.0.0/8:", RuleError::Opening),
            ("10.0.0.0/8:0", RuleError::Opening),
            ("10.0.0.0/8:65536", RuleError::Opening),
            ("10.0.0.0/8:80:80", RuleError::Opening),
            ("[fd00::/8", RuleError::Opening),
            ("[fd00::/8]443", RuleError::Opening),
            ("[fd00::/8]:", RuleError::Opening),
            ("intranet.example:80", RuleError::Opening),
            ("10.1.2.3/16", RuleError::StrayBits),
            ("0.0.0.0/0", RuleError::TooWide),
            ("::/0:*", RuleError::Opening),
            ("[::/0]:*", RuleError::TooWide),
        ] {
            assert_eq!(text.parse::<Opening>(), Err(error), "{text}");
        }
    }

    #[test]
    fn denials_are_networks_or_hosts() {
        for text in ["198.41.0.0/24", "2001:500::/32", "9.9.9.9", "evil.example", "*.corp.example"] {
            assert_eq!(text.parse::<Denial>().unwrap().to_string(), text);
        }
        for (text, error) in
            [("9.9.9.9/8", RuleError::StrayBits), ("", RuleError::Denial), ("a b", RuleError::Denial), ("x/8", RuleError::Denial)]
        {
            assert_eq!(text.parse::<Denial>(), Err(error), "{text}");
        }
    }

    #[test]
    fn ports_without_a_number_are_those_of_the_web() {
        let rules = OperatorRules::new(vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1:8080".parse().unwrap()], Vec::new());
        let opened = |address: &str, port: u16| rules.open(address.parse().unwrap(), port);
        assert_eq!([80, 443, 8080].map(|port| opened("10.9.9.9", port)), [true, true, false]);
        assert_eq!([80, 443, 8080].map(|port| opened("127.0.0.1", port)), [false, false, true]);
        assert!(!opened("127.0.0.2", 8080) && !opened("::1", 8080));
    }
}
