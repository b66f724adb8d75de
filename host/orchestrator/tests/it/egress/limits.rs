//! Nothing is without an end: not an answer, not the wait for it, not the number of calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use execution::{AppLimits, http::Request};
use orchestrator::egress::{Budget, CalledFrom, EgressError, NotAnswered};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::Instant,
};

use super::{Way, get, upstream::Upstream};

const MIB: usize = 1024 * 1024;

fn late(server: &Upstream) -> EgressError {
    EgressError::Timeout(format!("http://{}", server.address))
}

#[tokio::test]
async fn s_2_14_an_endless_body_is_cut_while_it_comes() {
    let sent = Arc::new(AtomicU64::new(0));
    let (counter, (ended, mut end)) = (Arc::clone(&sent), mpsc::unbounded_channel());
    let server = Upstream::start(move |mut stream, _| {
        let (counter, ended) = (Arc::clone(&counter), ended.clone());
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let chunk = [b"10000\r\n".as_slice(), &[b'a'; 0x10000], b"\r\n"].concat();
            // 10 GiB, if anybody takes them.
            for _ in 0..163_840 {
                if stream.write_all(&chunk).await.is_err() {
                    break;
                }
                counter.fetch_add(0x10000, Ordering::Relaxed);
            }
            ended.send(()).unwrap();
        }
    })
    .await;
    let way = Way::to(server.address);
    assert_eq!(way.get(&server.url("/")).await.unwrap_err(), EgressError::ResponseTooLarge("the body"));
    // The connection is closed: the server can't go on.
    end.recv().await.unwrap();
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent >= 8 * MIB as u64 && sent < 64 * MIB as u64, "{sent} bytes: what was read, and what the system holds of a connection");
}

#[tokio::test]
async fn s_5_5_a_body_of_8_mib_fits_and_one_byte_more_does_not() {
    let server = Upstream::start(|mut stream, head| async move {
        let (kind, length) = head.split(' ').nth(1).unwrap().trim_start_matches('/').split_once('/').unwrap();
        let length: usize = length.parse().unwrap();
        let field = if kind == "declared" { format!("content-length: {length}\r\n") } else { String::new() };
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{field}connection: close\r\n\r\n").as_bytes()).await;
        let _ = stream.write_all(&vec![b'a'; length.min(9 * MIB)]).await;
    })
    .await;
    let way = Way::to(server.address);
    for kind in ["declared", "counted"] {
        let answer = way.get(&server.url(&format!("/{kind}/{}", 8 * MIB))).await.unwrap();
        assert_eq!(answer.body.len(), 8 * MIB);
        let error = way.get(&server.url(&format!("/{kind}/{}", 8 * MIB + 1))).await.unwrap_err();
        assert_eq!(error, EgressError::ResponseTooLarge("the body"), "{kind}");
    }
    // Refused by its length, before the first byte.
    let error = way.get(&server.url("/declared/10737418240")).await.unwrap_err();
    assert_eq!(error, EgressError::ResponseTooLarge("the body"));
}

#[tokio::test]
async fn s_5_5_heads_are_bounded() {
    let server = Upstream::start(|mut stream, head| async move {
        let path = head.split(' ').nth(1).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        let line = match path {
            "/one" => return drop(stream.write_all(&[b"x: ".as_slice(), &vec![b'a'; 70_000], b"\r\n\r\n"].concat()).await),
            "/fits" => {
                return drop(stream.write_all(&[b"x: ".as_slice(), &vec![b'a'; 60_000], b"\r\ncontent-length: 0\r\n\r\n"].concat()).await);
            }
            _ => b"x-many: aaaa\r\n",
        };
        while stream.write_all(line).await.is_ok() {}
    })
    .await;
    let way = Way::to(server.address);
    assert_eq!(way.get(&server.url("/fits")).await.unwrap().headers[0].1.len(), 60_000);
    for path in ["/one", "/many"] {
        assert_eq!(way.get(&server.url(path)).await.unwrap_err(), EgressError::ResponseTooLarge("the head"), "{path}");
    }
}

#[tokio::test]
async fn s_5_5_a_server_that_never_answers_ends_at_the_time_of_the_call() {
    let server = Upstream::start(|mut stream, head| async move {
        let begun = match head.split(' ').nth(1).unwrap() {
            "/head" => "HTTP/1.1 200 OK\r\nx-a",
            "/body" => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe",
            "/chunks" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe",
            _ => "",
        };
        let _ = stream.write_all(begun.as_bytes()).await;
        // Open until the other side goes.
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let way = Way::to(server.address);
    for path in ["/", "/head", "/body", "/chunks"] {
        let hasty = Request { timeout_ms: Some(50), ..get(&server.url(path)) };
        assert_eq!(way.send(hasty).await.unwrap_err(), late(&server), "{path}");
    }
}

#[tokio::test]
async fn s_5_5_informational_answers_without_end_are_no_answer() {
    let server =
        Upstream::start(|mut stream, _| async move { while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {} }).await;
    let way = Way::to(server.address);
    let hasty = Request { timeout_ms: Some(50), ..get(&server.url("/")) };
    assert_eq!(way.send(hasty).await.unwrap_err(), late(&server));
}

#[tokio::test]
async fn s_5_5_a_head_that_trickles_is_no_answer() {
    let server = Upstream::start(|mut stream, _| async move {
        let mut pause = tokio::time::interval(Duration::from_millis(1));
        for byte in b"HTTP/1.1 200 OK\r\nx: ".iter().chain(std::iter::repeat(&b'a')) {
            pause.tick().await;
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    })
    .await;
    let way = Way::to(server.address);
    let hasty = Request { timeout_ms: Some(50), ..get(&server.url("/")) };
    assert_eq!(way.send(hasty).await.unwrap_err(), late(&server));
}

#[tokio::test]
async fn s_5_5_a_call_has_no_more_time_than_its_execution() {
    let server = Upstream::saying(&[("/", "HTTP/1.1 204 N\r\n\r\n")]).await;
    let way = Way::to(server.address);
    let over = way.egress.outbound(Arc::clone(&way.app), &AppLimits::default(), CalledFrom::default(), Instant::now());
    let refused = over.send(get(&server.url("/")), &Budget::new(0)).await.unwrap_err();
    assert_eq!(refused, NotAnswered { error: late(&server), was_sent: false });
    assert_eq!(way.watched.dialled().len(), 0);
}

#[tokio::test]
async fn s_5_5_an_app_calls_no_more_often_than_it_may() {
    let server = Upstream::saying(&[("/", "HTTP/1.1 204 N\r\n\r\n")]).await;
    let way = Way::to(server.address);
    // Three, and then one a second: forty take less than seventeen.
    let limits = AppLimits { http_requests_per_second: 1, http_requests_burst: 3, ..AppLimits::default() };
    let mut codes = Vec::new();
    for _ in 0..40 {
        let sent = way.execution_with(&limits).send(get(&server.url("/")), &Budget::new(0)).await;
        codes.extend(sent.err().map(|refused| (refused.error.code(), refused.was_sent)));
    }
    assert!(codes.len() > 20 && codes.iter().all(|refused| *refused == ("too_many_requests", false)), "{codes:?}");
    assert_eq!(way.watched.dialled().len(), 40 - codes.len());
}

#[tokio::test]
async fn s_5_5_the_answers_of_an_execution_share_their_bytes() {
    let server = Upstream::start(|mut stream, head| async move {
        let length = if head.starts_with("GET /declared") { "content-length: 1000\r\n" } else { "" };
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n").as_bytes()).await;
        let _ = stream.write_all(&[b'a'; 1000]).await;
    })
    .await;
    let way = Way::to(server.address);
    for path in ["/declared", "/counted"] {
        let (execution, budget) = (way.execution(), Budget::new(2500));
        for _ in 0..2 {
            assert_eq!(execution.send(get(&server.url(path)), &budget).await.unwrap().body.len(), 1000);
        }
        let refused = execution.send(get(&server.url(path)), &budget).await.unwrap_err();
        assert_eq!((refused.error.code(), refused.was_sent), ("response_too_large", true), "{path}");
        assert!(refused.error.to_string().contains("http_bytes"), "{}", refused.error);
    }
}

#[tokio::test]
async fn s_2_6_who_goes_away_closes_the_connection() {
    let (left, mut gone) = mpsc::unbounded_channel();
    let mut server = Upstream::start(move |mut stream, _| {
        let left = left.clone();
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe").await;
            // 0: the other side has closed.
            left.send(stream.read(&mut [0]).await.unwrap_or(0)).unwrap();
        }
    })
    .await;
    let way = Way::to(server.address);
    let url = server.url("/");
    tokio::select! {
        answer = way.get(&url) => panic!("there is no whole answer: {answer:?}"),
        _seen = server.seen() => {}
    }
    assert_eq!(gone.recv().await, Some(0));
}
