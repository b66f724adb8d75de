//! Which plane and which app a Host header reaches.

use crate::server::{Server, status};

async fn at(server: &Server, host: &str, path: &str) -> String {
    server.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
}

#[tokio::test]
async fn each_host_has_one_owner() {
    let server = Server::start(&[("*", "/*", "echo")]).await;
    for host in ["shop.apps.test", "SHOP.apps.test.", "shop.apps.test:8080", "shop.example", "a.b.wild.example"] {
        let answer = at(&server, host, "/api/v1/admin/apps?q=1").await;
        assert_eq!(status(&answer), 200, "{answer}");
        assert!(answer.contains("app=shop deployment=7 script=script-0"), "{answer}");
        assert!(answer.contains("param *=api/v1/admin/apps"), "{answer}");
    }
    for host in ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1", "[::1]:8080"] {
        assert!(at(&server, host, "/x").await.contains("control plane at /x"), "{host}");
    }
    for host in
        ["other.apps.test", "apps.test", "wild.example", "notshop.example", "07--shop.apps.test", "7--other.apps.test", "7--shop.example"]
    {
        let answer = at(&server, host, "/x").await;
        assert_eq!(status(&answer), 421, "{host}: {answer}");
        assert!(answer.ends_with(r#"{"type":"/problems/host.unknown","title":"No app answers at this host","status":421}"#), "{answer}");
    }
    let preview = at(&server, "7--shop.apps.test", "/x").await;
    assert!(status(&preview) == 403 && preview.contains("/problems/preview.private"), "{preview}");
}

#[tokio::test]
async fn s_4_3_hosts_with_two_readings_are_refused() {
    let server = Server::start(&[("*", "/*", "echo")]).await;
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.apps.test\r\nHost: shop.apps.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.apps.test\r\nHost: localhost\r\n\r\n",
        "GET http://other/ HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n",
        "GET http://u@shop.apps.test/ HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.apps.test, localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.apps\ttest\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a@shop.apps.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: shop.apps.test:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::2]\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 0x7f.1\r\n\r\n",
    ] {
        let answer = server.send(request).await;
        assert_eq!(status(&answer), 400, "{request:?}: {answer}");
        assert!(answer.contains("connection: close"), "{request:?}: {answer}");
    }
    let absolute = server.send("GET http://shop.apps.test/p HTTP/1.1\r\nHost: Shop.apps.test:80\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&absolute), 200, "{absolute}");
}

#[tokio::test]
async fn s_4_4_forwarding_headers_do_not_route() {
    let server = Server::start(&[("*", "/*", "echo")]).await;
    let request = "GET / HTTP/1.1\r\nHost: shop.apps.test\r\nX-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\nX-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n\
                   X-Forwarded-Proto: https\r\nX-Real-IP: 9.9.9.9\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n\r\n";
    let answer = server.send(request).await;
    assert!(answer.contains("GET https shop.apps.test / 1.2.3.4"), "{answer}");
    assert!(!answer.contains("localhost") && !answer.contains("9.9.9.9") && !answer.contains("x-hop"), "{answer}");
}

#[tokio::test]
async fn s_7_1_a_certificate_is_for_a_host_at_which_something_answers() {
    use orchestrator::CertificateFor::{Name, NameUnder, NoHost, Nobody};

    let server = Server::start(&[("*", "/*", "echo")]).await;
    let previews = NameUnder("previews of shop.apps.test".to_owned());
    for (host, answer) in [
        ("localhost", Name),
        ("shop.apps.test", Name),
        ("SHOP.apps.test.", Name),
        ("shop.example", Name),
        ("a.wild.example", NameUnder("*.wild.example".to_owned())),
        ("7--shop.apps.test", previews.clone()),
        ("4294967295--shop.apps.test", previews),
        ("4294967296--shop.apps.test", Nobody),
        ("07--shop.apps.test", Nobody),
        ("+7--shop.apps.test", NoHost),
        ("x--shop.apps.test", Nobody),
        ("7--other.apps.test", Nobody),
        ("7--a.shop.apps.test", Nobody),
        ("apps.test", Nobody),
        ("other.apps.test", Nobody),
        ("wild.example", Nobody),
        ("127.0.0.1", NoHost),
        ("[::1]", NoHost),
        ("shop.apps.test:443", NoHost),
        ("a b", NoHost),
        ("", NoHost),
    ] {
        assert_eq!(server.orchestrator.certificate_for(host), answer, "{host}");
    }
}
