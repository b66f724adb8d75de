//! F11: bytes to the listening socket, in pieces.
//!
//! Must hold: no request reaches a script that a strict reader (`strict_http`) does not find in the same bytes, in the same order, with the same method, path
//! and body; what comes back is responses and nothing else, and no more of them than there are requests, and one refusal.

use execution::Response as Answer;

use crate::{
    given::Given,
    sandbox::RUNTIME,
    server::{HOST, server},
    strict_http::{requests, responses},
};

/// Pieces of requests, whole and broken.
const PIECES: [&str; 40] = [
    "GET / HTTP/1.1\r\n",
    "POST /a HTTP/1.1\r\n",
    "HEAD /b HTTP/1.1\r\n",
    "PUT /c?d=e HTTP/1.0\r\n",
    "GET http://shop.apps.test/f HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "CONNECT shop.apps.test:443 HTTP/1.1\r\n",
    "GET  / HTTP/1.1\r\n",
    "GET / HTTP/1.1\n",
    "Host: shop.apps.test\r\n",
    "Host: shop.apps.test\r\n",
    "host:shop.apps.test\r\n",
    "Host: other.apps.test\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "content-length:3\r\n",
    "Content-Length : 5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:Chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "X: y\r\n",
    " folded\r\n",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "0\r\n\r\n",
    "3\r\nabc\r\n",
    "2;x=\"\n\"\r\nab\r\n",
    "5\r\nGET /\r\n",
    "abcde",
    "\0",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let cuts = [given.byte(), given.byte()];
    let sent = if given.is_set() { given.rest().to_vec() } else { pieced(&mut given) };
    let server = server();
    server.answer_with(Answer { status: 200, headers: Vec::new(), body: b"answer".to_vec() });
    let mut cuts = cuts.map(|cut| usize::from(cut) % (sent.len() + 1));
    cuts.sort_unstable();
    let pieces = [&sent[..cuts[0]], &sent[cuts[0]..cuts[1]], &sent[cuts[1]..]];
    let (answered, seen) = RUNTIME.block_on(server.told(&pieces));
    let expected = requests(&sent);
    let mut left = expected.iter();
    for request in &seen {
        let is_the_same = |one: &&crate::strict_http::Request| {
            one.method == request.method && one.body == request.body && path_of(&one.target) == request.path
        };
        assert!(
            left.any(|one| is_the_same(&one)),
            "a script saw {request:?}, a strict reader sees {expected:?} in {}",
            sent.escape_ascii()
        );
    }
    let methods: Vec<&str> = expected.iter().map(|request| request.method.as_str()).collect();
    match responses(&answered, &methods) {
        Ok(answers) => {
            assert!(answers.len() <= expected.len() + 1, "{} answers to {}", answers.len(), sent.escape_ascii());
            let given: Vec<_> = answers.iter().filter(|answer| answer.body == b"answer").collect();
            assert!(given.len() <= seen.len(), "{answers:?} of {seen:?}");
        }
        // An end that the client brought about may cut the last answer.
        Err(_) if answered.len() < 40 => {}
        Err(error) => panic!("{error}; sent {}", sent.escape_ascii()),
    }
}

fn pieced(given: &mut Given<'_>) -> Vec<u8> {
    let mut sent = Vec::new();
    while !given.is_empty() && sent.len() < 8 << 10 {
        match given.below(PIECES.len() + 10) {
            // A request that needs nothing else.
            at @ 40..=47 => sent.extend_from_slice(format!("GET /{at} HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()),
            48 | 49 => sent.extend_from_slice(given.bytes(64)),
            at => sent.extend_from_slice(PIECES[at].as_bytes()),
        }
    }
    sent
}

/// Without scheme, host and query.
fn path_of(target: &str) -> &str {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    match target.split_once("://").filter(|_| !target.starts_with('/')) {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    }
}
