//! What a redirect makes of a request (S-5.4). Every check is made again for where it leads to.

use http::{HeaderMap, Method, Response, StatusCode, header};

use super::{error::EgressError, headers, request::Draft, target::Scheme};

/// Where an answer sends its asker, if it does.
pub(super) fn location<B>(response: &Response<B>) -> Option<&[u8]> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if redirects { response.headers().get(header::LOCATION).map(header::HeaderValue::as_bytes) } else { None }
}

/// The request that follows.
///
/// # Errors
/// The target is no URL, or the way to it is less safe than the way here.
pub(super) fn follow(draft: Draft, status: StatusCode, location: &[u8]) -> Result<Draft, EgressError> {
    let text = std::str::from_utf8(location).map_err(|_| EgressError::InvalidUrl("of a redirect is not text"))?;
    let target = draft.target.join(text)?;
    if draft.target.scheme == Scheme::Https && target.scheme == Scheme::Http {
        return Err(EgressError::InsecureRedirect(draft.target.origin()));
    }
    let mut next = draft;
    if !target.has_origin_of(&next.target) {
        next.headers = headers::for_other_origin(&next.headers);
    }
    let becomes_get = match status {
        StatusCode::SEE_OTHER => next.method != Method::HEAD && next.method != Method::GET,
        // As everybody does, though the standard meant it otherwise.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => next.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        next.method = Method::GET;
        next.body.clear();
        drop_fields_of_body(&mut next.headers);
    }
    next.target = target;
    Ok(next)
}

fn drop_fields_of_body(headers: &mut HeaderMap) {
    for name in [header::CONTENT_TYPE, header::CONTENT_LANGUAGE, header::CONTENT_ENCODING, header::CONTENT_LOCATION] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use execution::http::Request;

    fn draft(url: &str) -> Draft {
        let headers = [("authorization", "secret"), ("cookie", "a=b"), ("x-token", "secret"), ("content-type", "text/plain")];
        Draft::new(Request {
            method: "POST".into(),
            url: url.into(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: b"body".to_vec(),
            timeout_ms: None,
        })
        .unwrap()
    }

    fn followed(from: &str, status: u16, to: &str) -> Result<Draft, EgressError> {
        follow(draft(from), StatusCode::from_u16(status).unwrap(), to.as_bytes())
    }

    #[test]
    fn s_5_4_credentials_stay_with_their_origin() {
        let same = followed("https://a.example/x/y", 307, "../z?q#f").unwrap();
        assert_eq!((same.target.as_str(), same.headers.contains_key("authorization")), ("https://a.example/z?q", true));
        for other in ["https://b.example/", "//b.example/", "https://a.example:8443/", "https://a.example.:8443/"] {
            let next = followed("https://a.example/", 307, other).unwrap();
            for name in ["authorization", "cookie", "x-token"] {
                assert!(!next.headers.contains_key(name), "{other} {name}");
            }
            assert_eq!(&next.body[..], b"body");
        }
    }

    #[test]
    fn s_5_4_no_way_back_from_tls() {
        assert_eq!(
            followed("https://a.example/", 302, "http://a.example/").unwrap_err(),
            EgressError::InsecureRedirect("https://a.example".into())
        );
        assert!(followed("http://a.example/", 302, "https://a.example/").is_ok());
        for bad in ["http://", "ftp://a.example/", "https://user@a.example/", "\t//b.example/", "//b.exa\u{1}mple/", "http://a.example:25/"]
        {
            assert!(matches!(followed("http://a.example/", 302, bad), Err(EgressError::InvalidUrl(_))), "{bad}");
        }
        assert!(follow(draft("http://a.example/"), StatusCode::FOUND, b"\xff").is_err());
    }

    #[test]
    fn methods_and_bodies_follow_the_status() {
        for (status, method, has_body) in
            [(301, "GET", false), (302, "GET", false), (303, "GET", false), (307, "POST", true), (308, "POST", true)]
        {
            let next = followed("http://a.example/", status, "/b").unwrap();
            let seen = (next.method.as_str(), !next.body.is_empty(), next.headers.contains_key("content-type"));
            assert_eq!(seen, (method, has_body, has_body), "{status}");
        }
    }
}
