//! F10: texts as API keys, and cookies as sessions.
//!
//! Must hold: a key is well-formed exactly if an independent reader says so (the form, and a CRC-32 by bits); nothing panics on the way to what is shown
//! of a key; a session's token is 64 hexadecimal digits of one cookie, or none.

use http::{HeaderMap, HeaderValue, header};
use manager::auth::{
    api_key::{Kind, is_of, is_well_formed, last4, prefix},
    cookie::{Transport, token},
};

use crate::given::Given;

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    match given.below(3) {
        0 => assert_read_alike(&given.text(255)),
        1 => assert_read_alike(&nearly_a_key(&mut given)),
        _ => assert_one_session(&mut given),
    }
}

/// A key with the right sum, and perhaps something wrong with it.
fn nearly_a_key(given: &mut Given<'_>) -> String {
    let mut key = format!("pic_{}_", given.one_of(&["app", "all", "inv", "App", ""]));
    let length = 29 + given.below(3);
    key.extend((0..length).map(|_| char::from(BASE_62[given.below(62)])));
    let sum = sum(&key);
    key += &sum;
    if given.is_set() {
        let (at, character) = (given.below(key.len()), given.one_of(&["", "A", "_", "\u{e9}", "AA"]));
        key.replace_range(at..=at, character);
    }
    key
}

fn assert_read_alike(text: &str) {
    let of = |kind: &str| {
        let Some(rest) = text.strip_prefix("pic_").and_then(|rest| rest.strip_prefix(kind)).and_then(|rest| rest.strip_prefix('_')) else {
            return false;
        };
        rest.len() == 36 && rest.bytes().all(|byte| BASE_62.contains(&byte)) && sum(&text[..text.len() - 6]) == text[text.len() - 6..]
    };
    assert_eq!(is_of(Kind::App, text), of("app"), "{text:?}");
    assert_eq!(is_of(Kind::All, text), of("all"), "{text:?}");
    assert_eq!(is_of(Kind::Invitation, text), of("inv"), "{text:?}");
    assert_eq!(is_well_formed(text), of("app") || of("all"), "{text:?}");
    if is_well_formed(text) {
        assert!(prefix(text).len() + last4(text).len() <= 16, "{text:?} is shown");
    } else {
        let _ = (prefix(text), last4(text));
    }
}

/// CRC-32 (IEEE) bit by bit, in six digits.
fn sum(text: &str) -> String {
    let mut crc = !0_u32;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(char::from(BASE_62[usize::try_from(rest % 62).unwrap()]));
        rest /= 62;
    }
    digits.into_iter().rev().collect()
}

fn assert_one_session(given: &mut Given<'_>) {
    let token_text = "0123456789abcdef".repeat(4);
    let mut headers = HeaderMap::new();
    let mut written = String::new();
    for _ in 0..given.below(3) {
        let line: String = (0..given.below(5))
            .map(|_| match given.below(8) {
                0 => given.text(20),
                1 => token_text.clone(),
                _ => given.one_of(&["sid-dev=", "__Host-sid=", "; ", "=", "theme=dark", "sid-dev", "\t", "\""]).to_owned(),
            })
            .collect();
        if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
            // A line that is not all visible ASCII counts for nothing.
            if value.to_str().is_ok() {
                written = written + line.as_str() + ";";
            }
            headers.append(header::COOKIE, value);
        }
    }
    for transport in [Transport::Https, Transport::PlainLocalhost] {
        let Some(found) = token(transport, &headers) else { continue };
        assert!(found.len() == 64 && found.bytes().all(|byte| byte.is_ascii_hexdigit()), "{found:?} is no token");
        let pair = format!("{}={found}", transport.cookie_name());
        assert!(written.split(';').any(|one| one.trim() == pair), "{found:?} is of no cookie of {written:?}");
        let of_name = written.split(';').filter(|one| one.trim().starts_with(&format!("{}=", transport.cookie_name())));
        assert_eq!(of_name.count(), 1, "a planted cookie: {written:?}");
    }
}
