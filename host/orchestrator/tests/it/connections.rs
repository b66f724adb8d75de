//! Times of connections, keep-alive and the orderly end.

use std::time::Duration;

use orchestrator::Connections;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::server::{Server, patient, read_answer, read_to_end, status};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n";
const SOON: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = Server::start(&[("*", "/", "body hello")]).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        assert!(read_answer(&mut stream).await.ends_with("hello"));
    }
    // A head in pieces is the same request.
    for piece in GET.chunks(7) {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
    }
    assert!(read_answer(&mut stream).await.ends_with("hello"));
    // Errors of the app leave the connection usable.
    stream.write_all(b"GET /no HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n").await.unwrap();
    assert_eq!(status(&read_answer(&mut stream).await), 404);
    stream.write_all(GET).await.unwrap();
    assert!(read_answer(&mut stream).await.ends_with("hello"));
}

#[tokio::test]
async fn s_4_1_silent_and_slow_clients_are_closed() {
    let closes = async |connections: Connections, sent: &[u8]| {
        let server = Server::start_with(&[("*", "/", "body hello")], connections).await;
        let mut stream = server.connect().await;
        stream.write_all(sent).await.unwrap();
        read_to_end(&mut stream).await
    };
    let no_first_byte = closes(Connections { first_byte: SOON, ..patient() }, b"").await;
    assert_eq!(no_first_byte, "");
    let half_a_head = closes(Connections { head: SOON, ..patient() }, b"GET / HTTP/1.1\r\nHost: shop").await;
    assert!(status(&half_a_head) != 200, "{half_a_head}");
    let idle = closes(Connections { idle: SOON, ..patient() }, GET).await;
    assert!(idle.ends_with("hello"), "{idle}");
    let half_a_body =
        closes(Connections { body_grace: SOON, ..patient() }, b"POST / HTTP/1.1\r\nHost: shop.apps.test\r\nContent-Length: 5\r\n\r\nab")
            .await;
    assert_eq!(status(&half_a_body), 408, "{half_a_body}");
}

#[tokio::test]
async fn s_4_1_a_client_that_does_not_read_is_closed() {
    let server = Server::start_with(&[("*", "/", "size 8000000")], Connections { write_stall: SOON, ..patient() }).await;
    let mut stream = server.connect().await;
    // Ends when the server has closed: until then requests are taken or wait.
    tokio::time::timeout(Duration::from_secs(60), async { while stream.write_all(GET).await.is_ok() {} }).await.unwrap();
}

/// Bytes of an answer of some eight million that a client gets who waits so long after each piece.
async fn take(stream: &mut TcpStream, pause: Duration) -> usize {
    let (mut piece, mut got) = (vec![0; 16_000], 0);
    while got < 8_000_000
        && let Ok(bytes @ 1..) = stream.read(&mut piece).await
    {
        got += bytes;
        tokio::time::sleep(pause).await;
    }
    got
}

#[tokio::test]
async fn s_4_1_an_answer_has_to_be_taken_at_the_least_rate() {
    let connections = Connections { write_stall: Duration::from_secs(3), write_rate: u64::MAX, ..patient() };
    let server = Server::start_with(&[("*", "/", "size 8000000")], connections).await;
    // The kernel keeps some for it, but not all.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64_000).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    // It takes something all the time, and would need ten seconds.
    let got = take(&mut stream, SOON).await;
    assert!(got < 8_000_000, "{got}");
}

#[tokio::test]
async fn s_4_1_clients_that_do_not_read_hold_no_more_than_their_app_may() {
    let server = Server::start_with(&[("*", "/", "size 8000000"), ("*", "/small", "body hello")], patient()).await;
    let mut visitors = Vec::new();
    for _ in 0..40 {
        let mut visitor = server.connect().await;
        visitor.write_all(GET).await.unwrap();
        // Its answer has begun.
        visitor.readable().await.unwrap();
        visitors.push(visitor);
    }
    let (first, last) = (take(&mut visitors[0], Duration::ZERO).await, take(&mut visitors[39], Duration::ZERO).await);
    assert!(first < 8_000_000 && last >= 8_000_000, "{first}, {last}");
    assert!(server.get("/small").await.ends_with("hello"));
    let cut = server.orchestrator.figures().connections_cut;
    assert!((6..40).contains(&cut), "{cut}");
}

#[tokio::test]
async fn s_9_2_running_requests_end_before_the_server() {
    let mut server = Server::start(&[("*", "/", "body hello")]).await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    read_answer(&mut idle).await;
    let mut half = server.connect().await;
    half.write_all(b"POST / HTTP/1.1\r\nHost: shop.apps.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n").await.unwrap();
    assert!(read_answer(&mut half).await.contains("100 Continue"));
    assert!(server.orchestrator.is_ready());

    let (address, orchestrator) = (server.address, server.orchestrator.clone());
    server.stop();
    assert_eq!(read_to_end(&mut idle).await, "");
    assert!(!orchestrator.is_ready());
    half.write_all(b"ab").await.unwrap();
    assert!(read_to_end(&mut half).await.ends_with("hello"));
    server.ended().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn s_9_2_requests_that_do_not_end_are_cancelled() {
    let mut server = Server::start_with(&[("*", "/wait", "wait")], Connections { drain: Duration::ZERO, ..patient() }).await;
    let mut endless = server.connect().await;
    endless.write_all(b"GET /wait HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n").await.unwrap();
    server.executor.waiting.notified().await;
    server.stop();
    assert_eq!(read_to_end(&mut endless).await, "");
    let orchestrator = server.orchestrator.clone();
    server.ended().await;
    assert_eq!(orchestrator.free_sandboxes(), 4);
}

#[tokio::test]
async fn a_client_that_goes_away_gives_back_its_sandbox() {
    let server = Server::start(&[("*", "/wait", "wait")]).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n").await.unwrap();
    server.executor.waiting.notified().await;
    assert_eq!(server.orchestrator.free_sandboxes(), 3);
    drop(stream);
    server.until_all_sandboxes_are_free().await;
}

#[tokio::test]
async fn s_4_1_connections_are_bounded_and_who_is_idle_makes_room() {
    let server = Server::start_with(&[("*", "/", "body hello"), ("*", "/wait", "wait")], Connections { total_max: 1, ..patient() }).await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    read_answer(&mut idle).await;
    // Whoever comes before the idle one has closed is refused, but not for long.
    let served = async {
        let mut piece = [0; 1_000];
        loop {
            let mut next = server.connect().await;
            if next.write_all(GET).await.is_ok() && matches!(next.read(&mut piece).await, Ok(1..)) {
                return next;
            }
        }
    };
    let mut busy = tokio::time::timeout(Duration::from_secs(60), served).await.unwrap();
    assert_eq!(read_to_end(&mut idle).await, "");
    busy.write_all(b"GET /wait HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n").await.unwrap();
    server.executor.waiting.notified().await;
    assert_eq!(read_to_end(&mut server.connect().await).await, "", "who has asked for something makes none");
    assert_eq!(server.orchestrator.free_sandboxes(), 3);
}

#[tokio::test]
async fn an_instance_without_a_free_sandbox_says_when_to_come_back() {
    let server = Server::start(&[("*", "/", "body hello"), ("*", "/wait", "wait")]).await;
    let mut visitors = Vec::new();
    for _ in 0..4 {
        let mut visitor = server.connect().await;
        visitor.write_all(b"GET /wait HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n").await.unwrap();
        server.executor.waiting.notified().await;
        visitors.push(visitor);
    }
    let refused = server.get("/").await;
    assert!(status(&refused) == 503 && refused.contains("retry-after: 1\r\n"), "{refused}");
    drop(visitors);
    server.until_all_sandboxes_are_free().await;
    assert_eq!(status(&server.get("/").await), 200);
}
