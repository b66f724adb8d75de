//! Requests that Caddy and PiCloud could divide differently (S-4.6): what the script sees is what Caddy saw, one request or none.

use std::io::{Read as _, Write as _};

use serde_json::json;

use super::{Caddy, File};
use crate::instance::{Instance, PASSWORD};

/// Counts what it sees, by path.
const COUNTS: &str = r#"kv::increment("seen " + ctx.request.path); ctx.request.path"#;
/// Follows each of the requests below on the same connection. Those say that they are the last, so nobody who reads them in one way may see it.
const SECOND: &str = "GET /smuggled HTTP/1.1\r\nHost: shop.localhost\r\n\r\n";

/// Framing fields of a `POST`, and what follows its head.
const FRAMINGS: &[(&str, &str)] = &[
    ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
    // The length covers the second request, or ends within it.
    ("Content-Length: 60\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "39\r\n"),
    ("Content-Length: 0\r\nContent-Length: 54\r\n", ""),
    ("Content-Length: 54\r\nContent-Length: 0\r\n", ""),
    ("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
    ("Content-Length: 0, 54\r\n", ""),
    ("Content-Length: +5\r\n", "hello"),
    ("Content-Length: -5\r\n", "hello"),
    ("Content-Length: 5 5\r\n", "hello"),
    ("Content-Length: 0x5\r\n", "hello"),
    ("Content-Length : 5\r\n", "hello"),
    ("Content-Length\t: 5\r\n", "hello"),
    (" Content-Length: 5\r\n", "hello"),
    ("Content-Length:\r\n 5\r\n", "hello"),
    ("Content-Length: 5\nX: y\r\n", "hello"),
    ("X: a\r\n folded\r\nContent-Length: 5\r\n", "hello"),
    ("X: a\r\n Content-Length: 54\r\n", ""),
    ("X: a\rContent-Length: 54\r\n", ""),
    ("X: a\0b\r\n", ""),
    ("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: cHuNkEd\r\nContent-Length: 60\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding:  chunked \r\n", "0\r\n\r\n"),
    ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: identity\r\nContent-Length: 0\r\n", ""),
    ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "0\n\n"),
    ("Transfer-Encoding: chunked\r\n", "1\na\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "1;a\nb\r\na\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "+1\r\na\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "0x1\r\na\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\na\r\n"),
    ("Connection: Content-Length\r\nContent-Length: 54\r\n", ""),
    ("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
];

/// Whole heads that are wrong in another way.
const HEADS: &[&str] = &[
    "POST /first HTTP/1.1\nHost: shop.localhost\nConnection: close\n\n",
    "POST /first HTTP/1.1\r\nHost: shop.localhost\nConnection: close\r\n\r\n",
    "POST /first HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\n",
    "POST /first HTTP/1.1\r\nHost: shop.localhost\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n",
    "POST /first HTTP/1.0\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /first\r\n\r\n",
    "POST /first HTTP/1.1 HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n",
    "POST http://shop.localhost/first HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n",
];

fn raw(caddy: &Caddy, bytes: &str) -> String {
    let mut connection = caddy.connect("shop.localhost").unwrap();
    connection.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // It may end without a word of TLS.
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// How often the script has seen a path.
fn seen(instance: &Instance, path: &str) -> i64 {
    let kept = instance.visit("shop.localhost", &format!("/count?of={path}"));
    kept.body.parse().unwrap_or_else(|error| panic!("{error}: {kept:?}"))
}

#[test]
fn s_4_6_behind_caddy_one_request_stays_one() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.script("shop", "counts", COUNTS, "/*");
    instance.script("shop", "count", r#"`${kv::get("seen " + ctx.request.query.of, 0)}`"#, "/count");
    instance.without_rates("shop");
    let caddy = Caddy::start(File::Production, "localhost", &[&instance]);
    let framed = FRAMINGS
        .iter()
        .map(|(fields, body)| format!("POST /first HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n{fields}\r\n{body}"));
    let requests: Vec<String> = framed.chain(HEADS.iter().map(|head| (*head).to_owned())).collect();
    let (mut passed, mut refused) = (0, 0);
    for request in &requests {
        let before = seen(&instance, "/first");
        let answer = raw(&caddy, &format!("{request}{SECOND}"));
        let ran = seen(&instance, "/first") - before;
        let statuses: Vec<&str> = answer.split("HTTP/1.").skip(1).filter_map(|one| one.get(2..5)).collect();
        match (statuses.as_slice(), ran) {
            (["200"], 1) => passed += 1,
            ([status], 0) if status.starts_with('4') => refused += 1,
            // A coding that Caddy does not know; a body that it could not read to its end when PiCloud was already listening.
            (["501" | "502"], 0) => refused += 1,
            _ => panic!("{request:?}: {ran} ran, answered {answer}"),
        }
        // Nothing is left over on the connections between the two that another visitor would get.
        let other = caddy.curl("shop.localhost", "/other", &["--http1.1"]);
        assert_eq!(other, "/other", "after {request:?}");
    }
    assert_eq!(seen(&instance, "/smuggled"), 0);
    assert_eq!(seen(&instance, "/first"), passed);
    println!("{passed} of {} were one request, {refused} were refused", requests.len());
    assert!(refused >= 20, "{refused}");
}
