//! What one app may call: nothing, but for its list (S-5.6).

use std::{fmt, net::IpAddr, str::FromStr};

use super::target::{Host, Scheme, Target, WEB_PORTS};

/// The list of one app. Without entries it allows nothing. Whatever it says, only public addresses are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    entries: Vec<Entry>,
}

/// What may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub host: HostPattern,
    /// `None`: 80 and 443.
    pub port: Option<u16>,
    /// `None`: both.
    pub scheme: Option<Scheme>,
}

/// `api.example.com`; `*.example.com` for every name below it, but not for itself; an address; `*` for every host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    /// With a dot in front.
    Below(String),
    Exactly(Host),
}

/// A text that is no pattern of hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a host is a name like api.example.com, a wildcard like *.example.com, an address, or *")]
pub struct HostPatternError;

impl Policy {
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    pub(super) fn allows(&self, target: &Target) -> bool {
        self.entries.iter().any(|entry| entry.allows(target))
    }
}

impl Entry {
    /// An entry as it is stored; `None`: it is none.
    #[must_use]
    pub fn parse(host: &str, port: Option<u16>, scheme: Option<&str>) -> Option<Self> {
        let scheme = scheme.map(|word| Scheme::named(word).ok_or(())).transpose().ok()?;
        Some(Self { host: host.parse().ok()?, port, scheme })
    }

    fn allows(&self, target: &Target) -> bool {
        let has_port = self.port.map_or_else(|| WEB_PORTS.contains(&target.port), |port| port == target.port);
        has_port && self.scheme.is_none_or(|scheme| scheme == target.scheme) && self.host.matches(&target.host)
    }
}

impl HostPattern {
    pub(super) fn matches(&self, host: &Host) -> bool {
        match (&self.0, host) {
            (Pattern::Any, _) => true,
            (Pattern::Below(parent), Host::Name(name)) => name.len() > parent.len() && name.ends_with(parent.as_str()),
            (Pattern::Below(_), Host::Address(_)) => false,
            (Pattern::Exactly(own), host) => own == host,
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        if text == "*" {
            return Ok(Self(Pattern::Any));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(Pattern::Exactly(Host::Address(address.to_canonical()))));
        }
        let (is_wildcard, name) = text.strip_prefix("*.").map_or((false, text), |parent| (true, parent));
        let host = url::Host::parse(name).map_err(|_| HostPatternError)?;
        let host = match &host {
            url::Host::Domain(name) => Host::new(&url::Host::Domain(name.as_str())),
            url::Host::Ipv4(address) => Host::new(&url::Host::Ipv4(*address)),
            url::Host::Ipv6(address) => Host::new(&url::Host::Ipv6(*address)),
        };
        match host {
            Some(Host::Name(name)) if is_wildcard => Ok(Self(Pattern::Below(format!(".{name}")))),
            Some(host) if !is_wildcard => Ok(Self(Pattern::Exactly(host))),
            _ => Err(HostPatternError),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::Any => f.write_str("*"),
            Pattern::Below(parent) => write!(f, "*{parent}"),
            Pattern::Exactly(host) => write!(f, "{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn entry(host: &str, port: Option<u16>, scheme: Option<Scheme>) -> Entry {
        Entry { host: host.parse().unwrap(), port, scheme }
    }

    #[test]
    fn s_5_6_nothing_is_allowed_but_what_is_listed() {
        let allows = |entry: Entry, url: &str| Policy::new(vec![entry]).allows(&Target::parse(url).unwrap());
        assert!(!Policy::default().allows(&Target::parse("https://example.com/").unwrap()));
        let table: &[(&str, &[&str], &[&str])] = &[
            (
                "api.example.com",
                &["https://api.example.com/", "http://API.example.com./x", "http://api.example.com:443/"],
                &[
                    "https://example.com/",
                    "https://x.api.example.com/",
                    "https://api.example.com:8443/",
                    "https://api.example.com.evil.net/",
                ],
            ),
            (
                "*.example.com",
                &["https://a.example.com/", "https://a.b.example.com/"],
                &["https://example.com/", "https://evilexample.com/", "https://example.com.evil.net/", "http://1.2.3.4/"],
            ),
            ("*", &["https://example.com/", "http://1.2.3.4/", "http://[2600::1]/"], &["https://example.com:8080/"]),
            ("1.2.3.4", &["http://1.2.3.4/", "http://[::ffff:1.2.3.4]/", "http://0x01020304/"], &["http://1.2.3.5/"]),
            ("B\u{fc}cher.example", &["https://xn--bcher-kva.example/"], &["https://bucher.example/"]),
            ("[2600::1]", &["http://[2600:0::1]/"], &["http://[2600::2]/"]),
        ];
        for (host, allowed, refused) in table {
            for url in *allowed {
                assert!(allows(entry(host, None, None), url), "{host} {url}");
            }
            for url in *refused {
                assert!(!allows(entry(host, None, None), url), "{host} {url}");
            }
        }
        assert!(allows(entry("a.example", Some(8080), None), "http://a.example:8080/"));
        assert!(!allows(entry("a.example", Some(8080), None), "http://a.example/"));
        assert!(allows(entry("a.example", None, Some(Scheme::Https)), "https://a.example/"));
        assert!(!allows(entry("a.example", None, Some(Scheme::Https)), "http://a.example/"));
    }

    #[test]
    fn patterns_are_read_strictly_and_shown_canonically() {
        for (text, shown) in [("*", "*"), ("*.Example.com.", "*.example.com"), ("::1", "[::1]"), ("127.1", "127.0.0.1")] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), shown);
        }
        for text in ["", "*.", "**", "*.*", "a.*", "*.1.2.3.4", "a b", "a/b", "a:80", "http://a", "a..b", "user@a", "*.[::1]"] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
