//! Requests that two servers could divide differently (S-4.6): none of them may be answered as if it were one request, or two.

use tokio::io::AsyncWriteExt as _;

use crate::server::{Server, read_to_end, status};

/// A request that must not be reached: it would be answered with `smuggled`.
const SECOND: &str = "GET /smuggled HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n";

async fn server() -> Server {
    Server::start(&[("*", "/smuggled", "body smuggled"), ("*", "/*", "body first")]).await
}

#[tokio::test]
async fn s_4_6_ambiguous_framing_is_refused_and_closes() {
    let server = server().await;
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 54\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 0, 54\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length : 5\r\n",
        "Content-Length\t: 5\r\n",
        " Content-Length: 5\r\n",
        "Content-Length:\r\n 5\r\n",
        "X: a\r\n folded\r\n",
        "X: a\nY: b\r\n",
        "X: a\rY: b\r\n",
        "X: a\0b\r\n",
        "X\0: a\r\n",
        "no colon\r\n",
        ": empty\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
    ] {
        let answer = server.send(format!("POST / HTTP/1.1\r\nHost: shop.apps.test\r\n{fields}\r\n0\r\n\r\n{SECOND}")).await;
        assert_eq!(status(&answer), 400, "{fields:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields:?}: {answer}");
    }
}

/// However many packets it comes in.
#[tokio::test]
async fn s_4_6_what_is_refused_late_is_answered_too() {
    let server = server().await;
    for rest in [
        "X: a\nY: b\r\n\r\n".to_owned(),
        "Content-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
        format!("X: {}", "a".repeat(300_000)),
    ] {
        let mut stream = server.connect().await;
        for piece in ["POST / HTTP/1.1\r\n", "Host: shop.apps.test\r\n", &rest] {
            let _ = stream.write_all(piece.as_bytes()).await;
            // So that the server has seen it.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let answer = read_to_end(&mut stream).await;
        assert!([400, 431].contains(&status(&answer)) && answer.matches("HTTP/1.1 ").count() == 1, "{rest:.40}: {answer}");
    }
}

#[tokio::test]
async fn s_4_6_malformed_heads_are_refused() {
    let server = server().await;
    for head in [
        "\r\nGET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n",
        "GET / HTTP/1.1\nHost: shop.apps.test\n\n",
        "GET / HTTP/1.1\r\nHost: shop.apps.test\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\n",
        "GET  / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: shop.apps.test\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n",
        "G@T / HTTP/9.9\r\nHost: shop.apps.test\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: shop.apps.test\r\n\r\n",
        "GET /\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: shop.apps.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = server.send(format!("{head}{SECOND}")).await;
        assert!(status(&answer) == 400 && !answer.contains("smuggled"), "{head:?}: {answer}");
    }
}

#[tokio::test]
async fn s_4_6_chunked_requests_are_the_last_of_their_connection() {
    let server = server().await;
    let chunked = |body: &str| format!("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nTransfer-Encoding: chunked\r\n\r\n{body}{SECOND}");
    let answer = server.send(chunked("1\r\na\r\n0\r\n\r\n")).await;
    assert!(answer.contains("connection: close\r\n") && answer.ends_with("first"), "{answer}");
    for body in [
        "1\na\r\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "fffffffffffffffff\r\na\r\n",
        "\r\n1\r\na\r\n0\r\n\r\n",
    ] {
        let answer = server.send(chunked(body)).await;
        assert!(status(&answer) == 400 && !answer.contains("smuggled"), "{body:?}: {answer}");
    }
}

#[tokio::test]
async fn pipelined_requests_with_one_reading_are_answered_in_order() {
    let server = server().await;
    let with_body = "POST / HTTP/1.1\r\nHost: shop.apps.test\r\nContent-Length: 4\r\n\r\nGET ";
    let last = "GET / HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n\r\n";
    let answer = server.send(format!("{with_body}{SECOND}{last}{SECOND}")).await;
    let bodies: Vec<&str> = answer.split("HTTP/1.1 200 OK").skip(1).map(|one| one.split_once("\r\n\r\n").unwrap().1).collect();
    assert_eq!(bodies, ["first", "smuggled", "first"], "{answer}");
}
