//! F6: whatever a script answers, on the wire.
//!
//! Must hold: one response and nothing behind it, whatever is in names, values and body; it is the answer or a 502; fields that are not a script's to set
//! have not its value; no cookie has a domain; where there may be no body there is none.

use execution::Response as Answer;

use crate::{
    given::Given,
    sandbox::RUNTIME,
    server::{HOST, server},
    strict_http::{Response, responses},
};

const NAMES: [&str; 22] = [
    "content-type",
    "X-A",
    "x-a",
    "Set-Cookie",
    "set-cookie",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Date",
    "Server",
    "Trailer",
    "TE",
    "Upgrade",
    "Alt-Svc",
    "Strict-Transport-Security",
    "X-Accel-Redirect",
    "picloud-execution-id",
    "Location",
    "a b",
    "",
    "x\r\ny",
];
const VALUES: [&str; 20] = [
    "1",
    "a=1",
    "a=1; Domain=apps.test",
    "a=1;domain = .test ; Path=/",
    "__Host-sid=1",
    "chunked",
    "0",
    "close",
    "text/html",
    "b\r\nSet-Cookie: c=1",
    "b\r\n\r\nHTTP/1.1 200 OK\r\n",
    "\n",
    "\0",
    "\u{e4}",
    "\t",
    "",
    " ",
    "max-age=1",
    "a=1; ;; Domain",
    "trailers",
];
const STATUSES: [u16; 14] = [200, 201, 204, 205, 206, 301, 304, 404, 500, 502, 599, 100, 101, 0];
/// What a script's value never stands in.
const NOT_ITS_OWN: [&str; 13] = [
    "alt-svc",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "picloud-execution-id",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-accel-redirect",
    "strict-transport-security",
];
/// What PiCloud adds.
const ADDED: [&str; 6] = ["content-length", "date", "picloud-execution-id", "connection", "content-type", "picloud-deployment"];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let method = given.one_of(&["GET", "HEAD", "POST"]);
    let status = if given.byte() > 230 { given.short() } else { given.one_of(&STATUSES) };
    let pick = |given: &mut Given<'_>, these: &[&str]| {
        if given.byte() > 220 { given.text(40) } else { given.one_of(these).to_owned() }
    };
    let headers = (0..given.below(12)).map(|_| (pick(&mut given, &NAMES), pick(&mut given, &VALUES))).collect();
    let body = if given.is_set() { given.rest().to_vec() } else { b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec() };
    let answer = Answer { status, headers, body };
    let server = server();
    server.answer_with(answer.clone());
    let request = format!("{method} /x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let (answered, seen) = RUNTIME.block_on(server.told(&[request.as_bytes()]));
    assert_eq!(seen.len(), 1);
    let found = responses(&answered, &[method]).unwrap();
    let [response] = found.as_slice() else { panic!("{} responses: {}", found.len(), answered.escape_ascii()) };
    assert!(answered.len() < (64 << 10) + answer.body.len(), "{} bytes", answered.len());
    if response.status == 502 && response.headers.iter().any(|(name, value)| name == "content-type" && value == "application/problem+json")
    {
        return;
    }
    assert_obeys(response, &answer, method);
}

fn assert_obeys(response: &Response, answer: &Answer, method: &str) {
    assert!(response.status == answer.status && (200..600).contains(&response.status), "{answer:?} became {response:?}");
    let has_body = method != "HEAD" && !matches!(response.status, 204 | 205 | 304);
    assert_eq!(response.body, if has_body { answer.body.as_slice() } else { b"" });
    for (name, value) in &response.headers {
        assert!(value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)), "{name}: {value:?}");
        let is_the_scripts = answer.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        assert!(is_the_scripts || ADDED.contains(&name.as_str()), "{name} came from nowhere: {response:?}");
    }
    for name in NOT_ITS_OWN {
        let values = response.headers.iter().filter(|(own, _)| own == name);
        let added = values.clone().count();
        assert!(added <= usize::from(ADDED.contains(&name)), "{name}: {:?} of {answer:?}", values.collect::<Vec<_>>());
    }
    let cookies: Vec<_> = response.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value).collect();
    for cookie in &cookies {
        let attributes =
            cookie.split(';').skip(1).map(|attribute| attribute.split('=').next().unwrap_or_default().trim().to_ascii_lowercase());
        assert!(attributes.clone().all(|name| name != "domain"), "{cookie:?} has a domain");
    }
    // What may pass does, each in its order.
    let wanted = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).count();
    assert_eq!(cookies.len(), wanted, "{answer:?} became {response:?}");
    let of_script = |name: &&(String, String)| name.0.eq_ignore_ascii_case("x-a");
    let wanted: Vec<_> = answer.headers.iter().filter(of_script).map(|(_, value)| value.trim_matches([' ', '\t'])).collect();
    let passed: Vec<_> = response.headers.iter().filter(of_script).map(|(_, value)| value.as_str()).collect();
    assert_eq!(passed, wanted);
}
