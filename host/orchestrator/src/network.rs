//! Ranges of addresses: whom the operator trusts, and what scripts may not reach.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

/// A text that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a network: write an address (10.0.0.1) or a prefix (10.0.0.0/8)")]
pub struct NetworkError {
    text: String,
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError { text: text.to_owned() };
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.map_or(Ok(width), str::parse).map_err(|_| error())?;
        if prefix_bits > width { Err(error()) } else { Ok(Self { address, prefix_bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix_bits == self.width() { write!(f, "{}", self.address) } else { write!(f, "{}/{}", self.address, self.prefix_bits) }
    }
}

impl Network {
    /// A range of IPv4, for tables.
    pub(crate) const fn v4(octets: [u8; 4], prefix_bits: u32) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::from_octets(octets)), prefix_bits }
    }

    /// A range of IPv6, for tables: the segments that are not named are 0.
    pub(crate) const fn v6(first: [u16; 3], prefix_bits: u32) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(first[0], first[1], first[2], 0, 0, 0, 0, 0)), prefix_bits }
    }

    pub(crate) const LOOPBACK_V4: Self = Self::v4([127, 0, 0, 0], 8);
    pub(crate) const LOOPBACK_V6: Self = Self { address: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix_bits: 128 };

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => leading_bits_equal(own.to_bits().into(), other.to_bits().into(), self.prefix_bits, 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => leading_bits_equal(own.to_bits(), other.to_bits(), self.prefix_bits, 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// The first address as it was written.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    pub(crate) fn prefix_bits(&self) -> u32 {
        self.prefix_bits
    }

    /// Whether bits behind the prefix are set, as in `10.1.2.3/8`: somebody meant something else.
    pub(crate) fn has_stray_bits(&self) -> bool {
        let bits = match self.address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        };
        bits.checked_shl(self.prefix_bits).unwrap_or(0) != 0
    }

    fn width(&self) -> u32 {
        if self.address.is_ipv4() { 32 } else { 128 }
    }
}

fn leading_bits_equal(left: u128, right: u128, bits: u32, width: u32) -> bool {
    (left ^ right).checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn networks_are_parsed_strictly() {
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "host"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn networks_are_shown_as_they_are_written() {
        for text in ["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "fd00::/8", "::1"] {
            let network: Network = text.parse().unwrap();
            assert_eq!((network.to_string().as_str(), network.has_stray_bits()), (text, false));
        }
        for text in ["10.1.0.0/8", "10.0.0.1/31", "fd00::1/127", "0.0.0.1/0"] {
            assert!(text.parse::<Network>().unwrap().has_stray_bits(), "{text}");
        }
    }
}
