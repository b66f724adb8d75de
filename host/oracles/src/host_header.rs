//! F5: bytes as a `Host` header, and hosts that apps have.
//!
//! Must hold: the canonical spelling of a canonical spelling is itself; a plain name is read as the grammar says, written anew here; whatever is taken
//! for a name or an address a browser takes for the same; the trie finds what a linear search finds, so no host leads to another owner.

use std::net::{IpAddr, Ipv4Addr};

use orchestrator::{
    host_name::{Host, canonical, canonical_pattern},
    trie::HostTrie,
};

use crate::given::Given;

/// Pieces that meet each other's edges.
const PIECES: [&str; 24] = [
    "a",
    "b",
    "com",
    ".",
    ".",
    "*.",
    "-",
    "xn--",
    "xn--mnchen-3ya",
    ":",
    "80",
    "0",
    "127.0.0.1",
    "1",
    "0x7f",
    "[::1]",
    "@",
    "%61",
    "_",
    "\u{df}",
    "\u{3002}",
    "\u{fb01}",
    "A",
    " ",
];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let owners: Vec<String> = (0..given.below(8)).map(|_| pattern(&mut given)).collect();
    let raw = match given.below(3) {
        0 => given.rest().to_vec(),
        1 => pieced(&mut given).into_bytes(),
        // A neighbour of the owners, or one of them.
        _ => labels(&mut given).into_bytes(),
    };
    let Ok(host) = canonical(&raw) else { return };
    assert_reads_as_it_was_written(&raw, &host);
    if let Host::Name(name) = &host {
        assert_eq!(canonical(name.as_bytes()), Ok(Host::Name(name.as_ref().into())), "the canonical spelling is not canonical");
        assert_has_its_owner(name, &owners);
    }
    assert_is_what_a_browser_reads(&raw, &host);
}

fn pieced(given: &mut Given<'_>) -> String {
    (0..given.below(12)).map(|_| given.one_of(&PIECES)).collect()
}

/// A host that an app has. Few labels, so that owners are neighbours.
fn pattern(given: &mut Given<'_>) -> String {
    let star = if given.is_set() { "*." } else { "" };
    format!("{star}{}", labels(given))
}

fn labels(given: &mut Given<'_>) -> String {
    let labels: Vec<&str> = (0..=given.below(3)).map(|_| given.one_of(&["a", "b", "com", "xn--mnchen-3ya"])).collect();
    labels.join(".")
}

/// The grammar, for names that need no mapping: a port and one dot at the end apart, letters in lower case are all that changes.
fn assert_reads_as_it_was_written(raw: &[u8], host: &Host<'_>) {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    let Ok(text) = std::str::from_utf8(raw) else { panic!("what is no UTF-8 is taken for a host") };
    assert!(
        !text.is_empty() && !text.contains(['@', '/', '?', '#', '%', '\\', ' ', '\t', '\r', '\n', '\0']),
        "{text:?} is taken for a host"
    );
    if !raw.iter().all(is_plain) || text.to_ascii_lowercase().contains("xn--") {
        return;
    }
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    assert!(port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+')), "{text:?} has no port");
    let expected = match name.parse::<Ipv4Addr>() {
        Ok(address) => Host::Address(IpAddr::V4(address)),
        Err(_) => Host::Name(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase().into()),
    };
    assert_eq!(*host, expected, "{text:?}");
}

/// Browsers read hosts of URLs as `url` does (WHATWG).
fn assert_is_what_a_browser_reads(raw: &[u8], host: &Host<'_>) {
    let text = String::from_utf8_lossy(raw);
    let read = url::Url::parse(&format!("http://{text}/")).unwrap();
    let read = match read.host().unwrap() {
        url::Host::Domain(name) => Host::Name(name.strip_suffix('.').unwrap_or(name).to_owned().into()),
        url::Host::Ipv4(address) => Host::Address(IpAddr::V4(address)),
        url::Host::Ipv6(address) => Host::Address(IpAddr::V6(address)),
    };
    assert_eq!(read, *host, "a browser reads {text:?} otherwise");
}

fn assert_has_its_owner(host: &str, owners: &[String]) {
    let mut trie = HostTrie::default();
    let mut patterns: Vec<&str> = Vec::new();
    for pattern in owners.iter().filter(|pattern| canonical_pattern(pattern).as_ref() == Ok(pattern)) {
        trie.insert(pattern, pattern.as_str());
        patterns.push(pattern);
    }
    assert_eq!(trie.find(host).copied(), searched(&patterns, host), "{host} among {patterns:?}");
    // A host that is an owner's own leads to him.
    for pattern in patterns.iter().filter(|pattern| !pattern.starts_with('*')) {
        assert_eq!(trie.find(pattern), Some(pattern));
    }
}

/// The exact one, else the wildcard with most labels.
fn searched<'p>(patterns: &[&'p str], host: &str) -> Option<&'p str> {
    let labels = |name: &str| name.split('.').map(str::to_owned).collect::<Vec<_>>();
    let covers = |pattern: &str| {
        let (below, host) = (labels(&pattern[2..]), labels(host));
        host.len() > below.len() && host.ends_with(&below)
    };
    let exact = patterns.iter().find(|pattern| **pattern == host);
    let wildcards = patterns.iter().filter(|pattern| pattern.starts_with("*.") && covers(pattern));
    exact.or_else(|| wildcards.max_by_key(|pattern| labels(pattern).len())).copied()
}
