//! Step 7: a script's answer, checked against the rules of HTTP before it leaves (S-4.9, S-4.10).
//!
//! What a script may not decide is dropped (framing, `Date`, the domain of a cookie); what has no meaning is a breach, and the visitor gets a 502.

use execution::{Failure, FailureKind, Limits, Response as Answer};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use uuid::Uuid;

use crate::{body::Body, unsent::Room};

/// Names the execution in every answer that comes from one.
pub(crate) const EXECUTION_ID: HeaderName = HeaderName::from_static("picloud-execution-id");

/// Number of the deployment that answered, where it need not be the active one.
pub(crate) const DEPLOYMENT: HeaderName = HeaderName::from_static("picloud-deployment");

/// Most cookies of an answer, and most bytes of them together.
const COOKIES_MAX: usize = 50;
const COOKIE_BYTES_MAX: usize = 8 * 1024;

/// Fields that PiCloud or the proxy in front decides, or that would reach beyond the app's host.
const NOT_FROM_SCRIPTS: [&str; 16] = [
    "alt-svc",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "picloud-deployment",
    "picloud-execution-id",
    "proxy-authenticate",
    "proxy-connection",
    "public-key-pins",
    "server",
    "service-worker-allowed",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// An answer that obeys the rules.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Checked {
    /// Whether its status says that there is none.
    pub(crate) fn has_no_body(&self) -> bool {
        matches!(self.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// As a script could have written it.
    pub(crate) fn to_answer(&self) -> Answer {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Answer {
            status: self.status.as_u16(),
            headers: self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
            body: self.body.clone(),
        }
    }
}

/// Whether an app shares its registrable domain with others, at its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostOwner {
    /// Below the base domain: browsers' rules for a whole domain are not an app's to set.
    Shared,
    /// A claimed domain.
    App,
}

/// What answers are held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) body_bytes: u64,
    headers: u64,
    header_bytes: u64,
    owner: HostOwner,
}

impl Rules {
    pub(crate) fn new(limits: &Limits, owner: HostOwner) -> Self {
        let Limits { response_body_bytes, response_headers, response_header_bytes, .. } = *limits;
        Self { body_bytes: response_body_bytes, headers: response_headers, header_bytes: response_header_bytes, owner }
    }
}

/// Checks an answer.
///
/// # Errors
/// A failure `invalid_response` that tells the developer what to change.
pub(crate) fn check(answer: Answer, rules: &Rules) -> Result<Checked, Failure> {
    let status = match StatusCode::from_u16(answer.status) {
        Ok(status) if (200..600).contains(&answer.status) => status,
        _ => return Err(breach(format!("status {} is outside 200 to 599", answer.status))),
    };
    let body_bytes = answer.body.len() as u64;
    if body_bytes > rules.body_bytes {
        return Err(breach(format!("the body has {body_bytes} bytes, the limit is {}", rules.body_bytes)));
    }
    let headers = headers(&answer.headers, rules)?;
    let mut checked = Checked { status, headers, body: answer.body };
    if checked.has_no_body() {
        checked.body = Vec::new();
    }
    Ok(checked)
}

/// Makes the answer to the visitor.
pub(crate) fn build(mut checked: Checked, id: Uuid, room: Room) -> Response<Body> {
    let body = std::mem::take(&mut checked.body);
    head(checked, id).map(|()| Body::Whole(body, room))
}

/// The same without its body.
pub(crate) fn head(checked: Checked, id: Uuid) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = checked.status;
    *response.headers_mut() = checked.headers;
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    if let Ok(id) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
        response.headers_mut().insert(EXECUTION_ID, id);
    }
    response
}

fn headers(pairs: &[(String, String)], rules: &Rules) -> Result<HeaderMap, Failure> {
    if pairs.len() as u64 > rules.headers {
        return Err(breach(format!("{} header fields, the limit is {}", pairs.len(), rules.headers)));
    }
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes as u64 > rules.header_bytes {
        return Err(breach(format!("the header fields have {bytes} bytes, the limit is {}", rules.header_bytes)));
    }
    let mut map = HeaderMap::with_capacity(pairs.len() + 1);
    let (mut cookies, mut cookie_bytes) = (0, 0);
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| breach(format!("{name:?} is not a header name")))?;
        if is_withheld(&name, rules.owner) {
            continue;
        }
        if name == header::SET_COOKIE {
            (cookies, cookie_bytes) = (cookies + 1, cookie_bytes + value.len());
            map.append(name.clone(), field_value(&name, &host_only(value))?);
        } else {
            let value = field_value(&name, value)?;
            map.append(name, value);
        }
    }
    if cookies > COOKIES_MAX || cookie_bytes > COOKIE_BYTES_MAX {
        return Err(breach(format!("{cookies} cookies of {cookie_bytes} bytes, the limits are {COOKIES_MAX} and {COOKIE_BYTES_MAX}")));
    }
    Ok(map)
}

fn is_withheld(name: &HeaderName, owner: HostOwner) -> bool {
    let name = name.as_str();
    NOT_FROM_SCRIPTS.contains(&name) || name.starts_with("x-accel-") || (owner == HostOwner::Shared && name == "strict-transport-security")
}

fn field_value(name: &HeaderName, value: &str) -> Result<HeaderValue, Failure> {
    let is_visible = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    let checked = if value.bytes().all(is_visible) { HeaderValue::from_str(value).ok() } else { None };
    checked.ok_or_else(|| breach(format!("the value of header `{name}` has characters other than visible ASCII, spaces and tabs")))
}

/// The cookie without its `Domain`: it belongs to the host that set it and to no other (S-4.10).
fn host_only(cookie: &str) -> String {
    let is_domain = |attribute: &&str| attribute.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("domain"));
    let mut attributes = cookie.split(';');
    let pair = attributes.next().unwrap_or_default();
    attributes.filter(|attribute| !is_domain(attribute)).fold(pair.to_owned(), |kept, attribute| kept + ";" + attribute)
}

fn breach(what: String) -> Failure {
    let mut failure =
        Failure { kind: FailureKind::InvalidResponse, message: format!("the answer is not valid: {what}"), trace: Vec::new() };
    failure.bound();
    failure
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Answer { status, headers: headers.iter().map(pair).collect(), body: body.into() }
    }

    fn checked(answer: Answer) -> Result<Checked, String> {
        check(answer, &Rules::new(&Limits::default(), HostOwner::Shared)).map_err(|failure| failure.message)
    }

    #[test]
    fn s_4_9_statuses() {
        for status in [200, 204, 302, 418, 599] {
            assert_eq!(checked(answer(status, &[], "")).unwrap().status, status);
        }
        for status in [0, 99, 100, 101, 103, 199, 600, 999, 65_535] {
            assert_eq!(
                checked(answer(status, &[], "")).unwrap_err(),
                format!("the answer is not valid: status {status} is outside 200 to 599")
            );
        }
        for status in [204, 205, 304] {
            assert!(checked(answer(status, &[], "dropped")).unwrap().body.is_empty());
        }
    }

    #[test]
    fn s_4_9_header_fields() {
        let good = checked(answer(200, &[("X-A", "1"), ("x-a", "2\t3"), ("Vary", "origin")], "")).unwrap().headers;
        assert_eq!(good.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2\t3"]);
        for (name, value) in [("", "a"), ("a b", "a"), ("a:", "a"), ("ä", "a"), ("a", "b\r\nc: d"), ("a", "\0"), ("a", "ä"), ("a", "\x7f")]
        {
            assert!(checked(answer(200, &[(name, value)], "")).unwrap_err().contains("the answer is not valid"), "{name:?}: {value:?}");
        }
        for name in NOT_FROM_SCRIPTS.iter().chain(&["X-Accel-Redirect", "Strict-Transport-Security", "Content-Length"]) {
            assert!(checked(answer(200, &[(name, "1")], "")).unwrap().headers.is_empty(), "{name}");
        }
        let own =
            check(answer(200, &[("strict-transport-security", "max-age=1")], ""), &Rules::new(&Limits::default(), HostOwner::App)).unwrap();
        assert_eq!(own.headers.len(), 1);
        let many: Vec<(&str, &str)> = vec![("a", "b"); 65];
        assert!(checked(answer(200, &many, "")).unwrap_err().contains("65 header fields, the limit is 64"));
        assert!(checked(answer(200, &[("a", &"b".repeat(32 * 1024))], "")).is_err());
        let limits = Limits { response_body_bytes: 3, ..Limits::default() };
        assert!(check(answer(200, &[], "abcd"), &Rules::new(&limits, HostOwner::Shared)).is_err());
    }

    #[test]
    fn s_4_10_cookies_are_host_only() {
        let cookie = |text: &str| checked(answer(200, &[("set-cookie", text)], "")).unwrap().headers["set-cookie"].clone();
        assert_eq!(cookie("a=1; Domain=example.com; Path=/"), "a=1; Path=/");
        assert_eq!(cookie("a=1;domain = .localhost;DOMAIN;HttpOnly"), "a=1;HttpOnly");
        assert_eq!(cookie("domain=1; Secure"), "domain=1; Secure");
        let pairs: Vec<(&str, &str)> = vec![("set-cookie", "a=1"); 51];
        assert!(checked(answer(200, &pairs, "")).unwrap_err().contains("51 cookies"));
    }

    proptest! {
        #[test]
        fn s_4_9_whatever_a_script_answers_is_one_response(status in any::<u16>(), headers in proptest::collection::vec((".{0,12}", ".{0,20}"), 0..6), body in ".{0,20}") {
            let answer = Answer { status, headers, body: body.into() };
            if let Ok(checked) = check(answer, &Rules::new(&Limits::default(), HostOwner::Shared)) {
                prop_assert!((200..600).contains(&checked.status.as_u16()));
                for (name, value) in &checked.headers {
                    prop_assert!(!NOT_FROM_SCRIPTS.contains(&name.as_str()));
                    prop_assert!(value.as_bytes().iter().all(|byte| *byte == b'\t' || (b' '..=b'~').contains(byte)));
                }
            }
        }
    }
}
