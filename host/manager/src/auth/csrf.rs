//! Whether a request that a browser authenticated by itself was meant by the person in front of it (S-8.5).

use http::{HeaderMap, Method, header};

/// Why a request is refused; the text tells the developer of a client what to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `Sec-Fetch-Site` says that another site's page sent it.
    OtherSite,
    /// There is no `Sec-Fetch-Site`, and `Origin` is another one, or `null`.
    OtherOrigin,
    /// Neither header is there: no browser of today, so it should send a key.
    NoEvidence,
}

/// How a request shows who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A cookie, which browsers attach to whatever page asks.
    Cookie,
    /// None yet: a log-in. A page of another site must not log its visitor in as somebody else, but curl may.
    None,
}

/// Checks one request that is authenticated by cookie, or is a log-in.
///
/// # Errors
/// [`Refusal`].
pub fn check(method: &Method, headers: &HeaderMap, origins: &[String], credential: Credential) -> Result<(), Refusal> {
    if method.is_safe() {
        return Ok(());
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" || site == "none" { Ok(()) } else { Err(Refusal::OtherSite) };
    }
    let mut sent = headers.get_all(header::ORIGIN).iter();
    match (sent.next(), sent.next()) {
        (None, _) if credential == Credential::None => Ok(()),
        (None, _) => Err(Refusal::NoEvidence),
        (Some(origin), None) if origins.iter().any(|ours| origin == ours.as_str()) => Ok(()),
        _ => Err(Refusal::OtherOrigin),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    /// Headers, and what they lead to.
    type Row<'a> = (&'a [(&'static str, &'a str)], Result<(), Refusal>);

    fn run(credential: Credential, method: &Method, sent: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        check(method, &headers, &["http://localhost:8080".to_owned()], credential)
    }

    #[test]
    fn s_8_5_matrix() {
        let ours = ("origin", "http://localhost:8080");
        let table: &[Row<'_>] = &[
            (&[("sec-fetch-site", "same-origin")], Ok(())),
            (&[("sec-fetch-site", "none")], Ok(())),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], Ok(())),
            (&[("sec-fetch-site", "same-site"), ours], Err(Refusal::OtherSite)),
            (&[("sec-fetch-site", "cross-site"), ours], Err(Refusal::OtherSite)),
            (&[("sec-fetch-site", "")], Err(Refusal::OtherSite)),
            (&[ours], Ok(())),
            (&[("origin", "null")], Err(Refusal::OtherOrigin)),
            (&[("origin", "http://localhost:8081")], Err(Refusal::OtherOrigin)),
            (&[("origin", "http://localhost:8080.evil.example")], Err(Refusal::OtherOrigin)),
            (&[ours, ("origin", "https://evil.example")], Err(Refusal::OtherOrigin)),
            (&[], Err(Refusal::NoEvidence)),
        ];
        for (sent, expected) in table {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(run(Credential::Cookie, &method, sent), *expected, "{method} {sent:?}");
            }
            assert_eq!(run(Credential::Cookie, &Method::GET, sent), Ok(()), "{sent:?}");
        }
    }

    #[test]
    fn s_8_5_log_in_by_curl_but_not_from_another_site() {
        assert_eq!(run(Credential::None, &Method::POST, &[]), Ok(()));
        assert_eq!(run(Credential::None, &Method::POST, &[("origin", "https://evil.example")]), Err(Refusal::OtherOrigin));
        assert_eq!(run(Credential::None, &Method::POST, &[("sec-fetch-site", "cross-site")]), Err(Refusal::OtherSite));
    }
}
