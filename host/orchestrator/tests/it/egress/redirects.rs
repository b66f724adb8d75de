//! Redirects are followed by PiCloud, with every check again (S-5.4).

use execution::http::Request;
use orchestrator::egress::EgressError;
use tokio::io::AsyncWriteExt;

use super::{Names, Way, canary::Canary, get, upstream::Upstream};

/// Redirects to wherever the path says.
async fn redirector() -> Upstream {
    Upstream::start(|mut stream, head| async move {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let to = path.split_once("?to=").map(|(_, to)| to).unwrap_or_default();
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await
}

#[tokio::test]
async fn s_5_4_no_redirect_reaches_what_a_url_does_not() {
    let (canary, redirector) = (Canary::start().await, redirector().await);
    let port = canary.port;
    let targets = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:7f00:1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://private.test:{port}/"),
        format!("//127.1:{port}/"),
        format!("http:127.0.0.1:{port}/"),
        format!("/\\127.0.0.1:{port}/"),
        format!("http://good.test@127.0.0.1:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::ffff:a9fe:a9fe]/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://10.0.0.1/".to_owned(),
        // By another public host first.
        format!("http://good.test/?to=http://127.0.0.1:{port}/"),
    ];
    for target in targets {
        let names = Names::new(&["good.test: 93.184.216.34", "private.test: 127.0.0.1", "localhost: 127.0.0.1"]);
        let way = Way::new(&[port], &[], names, Some(redirector.address));
        let error = way.get(&format!("http://good.test/?to={target}")).await.unwrap_err();
        // `http:127.0.0.1` is a path of the redirecting host, which then redirects to itself.
        let expected = ["address_not_public", "invalid_url", "not_allowed", "too_many_redirects"];
        assert!(expected.contains(&error.code()), "{target}: {error:?}");
        assert!(way.watched.dialled().iter().all(|dialled| dialled.ip().to_string() == "93.184.216.34"), "{target}");
    }
    canary.sings().await;
}

#[tokio::test]
async fn s_5_4_the_opened_port_does_not_open_its_neighbours() {
    let (canary, redirector) = (Canary::start().await, redirector().await);
    let way = Way::new(&[redirector.address.port(), canary.port], &[redirector.address.to_string()], Names::default(), None);
    let error = way.get(&redirector.url(&format!("/?to=http://127.0.0.1:{}/", canary.port))).await.unwrap_err();
    assert_eq!(error, EgressError::AddressNotPublic("127.0.0.1".into()));
    canary.sings().await;
}

#[tokio::test]
async fn s_5_4_five_redirects_are_followed_and_six_are_not() {
    let server = Upstream::saying(&[
        ("/1", "HTTP/1.1 301 M\r\nlocation: /2\r\n\r\n"),
        ("/2", "HTTP/1.1 302 F\r\nlocation: ./3#x\r\ncontent-length: 5\r\n\r\nhello"),
        ("/3", "HTTP/1.1 303 S\r\nlocation: ?4\r\ncontent-length: 0\r\n\r\n"),
        ("/3?4", "HTTP/1.1 307 T\r\nlocation: /5\r\ncontent-length: 0\r\n\r\n"),
        ("/5", "HTTP/1.1 308 P\r\nlocation: /6\r\ncontent-length: 0\r\n\r\n"),
        ("/6", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone"),
        ("/0", "HTTP/1.1 302 F\r\nlocation: /1\r\ncontent-length: 0\r\n\r\n"),
        ("/none", "HTTP/1.1 302 F\r\ncontent-length: 4\r\n\r\nbody"),
        ("/304", "HTTP/1.1 304 N\r\nlocation: /1\r\n\r\n"),
    ])
    .await;
    let way = Way::to(server.address);
    let answer = way.get(&server.url("/1")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.redirects, answer.url), (200, &b"done"[..], 5, server.url("/6")));
    assert_eq!(way.get(&server.url("/0")).await.unwrap_err(), EgressError::TooManyRedirects);
    let answer = way.get(&server.url("/none")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.redirects), (302, &b"body"[..], 0));
    assert_eq!(way.get(&server.url("/304")).await.unwrap().status, 304);
}

#[tokio::test]
async fn s_5_4_secrets_stay_with_their_origin() {
    let (mut first, mut second) = (redirector().await, Upstream::saying(&[("/", "HTTP/1.1 204 N\r\n\r\n")]).await);
    let opened = [first.address.to_string(), second.address.to_string()];
    let way = Way::new(&[first.address.port(), second.address.port()], &opened, Names::default(), None);
    let headers = [("Authorization", "s3cret"), ("Cookie", "s3cret"), ("X-Api-Key", "s3cret"), ("Accept", "text/plain")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let url = first.url(&format!("/?to={}", second.url("/")));
    let answer = way.send(Request { headers, ..get(&url) }).await.unwrap();
    assert_eq!((answer.status, answer.url), (204, second.url("/")));
    assert_eq!(first.seen().await.matches("s3cret").count(), 3);
    let seen = second.seen().await;
    assert!(
        !seen.contains("s3cret") && seen.contains("accept: text/plain") && seen.contains(&format!("host: {}", second.address)),
        "{seen}"
    );
}
