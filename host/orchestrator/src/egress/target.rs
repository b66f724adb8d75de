//! Where a call goes: parsed once (WHATWG), and that value is checked, resolved and connected to (S-5.1).

use std::{fmt, net::IpAddr};

use http::Uri;
use url::{Position, Url};

use super::{error::EgressError, limits};

/// Ports that need no mention.
pub(super) const WEB_PORTS: [u16; 2] = [80, 443];

/// Ports of text protocols that would take an HTTP request for commands (Fetch standard, "bad port"; the well-known ones). No list opens them.
const PORTS_OF_OTHERS: [u16; 35] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 95, 101, 109, 110, 111, 113, 119, 135, 139, 143, 465, 587,
    993, 995, 6667,
];

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// A host, in the one spelling that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// Lower-case A-labels without a trailing dot.
    Name(String),
    /// Never an IPv4 address written as IPv6.
    Address(IpAddr),
}

/// A URL that may be asked for, as far as one can tell without a list and without a resolver.
#[derive(Debug, Clone)]
pub(super) struct Target {
    url: Url,
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Scheme {
    /// The word of URLs, of the API and of SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The scheme of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str() == name)
    }
}

impl Host {
    /// `None`: not a host that DNS could know.
    pub(super) fn new(host: &url::Host<&str>) -> Option<Self> {
        match host {
            url::Host::Ipv4(address) => Some(Self::Address((*address).into())),
            url::Host::Ipv6(address) => Some(Self::Address(IpAddr::V6(*address).to_canonical())),
            url::Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let fits = name.len() <= 253 && name.split('.').all(is_label);
                fits.then(|| Self::Name(name.to_owned()))
            }
        }
    }
}

/// Underscores are in use, though not in names of hosts.
fn is_label(label: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len()) && label.bytes().all(is_plain)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl Target {
    /// What a script wrote.
    ///
    /// # Errors
    /// [`EgressError::InvalidUrl`].
    pub(super) fn parse(text: &str) -> Result<Self, EgressError> {
        check_text(text)?;
        let url = Url::parse(text).map_err(|_| EgressError::InvalidUrl("is not an absolute URL with a host"))?;
        Self::new(url)
    }

    /// Where an answer of this target leads to, perhaps relative.
    ///
    /// # Errors
    /// [`EgressError::InvalidUrl`].
    pub(super) fn join(&self, location: &str) -> Result<Self, EgressError> {
        check_text(location)?;
        let url = self.url.join(location).map_err(|_| EgressError::InvalidUrl("of a redirect is not a URL"))?;
        Self::new(url)
    }

    fn new(mut url: Url) -> Result<Self, EgressError> {
        let scheme = Scheme::named(url.scheme()).ok_or(EgressError::InvalidUrl("has another scheme than http and https"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::InvalidUrl("has a user name or password; send a header field `Authorization`"));
        }
        url.set_fragment(None);
        let host = url.host().as_ref().and_then(Host::new).ok_or(EgressError::InvalidUrl("has no host that can be looked up"))?;
        let port = url.port_or_known_default().filter(|port| *port != 0 && !PORTS_OF_OTHERS.contains(port));
        let port = port.ok_or(EgressError::InvalidUrl("has a port that is not for HTTP"))?;
        Ok(Self { url, scheme, host, port })
    }

    /// Path and query, as they are sent.
    ///
    /// # Errors
    /// [`EgressError::InvalidUrl`].
    pub(super) fn path_and_query(&self) -> Result<Uri, EgressError> {
        let path = &self.url[Position::BeforePath..Position::AfterQuery];
        path.parse().map_err(|_| EgressError::InvalidUrl("has a path that can't be sent"))
    }

    /// The value of the header field `Host`.
    pub(super) fn authority(&self) -> String {
        if self.url.port().is_none() { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }

    /// For messages: what an entry of the app's list would have to allow.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }

    /// Without user information and fragment.
    pub(super) fn as_str(&self) -> &str {
        self.url.as_str()
    }
}

/// The standard drops white space and control characters silently; whoever writes them means something else, or hides something.
fn check_text(text: &str) -> Result<(), EgressError> {
    if text.len() > limits::URL_BYTES_MAX {
        return Err(EgressError::InvalidUrl("is longer than 8 KiB"));
    }
    if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return Err(EgressError::InvalidUrl("has white space or control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    /// A URL, and the authority, path and port that it has, if it is one.
    type Row = (&'static str, Option<(&'static str, &'static str, u16)>);

    fn read(text: &str) -> Option<(String, String, u16)> {
        let target = Target::parse(text).ok()?;
        Some((target.authority(), target.path_and_query().unwrap().to_string(), target.port))
    }

    #[test]
    fn s_5_1_a_url_has_one_reading() {
        let table: &[Row] = &[
            ("https://example.com", Some(("example.com", "/", 443))),
            ("HTTP://EXAMPLE.com:80/a%20b?c=d#e", Some(("example.com", "/a%20b?c=d", 80))),
            ("http://example.com./", Some(("example.com", "/", 80))),
            ("http://example.com:8080/", Some(("example.com:8080", "/", 8080))),
            ("https://example.com:80/", Some(("example.com:80", "/", 80))),
            ("http://b\u{fc}cher.example/\u{fc}", Some(("xn--bcher-kva.example", "/%C3%BC", 80))),
            ("http://my_bucket.example/", Some(("my_bucket.example", "/", 80))),
            ("http://0x7f.1/", Some(("127.0.0.1", "/", 80))),
            ("http://[::ffff:127.0.0.1]:81/", Some(("127.0.0.1:81", "/", 81))),
            ("http://[2001:DB8::1]/", Some(("[2001:db8::1]", "/", 80))),
            ("http://example.com/#@other.example", Some(("example.com", "/", 80))),
            ("http:\\\\example.com\\a", Some(("example.com", "/a", 80))),
            ("http://user@example.com/", None),
            ("http://user:password@example.com/", None),
            ("http://:password@example.com/", None),
            ("http://a..example/", None),
            ("http://example.com../", None),
            ("http://./", None),
            ("http://exa\tmple.com/", None),
            ("http://example.com/a\r\nHost: other", None),
            (" http://example.com/", None),
            ("http://example.com/a b", None),
            ("http://example.com\u{3000}/", None),
            ("http://example.com:0/", None),
            ("http://example.com:25/", None),
            ("http://example.com:65536/", None),
            ("http://1.2.3.4.5/", None),
            ("http://[fe80::1%25eth0]/", None),
            ("//example.com/", None),
            ("/path", None),
            ("example.com", None),
            ("ftp://example.com/", None),
            ("file:///etc/passwd", None),
            ("gopher://example.com:70/", None),
            ("unix:/run/docker.sock", None),
            ("http://", None),
            ("", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(authority, path, port)| (authority.to_owned(), path.to_owned(), port));
            assert_eq!(read(text), expected, "{text}");
        }
        assert!(Target::parse(&format!("http://a.example/{}", "a".repeat(8192))).is_err());
    }

    #[test]
    fn origins_are_compared_by_scheme_host_and_port() {
        let is_same = |left: &str, right: &str| Target::parse(left).unwrap().has_origin_of(&Target::parse(right).unwrap());
        assert!(is_same("https://a.example/1", "https://A.example.:443/2"));
        for other in ["http://a.example/", "https://b.example/", "https://a.example:444/"] {
            assert!(!is_same("https://a.example/", other), "{other}");
        }
    }
}
