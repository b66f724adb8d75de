//! Header fields in both directions (S-5.7).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{error::EgressError, limits};

/// How PiCloud names itself, behind what the script says.
const USER_AGENT: &str = concat!("picloud/", env!("CARGO_PKG_VERSION"));

/// Fields that PiCloud or the connection sets.
const NOT_BY_SCRIPTS: [HeaderName; 12] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::FORWARDED,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("http2-settings"),
];

/// Proxies believe the first two; PiCloud believes its own.
const PREFIXES_NOT_BY_SCRIPTS: [&str; 3] = ["proxy-", "x-forwarded-", "picloud-"];

/// What another origin may see after a redirect: whatever is not here may be a credential.
const FOR_EVERY_ORIGIN: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::RANGE,
    header::USER_AGENT,
];

/// Fields of one connection: no part of the answer.
const OF_THE_CONNECTION: [HeaderName; 6] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::TRAILER, header::UPGRADE, HeaderName::from_static("keep-alive")];

/// Checks what a script sends, and adds what it left out. `host` and the count of hops are added for each connection.
///
/// # Errors
/// [`EgressError::InvalidHeader`].
pub(super) fn of_script(pairs: &[(String, String)]) -> Result<HeaderMap, EgressError> {
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if pairs.len() > limits::REQUEST_HEADERS_MAX || bytes > limits::REQUEST_HEADER_BYTES_MAX {
        return Err(EgressError::InvalidHeader { name: String::new(), reason: "is one too many: 64 fields and 32 KiB are the most" });
    }
    let mut headers = HeaderMap::with_capacity(pairs.len() + 5);
    for (name, value) in pairs {
        let wrong = |reason| EgressError::InvalidHeader { name: shown(name), reason };
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has a name that is none"))?;
        let is_ours = NOT_BY_SCRIPTS.contains(&parsed) || PREFIXES_NOT_BY_SCRIPTS.iter().any(|prefix| parsed.as_str().starts_with(prefix));
        if is_ours {
            return Err(wrong("is not set by scripts"));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong("has a line break or a control character"))?;
        headers.append(parsed, value);
    }
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    // Nothing is inflated here: who asks for a compressed answer gets it as it came (S-4.8).
    headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    headers.insert(header::USER_AGENT, user_agent(headers.get(header::USER_AGENT)));
    Ok(headers)
}

fn user_agent(of_script: Option<&HeaderValue>) -> HeaderValue {
    let own = HeaderValue::from_static(USER_AGENT);
    let Some(of_script) = of_script else { return own };
    let joined = [of_script.as_bytes(), b" ", own.as_bytes()].concat();
    HeaderValue::from_bytes(&joined).unwrap_or(own)
}

/// Keeps what another origin may see.
pub(super) fn for_other_origin(headers: &HeaderMap) -> HeaderMap {
    headers.iter().filter(|(name, _)| FOR_EVERY_ORIGIN.contains(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What a script sees of an answer's fields: lower-case names, in order. Bytes that are not UTF-8 are replaced.
pub(super) fn for_script(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(name));
    kept.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

/// A name as it can stand in a message.
fn shown(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn made(pairs: &[(&str, &str)]) -> Result<HeaderMap, EgressError> {
        of_script(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn s_5_7_scripts_set_no_field_of_the_connection_and_break_no_line() {
        let forbidden = [
            "Host",
            "connection",
            "Content-Length",
            "TRANSFER-ENCODING",
            "te",
            "trailer",
            "upgrade",
            "expect",
            "keep-alive",
            "proxy-authorization",
            "Proxy-Connection",
            "Proxy-Anything",
            "forwarded",
            "X-Forwarded-For",
            "x-real-ip",
            "Picloud-Hops",
            "",
            "a b",
            "a:b",
            "a\r\nb",
            "\u{e9}",
        ];
        for name in forbidden {
            assert!(matches!(made(&[(name, "1")]), Err(EgressError::InvalidHeader { .. })), "{name}");
        }
        for value in ["a\r\nX: b", "a\n", "\r", "a\0", "\u{7f}"] {
            assert!(made(&[("x-a", value)]).is_err(), "{value:?}");
        }
        assert!(made(&vec![("x", "1"); 65]).is_err());
        assert!(made(&[("x", &"a".repeat(33_000))]).is_err());
    }

    #[test]
    fn what_a_script_leaves_out_is_added() {
        let headers = made(&[("X-A", "1"), ("x-a", "\u{e9}")]).unwrap();
        assert_eq!(headers.get_all("x-a").iter().map(HeaderValue::as_bytes).collect::<Vec<_>>(), ["1".as_bytes(), "\u{e9}".as_bytes()]);
        assert_eq!(
            (&headers["accept"], &headers["accept-encoding"], &headers["user-agent"]),
            (&HeaderValue::from_static("*/*"), &HeaderValue::from_static("identity"), &HeaderValue::from_static(USER_AGENT))
        );
        let headers = made(&[("user-agent", "shop/1"), ("accept-encoding", "gzip")]).unwrap();
        assert_eq!(headers["user-agent"], format!("shop/1 {USER_AGENT}"));
        assert_eq!(headers["accept-encoding"], "gzip");
    }

    #[test]
    fn s_5_4_another_origin_sees_no_credential() {
        let headers = made(&[("authorization", "a"), ("cookie", "b"), ("x-api-key", "c"), ("content-type", "d")]).unwrap();
        let kept = for_other_origin(&headers);
        let mut names: Vec<_> = kept.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "content-type", "user-agent"]);
    }
}
