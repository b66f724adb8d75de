//! The session cookie.

use http::{HeaderMap, header};

/// Over https the `__Host-` prefix makes browsers refuse a cookie that is not Secure, has a Domain, or came from another host.
const SECURE_NAME: &str = "__Host-sid";
/// Over `http://localhost` browsers refuse `__Host-`; another name keeps the two from being mistaken (S-8.4).
const DEV_NAME: &str = "sid-dev";

/// How the instance is reached, which decides the cookie's name and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Https,
    /// `http://localhost` only, as the instance's origin tells.
    PlainLocalhost,
}

impl Transport {
    /// By the scheme of an origin.
    #[must_use]
    pub fn of_origin(origin: &str) -> Self {
        if origin.starts_with("https://") { Self::Https } else { Self::PlainLocalhost }
    }

    /// Name of the cookie.
    #[must_use]
    pub fn cookie_name(self) -> &'static str {
        match self {
            Self::Https => SECURE_NAME,
            Self::PlainLocalhost => DEV_NAME,
        }
    }

    fn flags(self) -> &'static str {
        match self {
            Self::Https => "Path=/; HttpOnly; SameSite=Lax; Secure",
            Self::PlainLocalhost => "Path=/; HttpOnly; SameSite=Lax",
        }
    }
}

/// Value of `Set-Cookie` that gives a session's token to the browser for `max_age_seconds`.
#[must_use]
pub fn set(transport: Transport, token: &str, max_age_seconds: i64) -> String {
    format!("{}={token}; {}; Max-Age={max_age_seconds}", transport.cookie_name(), transport.flags())
}

/// Value of `Set-Cookie` that makes the browser forget its session.
#[must_use]
pub fn clear(transport: Transport) -> String {
    set(transport, "", 0)
}

/// The session's token from the request. Two cookies of that name are none: a browser sends two only if somebody planted one.
#[must_use]
pub fn token(transport: Transport, headers: &HeaderMap) -> Option<&str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == transport.cookie_name())
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(token), None) if token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(token),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::COOKIE, value.parse().unwrap())).collect()
    }

    #[test]
    fn s_8_4_flags() {
        let secure = set(Transport::of_origin("https://pi.example.net"), "t", 60);
        assert_eq!(secure, "__Host-sid=t; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
        let dev = set(Transport::of_origin("http://localhost:8080"), "t", 60);
        assert_eq!(dev, "sid-dev=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    }

    #[test]
    fn token_is_found_among_others() {
        let token_text = "a".repeat(64);
        let good = headers(&["theme=dark", &format!("x=1; sid-dev={token_text}; y=2")]);
        assert_eq!(token(Transport::PlainLocalhost, &good), Some(token_text.as_str()));
        assert_eq!(token(Transport::Https, &good), None);
    }

    #[test]
    fn planted_or_malformed_tokens_are_none() {
        let token_text = "a".repeat(64);
        let two = format!("sid-dev={token_text}; sid-dev={}", "b".repeat(64));
        for bad in [two.as_str(), "sid-dev=", "sid-dev=abc", "sid-dev", ""] {
            assert_eq!(token(Transport::PlainLocalhost, &headers(&[bad])), None, "{bad}");
        }
    }
}
