//! What an app as a whole may use.

use std::time::Duration;

use execution::AppLimits;
use tokio::io::AsyncWriteExt;

use crate::server::{Server, status};

const ROUTES: &[(&str, &str, &str)] = &[("GET", "/", "echo"), ("GET", "/wait", "wait")];

async fn from(server: &Server, client: &str) -> String {
    server.send(format!("GET / HTTP/1.1\r\nHost: shop.apps.test\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\r\n")).await
}

#[tokio::test]
async fn s_3_1_a_client_that_is_too_fast_is_told_which_limit_it_met() {
    let limits = AppLimits { client_requests_per_second: 1, client_requests_burst: 3, ..AppLimits::default() };
    let server = Server::start_limited(ROUTES, limits).await;
    for _ in 0..3 {
        assert_eq!(status(&from(&server, "192.0.2.7").await), 200);
    }
    // More than any machine loses between two requests, so that one of them is refused.
    let mut refused = String::new();
    for _ in 0..100 {
        refused = from(&server, "192.0.2.7").await;
        if status(&refused) != 200 {
            break;
        }
    }
    assert_eq!(status(&refused), 429, "{refused}");
    assert!(refused.contains("\"type\":\"/problems/rate.limited\"") && refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("\"limit\":\"client_requests_per_second\",\"limit_value\":1,"), "{refused}");
    // Another client, and the same once the app allows more.
    assert_eq!(status(&from(&server, "192.0.2.8").await), 200);
    assert_eq!(server.orchestrator.refusals().counts().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [("rate.limited", 1)]);
    server.give(ROUTES, AppLimits::default()).await;
    let allowed = async { while status(&from(&server, "192.0.2.7").await) != 200 {} };
    tokio::time::timeout(Duration::from_secs(60), allowed).await.unwrap();
}

#[tokio::test]
async fn s_4_4_only_a_trusted_proxy_names_the_client() {
    let limits = AppLimits { client_requests_per_second: 1, client_requests_burst: 1, ..AppLimits::default() };
    let server = Server::start_limited(ROUTES, limits).await;
    // The first address is what the client wrote himself: he can't have a rate of his own for each.
    let mut statuses = Vec::new();
    for number in 0..100 {
        statuses.push(status(&from(&server, &format!("198.51.100.{number}, 192.0.2.7")).await));
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn s_3_1_an_app_has_its_rate_over_all_clients() {
    let limits = AppLimits { requests_per_second: 1, requests_burst: 2, ..AppLimits::default() };
    let server = Server::start_limited(ROUTES, limits).await;
    let mut refused = String::new();
    for number in 0..100 {
        refused = from(&server, &format!("192.0.2.{number}")).await;
        if status(&refused) != 200 {
            break;
        }
    }
    assert_eq!(status(&refused), 429, "{refused}");
    assert!(refused.contains("\"limit\":\"requests_per_second\",\"limit_value\":1,"), "{refused}");
}

#[tokio::test]
async fn s_3_1_concurrency_follows_the_limit_while_requests_run() {
    let server = Server::start_limited(ROUTES, AppLimits { concurrency: 1, ..AppLimits::default() }).await;
    let mut running = server.connect().await;
    running.write_all(b"GET /wait HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n\r\n").await.unwrap();
    server.executor.waiting.notified().await;
    let refused = server.get("/").await;
    assert_eq!(status(&refused), 429, "{refused}");
    assert!(refused.contains("/problems/app.busy") && refused.contains("\"limit\":\"concurrency\",\"limit_value\":1,"), "{refused}");

    server.give(ROUTES, AppLimits { concurrency: 2, ..AppLimits::default() }).await;
    assert_eq!(status(&server.get("/").await), 200);
    server.give(ROUTES, AppLimits { concurrency: 1, ..AppLimits::default() }).await;
    assert_eq!(status(&server.get("/").await), 429);
    drop(running);
    let free = async { while status(&server.get("/").await) != 200 {} };
    tokio::time::timeout(Duration::from_secs(60), free).await.unwrap();
}
