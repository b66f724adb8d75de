//! Routes, bounds, and what a visitor sees of an execution.

use http::Method;
use store::ScriptId;
use uuid::Uuid;

use crate::server::{Server, status};

#[tokio::test]
async fn routes_and_their_refusals() {
    let server = Server::start(&[("GET", "/users/:id", "echo"), ("*", "/any", "body hello"), ("*", "/broken", "syntax error here")]).await;
    let found = server.get("/users/a%20b?x=1").await;
    assert!(found.contains("param id=a b\nquery x=1\n"), "{found}");
    assert!(found.contains("picloud-execution-id: 018bcfe5-6800-7"), "{found}");

    for (target, expected) in
        [("/users/a%2Fb", 400), ("/users/%ff", 400), ("/nothing", 404), ("/.well-known/picloud/x", 404), ("/broken", 502)]
    {
        let answer = server.get(target).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("\"execution_id\":\"018bcfe5-"), "{answer}");
    }
    let wrong = server.send("PUT /users/1 HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&wrong), 405);
    assert!(wrong.contains("allow: GET, HEAD\r\n"), "{wrong}");
    for method in ["TRACE", "CONNECT"] {
        let answer = server.send(format!("{method} /any HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n\r\n")).await;
        assert!([400, 405].contains(&status(&answer)), "{answer}");
    }
}

#[tokio::test]
async fn failures_have_their_status_and_no_text() {
    let kinds = [
        ("error", 502),
        ("invalid_response", 502),
        ("deadline", 504),
        ("fuel", 507),
        ("memory", 507),
        ("host_calls", 507),
        ("internal", 500),
    ];
    for (kind, expected) in kinds {
        let source = format!("fail {kind}");
        let server = Server::start(&[("*", "/", &source)]).await;
        let answer = server.get("/").await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(answer.contains("\"execution_id\":\"") && !answer.contains("SECRET"), "{answer}");
    }
}

#[tokio::test]
async fn s_4_9_answers_that_break_http() {
    for source in ["status 101", "status 700", "header a b: c", "header x: a\\nset-cookie: b", "size 8388609"] {
        let server = Server::start(&[("*", "/", source)]).await;
        let answer = server.get("/").await;
        assert_eq!(status(&answer), 502, "{source}: {answer}");
        assert!(!answer.contains("set-cookie"), "{answer}");
    }
    let server = Server::start(&[(
        "*",
        "/",
        "header content-length: 3\nheader transfer-encoding: chunked\nheader server: x\nheader a: b\nbody hello",
    )])
    .await;
    let answer = server.get("/").await;
    assert!(answer.contains("a: b\r\n") && answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert!(!answer.contains("transfer-encoding") && !answer.contains("server:"), "{answer}");
}

#[tokio::test]
async fn s_4_9_no_body_where_http_has_none() {
    let server =
        Server::start(&[("GET", "/", "body hello"), ("*", "/204", "status 204\nbody hello"), ("*", "/304", "status 304\nbody hello")])
            .await;
    let head = server.send("HEAD / HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&head), 200);
    assert!(head.contains("content-length: 5\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    for target in ["/204", "/304"] {
        let answer = server.get(target).await;
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn s_4_7_requests_are_bounded() {
    let server = Server::start(&[("*", "/*", "echo")]).await;
    let post = |fields: &str, body: &str| format!("POST / HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n{fields}\r\n{body}");
    let chunked = "Transfer-Encoding: chunked\r\n";

    let fits = server.send(post("Content-Length: 16\r\n", "0123456789abcdef")).await;
    assert!(fits.ends_with("body 0123456789abcdef\n"), "{fits}");
    let fits = server.send(post(chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")).await;
    assert!(fits.ends_with("body abcde\n"), "{fits}");

    let declared = server.send(post("Content-Length: 17\r\n", "")).await;
    assert_eq!(status(&declared), 413, "{declared}");
    let expecting = server.send(post("Expect: 100-continue\r\nContent-Length: 1000000\r\n", "")).await;
    assert!(status(&expecting) == 413 && !expecting.contains("100 Continue"), "{expecting}");
    let streamed = server.send(post(chunked, "9\r\n123456789\r\n9\r\n123456789\r\n")).await;
    assert_eq!(status(&streamed), 413, "{streamed}");
    // The rest of a body that nobody reads does not cost the client its answer.
    let pushed = server.send(post("Content-Length: 500000\r\n", &"a".repeat(500_000))).await;
    assert_eq!(status(&pushed), 413, "{pushed}");

    assert_eq!(status(&server.get(&format!("/{}", "a".repeat(17_000))).await), 414);
    let fields: String = (0..70).map(|number| format!("X-{number}: 1\r\n")).collect();
    assert_eq!(status(&server.send(post(&fields, "")).await), 431);
    assert_eq!(status(&server.send(post(&format!("X: {}\r\n", "a".repeat(40_000)), "")).await), 431);
    assert_eq!(status(&server.send(post(&format!("X: {}\r\n", "a".repeat(100_000)), "")).await), 431);
}

#[tokio::test]
async fn the_control_plane_calls_scripts_by_id() {
    let server = Server::start(&[("*", "/", "header set-cookie: a=1; Domain=x\nbody hello"), ("*", "/fail", "fail fuel")]).await;
    let request = execution::HttpRequest { method: Method::POST.to_string(), ..execution::HttpRequest::default() };
    let call = |number: u128| server.orchestrator.invoke(ScriptId::from(Uuid::from_u128(number)), request.clone());
    let answer = call(0).await.unwrap().outcome;
    assert_eq!(answer.logs.lines.len(), 1);
    let answer = answer.result.unwrap();
    assert_eq!((answer.status, answer.headers), (200, vec![("set-cookie".to_owned(), "a=1".to_owned())]));
    assert_eq!(call(1).await.unwrap().outcome.result.unwrap_err().message, "SECRET of the script");
    assert_eq!(call(9).await.unwrap_err(), orchestrator::InvokeError::NotLoaded);
    assert_eq!(server.orchestrator.summary().scripts, 2);
}

#[tokio::test]
async fn refusals_leave_no_row_and_are_counted() {
    let server = Server::start(&[("GET", "/", "body hello")]).await;
    assert_eq!(server.orchestrator.refusals().total(), 0);
    let ask = async |line: &str, host: &str, rest: &str| {
        status(&server.send(format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{rest}\r\n")).await)
    };
    for (line, host, rest, expected) in [
        ("GET /", "shop.apps.test", "", 200),
        ("GET /", "nobody.apps.test", "", 421),
        ("GET /", "no body", "", 400),
        ("GET /nothing", "shop.apps.test", "", 404),
        ("GET /nothing", "shop.apps.test", "", 404),
        ("POST /", "shop.apps.test", "", 405),
        ("GET /", "shop.apps.test", "Content-Length: 99999999\r\n", 413),
    ] {
        assert_eq!(ask(line, host, rest).await, expected, "{line} {host}");
    }
    let met: Vec<_> = server.orchestrator.refusals().counts().filter(|(_, count)| *count > 0).collect();
    let expected = [("host.unknown", 1), ("method_not_allowed", 1), ("not_found", 2), ("request.host", 1), ("request.too_large", 1)];
    assert_eq!(met, expected);
}
