//! Step 1: the one spelling of a host name that everything else compares (S-4.3).
//!
//! Owns the reading of `Host` and of absolute-form targets. Does not know which hosts exist. Whatever has two readings is
//! refused, because a proxy in front might have taken the other one.

use std::{borrow::Cow, net::IpAddr};

use http::{Request, header::HOST};

/// Longest name in its canonical spelling, without a trailing dot.
const NAME_BYTES_MAX: usize = 253;
/// Longest label.
const LABEL_BYTES_MAX: usize = 63;

/// A host in its canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host<'a> {
    /// Lower-case A-labels without port or trailing dot. Borrowed when the client wrote it that way.
    Name(Cow<'a, str>),
    /// An address written in the one ordinary way. Only the instance itself can be configured to answer to it.
    Address(IpAddr),
}

/// Why a request has no host. All of them are a 400 whose text does not repeat what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No `Host`, or more than one.
    #[error("a request must have exactly one Host header")]
    NotOne,
    /// `GET http://a/` with `Host: b`.
    #[error("the Host header differs from the request target")]
    Conflict,
    /// Not a host name, or not one that every proxy reads alike.
    #[error("the Host header is not a host name")]
    Invalid,
}

/// The canonical host of a request: its `Host` header, which an absolute-form target must repeat.
///
/// # Errors
/// [`HostError`], see its variants.
pub fn of_request<B>(request: &Request<B>) -> Result<Host<'_>, HostError> {
    let mut values = request.headers().get_all(HOST).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(HostError::NotOne) };
    let host = canonical(value.as_bytes())?;
    match request.uri().authority() {
        None => Ok(host),
        Some(authority) if canonical(authority.as_str().as_bytes())? == host => Ok(host),
        Some(_) => Err(HostError::Conflict),
    }
}

/// Brings a host as a client wrote it, with or without port, to its canonical spelling. Applying it twice changes nothing.
///
/// # Errors
/// [`HostError::Invalid`].
pub fn canonical(raw: &[u8]) -> Result<Host<'_>, HostError> {
    if let Some(rest) = raw.strip_prefix(b"[") {
        return bracketed(rest);
    }
    let name = without_port(raw)?;
    let mapped = mapped(name)?;
    let without_dot = match mapped {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('.').unwrap_or(text)),
        Cow::Owned(mut text) => {
            if text.ends_with('.') {
                text.pop();
            }
            Cow::Owned(text)
        }
    };
    if ends_in_a_number(&without_dot) {
        // Only the four plain decimal numbers, as the client wrote them: never a mapped or abbreviated spelling.
        return match std::str::from_utf8(name).ok().and_then(|text| text.parse().ok()) {
            Some(address) => Ok(Host::Address(IpAddr::V4(address))),
            None => Err(HostError::Invalid),
        };
    }
    if without_dot.len() > NAME_BYTES_MAX || !without_dot.split('.').all(is_label) {
        return Err(HostError::Invalid);
    }
    Ok(Host::Name(without_dot))
}

/// The canonical spelling of a claim or of a route's host: a name, or `*.` and a name. No port, no address.
///
/// # Errors
/// [`HostError::Invalid`].
pub fn canonical_pattern(text: &str) -> Result<String, HostError> {
    let (star, name) = match text.strip_prefix("*.") {
        Some(parent) => ("*.", parent),
        None => ("", text),
    };
    match canonical(name.as_bytes())? {
        Host::Name(canonical) if !name.contains(':') => Ok(format!("{star}{canonical}")),
        Host::Name(_) | Host::Address(_) => Err(HostError::Invalid),
    }
}

/// `::1]` or `::1]:8080`, after the bracket.
fn bracketed(rest: &[u8]) -> Result<Host<'static>, HostError> {
    let text = std::str::from_utf8(rest).map_err(|_| HostError::Invalid)?;
    let (address, port) = text.split_once(']').ok_or(HostError::Invalid)?;
    let port_is_well_formed = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| is_port(digits.as_bytes()));
    match address.parse() {
        Ok(address) if port_is_well_formed => Ok(Host::Address(IpAddr::V6(address))),
        _ => Err(HostError::Invalid),
    }
}

fn without_port(raw: &[u8]) -> Result<&[u8], HostError> {
    match raw.iter().position(|&byte| byte == b':') {
        None => Ok(raw),
        Some(colon) if is_port(&raw[colon + 1..]) => Ok(&raw[..colon]),
        Some(_) => Err(HostError::Invalid),
    }
}

/// 1 to 65535, digits only.
fn is_port(digits: &[u8]) -> bool {
    let digits_only = !digits.is_empty() && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit);
    digits_only && digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')).wrapping_sub(1) < 65_535
}

/// Lower case and A-labels. What is already plain is not touched, which is nearly every request.
fn mapped(name: &[u8]) -> Result<Cow<'_, str>, HostError> {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let text = std::str::from_utf8(name).map_err(|_| HostError::Invalid)?;
    if name.iter().all(is_plain) && !text.contains("xn--") {
        return Ok(Cow::Borrowed(text));
    }
    // SCAR: RUSTSEC-2024-0421, `xn--` labels that decode to plain ASCII masked other names before idna 1.0.3
    // (test s_4_3_host_table). STD3 refuses everything but letters, digits and hyphens, so also `_`, `@`, `%`, spaces.
    let ascii = idna::domain_to_ascii_cow(name, idna::AsciiDenyList::STD3).map_err(|_| HostError::Invalid)?;
    Ok(ascii)
}

/// The form in which browsers take the last label for an IPv4 address: digits, or `0x` and hexadecimal digits.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.len() <= LABEL_BYTES_MAX && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use proptest::prelude::*;

    use super::*;

    fn name(raw: &str) -> Option<String> {
        match canonical(raw.as_bytes()) {
            Ok(Host::Name(name)) => Some(name.into_owned()),
            Ok(Host::Address(address)) => Some(format!("address {address}")),
            Err(_) => None,
        }
    }

    #[test]
    fn s_4_3_host_table() {
        let long = format!("{}.com", "a.".repeat(150));
        let table: &[(&str, Option<&str>)] = &[
            ("example.com", Some("example.com")),
            ("EXAMPLE.com", Some("example.com")),
            ("example.com.", Some("example.com")),
            ("example.com..", None),
            ("example.com:80", Some("example.com")),
            ("example.com.:80", Some("example.com")),
            ("example.com:", None),
            ("example.com:0", None),
            ("example.com:99999", None),
            ("example.com:+80", None),
            ("example.com:80:80", None),
            ("a@b", None),
            ("", None),
            (".", None),
            (".example.com", None),
            ("a..b", None),
            ("xn--mnchen-3ya.de", Some("xn--mnchen-3ya.de")),
            ("XN--mnchen-3ya.de", Some("xn--mnchen-3ya.de")),
            ("münchen.de", Some("xn--mnchen-3ya.de")),
            ("xn--a-ecp.com", None),
            ("xn--example-.com", None),
            ("xn--.com", None),
            ("ﬁ.com", Some("fi.com")),
            ("example。com", Some("example.com")),
            ("example.com。", Some("example.com")),
            ("example.com.。", None),
            ("[::1]", Some("address ::1")),
            ("[::1]:8080", Some("address ::1")),
            ("[::1]8080", None),
            ("[::1", None),
            ("::1", None),
            ("127.0.0.1", Some("address 127.0.0.1")),
            ("127.0.0.1:8080", Some("address 127.0.0.1")),
            ("127.0.0.1.", None),
            ("127.1", None),
            ("2130706433", None),
            ("0x7f.1", None),
            ("a.0x7f", None),
            ("0177.0.0.1", None),
            ("\u{ff11}27.0.0.1", None),
            ("%65xample.com", None),
            ("exa\tmple.com", None),
            ("exa mple.com", None),
            (" example.com", None),
            ("a_b.com", None),
            ("-a.com", None),
            ("a-.com", None),
            ("3--shop.localhost", Some("3--shop.localhost")),
            ("a/b", None),
            ("a?b", None),
            ("a\0b", None),
            (&long, None),
        ];
        for (raw, expected) in table {
            assert_eq!(name(raw).as_deref(), *expected, "{raw:?}");
        }
        assert!(canonical(b"\xff.com").is_err());
        assert!(name(&format!("{}.com", "a".repeat(63))).is_some());
        assert!(name(&format!("{}.com", "a".repeat(64))).is_none());
    }

    #[test]
    fn patterns_are_names_or_wildcards() {
        assert_eq!(canonical_pattern("*.EXAMPLE.com.").as_deref(), Ok("*.example.com"));
        assert_eq!(canonical_pattern("Example.com").as_deref(), Ok("example.com"));
        for text in ["*", "*.", "*.*.com", "a.*.com", "*.127.0.0.1", "example.com:80", "*example.com"] {
            assert_eq!(canonical_pattern(text), Err(HostError::Invalid), "{text}");
        }
    }

    #[test]
    fn s_4_3_exactly_one_host_that_the_target_repeats() {
        let of = |target: &str, hosts: &[&str]| {
            let mut request = Request::builder().uri(target);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let request = request.body(()).unwrap();
            of_request(&request).map(|_| ())
        };
        assert_eq!(of("/", &["a.com"]), Ok(()));
        assert_eq!(of("/", &[]), Err(HostError::NotOne));
        assert_eq!(of("/", &["a.com", "a.com"]), Err(HostError::NotOne));
        assert_eq!(of("http://A.com:80/", &["a.com"]), Ok(()));
        assert_eq!(of("http://other/", &["a.com"]), Err(HostError::Conflict));
        assert_eq!(of("http://u@a.com/", &["a.com"]), Err(HostError::Invalid));
    }

    proptest! {
        #[test]
        fn s_4_3_canonical_is_idempotent(raw in "[a-zA-Z0-9.。:_xn\\-äß@%ﬁ\u{ff11}\u{200d}\\[\\]]{0,40}") {
            if let Ok(Host::Name(once)) = canonical(raw.as_bytes()) {
                let twice = canonical(once.as_bytes());
                prop_assert_eq!(twice, Ok(Host::Name(Cow::Borrowed(once.as_ref()))));
                prop_assert!(once.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'));
            }
        }

        #[test]
        fn s_4_3_bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = canonical(&raw);
        }
    }
}
