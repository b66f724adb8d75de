//! Everything larger than it may be: each has one answer, and the next request is as good as any.

use super::{attackers::Attackers, while_attacked};

/// An ask of the app, with these lines between its first and the end of its head, and this body.
fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n{fields}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n{fields}\r\n{body}")
}

fn declared(kind: &str, body: &str) -> String {
    post(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()), body)
}

fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// What is sent, and the statuses it may have: where a head is longer than a buffer, which of them depends on the packets.
fn heads() -> Vec<(&'static str, String, &'static [u16])> {
    let many = |count: usize, field: &str| (0..count).map(|n| format!("X-{n}: {field}\r\n")).collect::<String>();
    vec![
        ("the longest address", get(&format!("/echo?n={}", "a".repeat(16_384 - 8)), ""), &[200]),
        ("an address of a byte more", get(&format!("/echo?n={}", "a".repeat(16_384 - 7)), ""), &[414]),
        ("an address of a megabyte", get(&format!("/{}", "a".repeat(1 << 20)), ""), &[400, 414, 431]),
        ("a line that does not end", format!("GET /{}", "a".repeat(4 << 20)), &[400, 414, 431]),
        ("a method of a megabyte", format!("{} / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n", "A".repeat(1 << 20)), &[400, 431]),
        ("a query of 8,000 pairs", get(&format!("/echo?{}n=1", "a&".repeat(8_000)), ""), &[200]),
        ("sixty fields", get("/echo?n=1", &many(60, "1")), &[200]),
        ("sixty-five fields", get("/echo?n=1", &many(65, "1")), &[431]),
        ("ten thousand fields", get("/echo?n=1", &many(10_000, "1")), &[431]),
        ("a field of 33 KB", get("/echo?n=1", &format!("X: {}\r\n", "a".repeat(33_000))), &[431]),
        ("a field of 4 MB", get("/echo?n=1", &format!("X: {}\r\n", "a".repeat(4 << 20))), &[400, 431]),
        ("a name of 33 KB", get("/echo?n=1", &format!("{}: 1\r\n", "a".repeat(33_000))), &[400, 431]),
        ("a cookie of 40 KB", get("/echo?n=1", &format!("Cookie: a={}\r\n", "a".repeat(40_000))), &[431]),
        ("cookies of 40 KB together", get("/echo?n=1", &format!("Cookie: a={}\r\n", "a".repeat(1_000)).repeat(40)), &[431]),
        ("a host of 33 KB", format!("GET / HTTP/1.1\r\nHost: {}.localhost\r\n\r\n", "a".repeat(33_000)), &[400, 431]),
        (
            "a key of 40 KB",
            format!(
                "GET /api/v1/admin/apps HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
                "a".repeat(40_000)
            ),
            &[401, 431],
        ),
    ]
}

fn bodies() -> Vec<(&'static str, String, &'static [u16])> {
    let megabyte = "a".repeat(1 << 20);
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    vec![
        ("the largest body", declared("text/plain", &megabyte), &[200]),
        ("a body of a byte more", declared("text/plain", &format!("{megabyte}a")), &[413]),
        ("a length of 15 digits", post("Content-Length: 999999999999999\r\n", ""), &[413]),
        ("a length of 40 digits", post(&format!("Content-Length: {}\r\n", "9".repeat(40)), ""), &[400]),
        ("ten thousand parts", declared("multipart/form-data; boundary=b", &format!("{}--b--\r\n", part.repeat(10_000))), &[200]),
        ("a list in a list, 500,000 times", declared("application/json", &"[".repeat(500_000)), &[200]),
        ("an object in an object", declared("application/json", &"{\"a\":".repeat(200_000)), &[200]),
        ("numbers without end", declared("application/json", &"9".repeat(1 << 20)), &[200]),
        ("a chunk of 2^63 bytes", chunked("7fffffffffffffff\r\na"), &[400, 408, 413]),
        ("a chunk of 2^64 bytes", chunked("10000000000000000\r\na"), &[400]),
        ("a chunk larger than the limit", chunked(&format!("200000\r\n{megabyte}{megabyte}\r\n0\r\n\r\n")), &[413]),
        ("a million chunks of a byte", chunked(&format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(1_000_000))), &[200]),
        ("a million and more", chunked(&format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(1_100_000))), &[413]),
        ("an extension of a chunk, 4 MB", chunked(&format!("1;{}\r\na\r\n0\r\n\r\n", "a".repeat(4 << 20))), &[400]),
        ("trailers of 4 MB", chunked(&format!("1\r\na\r\n0\r\nX: {}\r\n\r\n", "a".repeat(4 << 20))), &[400]),
        ("a million trailers", chunked(&format!("1\r\na\r\n0\r\n{}\r\n", "X: 1\r\n".repeat(1_000_000))), &[400]),
        (
            "a log-in of 100 MB",
            format!(
                "POST /api/v1/admin/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n{}",
                "[".repeat(8 << 20)
            ),
            &[413],
        ),
        (
            "a log-in that nests",
            format!(
                "POST /api/v1/admin/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{}",
                "[".repeat(100_000)
            ),
            &[400],
        ),
    ]
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).map_or(0, |digits| digits.parse().unwrap())
}

#[test]
fn s_4_7_whatever_is_too_large_has_one_answer() {
    while_attacked(|visitor| {
        let attackers = Attackers::of(visitor.instance.port);
        for (name, sent, expected) in heads().into_iter().chain(bodies()) {
            let answer = attackers.send(2, sent.into_bytes());
            let head: String = answer.chars().take(300).collect();
            assert!(expected.contains(&status(&answer)), "{name}: {head}");
            assert!(answer.matches("HTTP/1.1 ").count() == 1, "{name}: {head}");
        }
        visitor.is_served();
    });
}
