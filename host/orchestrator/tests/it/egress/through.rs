//! What is allowed works.

use std::sync::Arc;

use execution::http::Request;
use orchestrator::egress::{Budget, EgressError};
use rcgen::{CertificateParams, KeyPair};
use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{Names, Way, get, upstream::Upstream};

#[tokio::test]
async fn a_request_arrives_as_it_was_written_and_the_answer_comes_back() {
    let mut server = Upstream::saying(&[(
        "/a%20b?c=d",
        "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=b\r\nConnection: close\r\nKeep-Alive: 1\r\ncontent-length: 2\r\n\r\nok",
    )])
    .await;
    let way = Way::to(server.address);
    let request = Request {
        method: "post".into(),
        headers: vec![("Content-Type".into(), "text/plain".into()), ("X-Two".into(), "1".into()), ("x-two".into(), "2".into())],
        body: b"hello".to_vec(),
        ..get(&server.url("/a%20b?c=d#fragment"))
    };
    let answer = way.send(request).await.unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(answer.headers, [pair("x-a", "1"), pair("x-a", "2"), pair("set-cookie", "a=b"), pair("content-length", "2")]);
    assert_eq!((answer.status, &answer.body[..], answer.url), (201, &b"ok"[..], server.url("/a%20b?c=d")));
    let seen = server.seen().await;
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /a%20b?c=d HTTP/1.1");
    lines.retain(|line| !line.starts_with("picloud-hops: 1."));
    lines.sort_unstable();
    let host = format!("host: {}", server.address);
    let agent = format!("user-agent: picloud/{}", env!("CARGO_PKG_VERSION"));
    let expected = [
        "accept-encoding: identity",
        "accept: */*",
        "connection: close",
        "content-length: 5",
        "content-type: text/plain",
        &host,
        &agent,
        "x-two: 1",
        "x-two: 2",
    ];
    assert_eq!((lines.as_slice(), body), (&expected[..], "hello"));
}

#[tokio::test]
async fn bodies_end_by_length_by_chunks_or_with_the_connection() {
    let server = Upstream::saying(&[
        ("/length", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
        ("/chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nx-trailer: 1\r\n\r\n"),
        ("/close", "HTTP/1.0 200 OK\r\n\r\nhello"),
        ("/early", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
    ])
    .await;
    let way = Way::to(server.address);
    for path in ["/length", "/chunks", "/close", "/early"] {
        assert_eq!(way.get(&server.url(path)).await.unwrap().body, b"hello", "{path}");
    }
    let head = way.send(Request { method: "HEAD".into(), ..get(&server.url("/length")) }).await.unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    let server = Upstream::saying(&[
        ("/ssh", "SSH-2.0-OpenSSH_9.2\r\n"),
        ("/nothing", ""),
        ("/cut", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello"),
        ("/cut-chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        ("/bad-chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
        ("/upgrade", "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    ])
    .await;
    let way = Way::to(server.address);
    for path in ["/ssh", "/nothing", "/cut", "/cut-chunks", "/bad-chunks", "/upgrade"] {
        let expected = EgressError::Protocol(format!("http://{}", server.address));
        assert_eq!(way.get(&server.url(path)).await.unwrap_err(), expected, "{path}");
    }
}

#[tokio::test]
async fn s_2_7_the_hops_are_counted_on() {
    let mut server = Upstream::saying(&[("/", "HTTP/1.1 204 N\r\n\r\n")]).await;
    let way = Way::to(server.address);
    way.get(&server.url("/")).await.unwrap();
    let hops = |seen: String| seen.lines().find_map(|line| line.strip_prefix("picloud-hops: ").map(str::to_owned)).unwrap();
    let first = hops(server.seen().await);
    assert!(first.starts_with("1.") && first.len() == 66, "{first}");
    way.execution().send(get(&server.url("/")), &Budget::new(0)).await.unwrap();
    assert_eq!(hops(server.seen().await), first);
}

/// A server with a certificate for `secure.test`, and the authority that vouches for it.
async fn encrypted() -> (std::net::SocketAddr, RootCertStore) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["secure.test".to_owned()]).unwrap().self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not like the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}", name.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, roots)
}

#[tokio::test]
async fn s_5_2_the_certificate_must_name_the_host_of_the_url() {
    let (address, roots) = encrypted().await;
    let names = || Names::new(&["secure.test: 93.184.216.34", "other.test: 93.184.216.34"]);
    let way = Way::with_roots(&[], &[], names(), Some(address), roots);
    let answer = way.get("https://secure.test./").await.unwrap();
    assert_eq!((&answer.body[..], answer.status), (&b"secure.test"[..], 200));
    assert_eq!(way.get("https://other.test/").await.unwrap_err(), EgressError::TlsFailed("https://other.test".into()));
    let distrustful = Way::with_roots(&[], &[], names(), Some(address), RootCertStore::empty());
    assert_eq!(distrustful.get("https://secure.test/").await.unwrap_err(), EgressError::TlsFailed("https://secure.test".into()));
    let plain = Upstream::saying(&[]).await;
    let way = Way::with_roots(&[], &[], names(), Some(plain.address), RootCertStore::empty());
    assert_eq!(way.get("https://secure.test/").await.unwrap_err().code(), "tls_failed");
}
