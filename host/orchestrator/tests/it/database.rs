//! In step with a real database: what is deployed becomes live, and what ran becomes rows.

use std::{convert::Infallible, time::Duration};

use jiff::Timestamp;
use store::{
    AccessFacts, AppRef, AppStore, Change, Control, ExecutionFilter, InstanceRole, LogQuery, NewAdmin, Page, Principal, RouteId, ScriptId,
    ScriptKind, testing,
};

use tokio::io::AsyncWriteExt;

use crate::server::{Server, patient, read_answer, status};

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn allow(_: &AccessFacts) -> Result<(), Infallible> {
    Ok(())
}

async fn owner(control: &Control) -> Principal {
    let owner = NewAdmin {
        username: "owner".to_owned(),
        display_name: "Owner".to_owned(),
        password_hash: "$argon2id$".to_owned(),
        role: InstanceRole::Owner,
        now: now(),
    };
    control.create_first_owner(&owner).await.unwrap().unwrap()
}

async fn new_app(control: &Control, owner: &Principal, slug: &str) -> AppStore {
    let instance = control.authorize_instance(owner, allow).await.unwrap();
    let app = instance.create_app(&slug.parse().unwrap(), slug, now()).await.unwrap();
    control.authorize(owner, &AppRef::Id(app.id), allow).await.unwrap()
}

/// A script behind `/`.
async fn deploy(app: &AppStore, source: &str) -> ScriptId {
    let script = ScriptId::new(now());
    let changes = [
        Change::CreateScript { id: script, name: "hello".to_owned(), kind: ScriptKind::Endpoint, source: source.to_owned() },
        Change::CreateRoute { id: RouteId::new(now()), target: script.into(), method: None, host: None, path: "/".to_owned() },
    ];
    app.deploy(&changes, "first", now()).await.unwrap();
    script
}

async fn edit(app: &AppStore, script: ScriptId, source: &str) {
    let change = Change::UpdateScript { id: script, name: None, kind: None, source: Some(source.to_owned()), expected: None };
    app.deploy(&[change], "next", now()).await.unwrap();
}

/// Asks until the answer is as expected; the test's own limit ends it otherwise.
async fn eventually(server: &Server, host: &str, expected: impl Fn(&str) -> bool) -> String {
    let asking = async {
        loop {
            let answer = server.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
            if expected(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.unwrap()
}

#[tokio::test]
async fn deployments_become_live_and_runs_become_rows() {
    let fresh = testing::fresh().await;
    let control = fresh.store.control();
    let owner = owner(&control).await;
    let shop = new_app(&control, &owner, "shop").await;
    let script = deploy(&shop, "body one").await;

    let server = Server::empty(patient()).await;
    server.orchestrator.load(&fresh.store.snapshots()).await.unwrap();
    assert!(server.orchestrator.is_ready());
    eventually(&server, "shop.apps.test", |answer| answer.ends_with("one")).await;

    let (orchestrator, snapshots, listener) = (server.orchestrator.clone(), fresh.store.snapshots(), fresh.store.listener());
    let following = tokio::spawn(async move { orchestrator.follow(snapshots, listener).await });
    edit(&shop, script, "body two").await;
    eventually(&server, "shop.apps.test", |answer| answer.ends_with("two")).await;
    edit(&shop, script, "syntax error here").await;
    eventually(&server, "shop.apps.test", |answer| status(answer) == 502).await;
    edit(&shop, script, "body two").await;
    eventually(&server, "shop.apps.test", |answer| answer.ends_with("two")).await;
    let other = new_app(&control, &owner, "other").await;
    deploy(&other, "body other").await;
    eventually(&server, "other.apps.test", |answer| answer.ends_with("other")).await;

    // A visitor who does not wait leaves a row too.
    edit(&shop, script, "wait").await;
    loop {
        let mut visitor = server.connect().await;
        visitor.write_all(b"GET / HTTP/1.1\r\nHost: shop.apps.test\r\n\r\n").await.unwrap();
        tokio::select! {
            () = server.executor.waiting.notified() => break,
            _ = read_answer(&mut visitor) => {}
        }
    }
    server.until_all_sandboxes_are_free().await;
    following.abort();

    server.recorder.end();
    server.recorder.write(fresh.store.runs()).await;
    let of = async |outcome: &str| {
        let filter = ExecutionFilter { script: Some(script), outcome: Some(outcome.to_owned()), ..ExecutionFilter::default() };
        shop.executions(&filter, Page::default()).await.unwrap().items
    };
    let cancelled: Vec<_> = of("cancelled").await.iter().map(|row| row.status).collect();
    assert_eq!(cancelled, [None]);
    let rows = of("ok").await;
    let row = rows.first().unwrap();
    assert_eq!((row.status, row.host.as_str(), row.path.as_str(), row.script), (Some(200), "shop.apps.test", "/", script));
    let lines = shop.logs(LogQuery::Latest { before: None }, 10).await.unwrap();
    assert_eq!(lines.first().unwrap().message, "ran");
    assert_eq!(other.executions(&ExecutionFilter::default(), Page::default()).await.unwrap().items.len(), 1);
    assert_eq!(server.recorder.dropped(), 0);
}

#[tokio::test]
async fn s_9_3_previews_while_the_database_is_away() {
    let fresh = testing::fresh().await;
    let control = fresh.store.control();
    let owner = owner(&control).await;
    let shop = new_app(&control, &owner, "shop").await;
    let script = deploy(&shop, "body one").await;
    edit(&shop, script, "body two").await;
    edit(&shop, script, "body three").await;
    let server = Server::empty(patient()).await;
    server.orchestrator.load(&fresh.store.snapshots()).await.unwrap();

    let get = async |host: &str, target: &str, cookie: &str| {
        let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        server.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{cookie}Connection: close\r\n\r\n")).await
    };
    // Follows a link, and returns the cookie that it leaves.
    let enter = async |number: u32| {
        let link = server.orchestrator.preview_link(shop.app_id(), number, 1_700_000_600);
        let entered = get(&format!("{number}--shop.apps.test"), &link, "").await;
        assert_eq!(status(&entered), 303, "{entered}");
        let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let seen = enter(1).await;
    assert!(get("1--shop.apps.test", "/", &seen).await.ends_with("one"));

    fresh.store.close().await;
    // What was looked at is still there, and so is what is live.
    assert!(get("1--shop.apps.test", "/", &seen).await.ends_with("one"));
    assert!(get("shop.apps.test", "/", "").await.ends_with("three"));
    // Links are checked without it; what was never loaded has to wait for it.
    let unseen = enter(2).await;
    let refused = get("2--shop.apps.test", "/", &unseen).await;
    assert_eq!(status(&refused), 503, "{refused}");
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("/problems/unavailable"), "{refused}");
    assert_eq!(status(&get("2--shop.apps.test", "/", "").await), 403);
    assert_eq!(status(&get("1--shop.apps.test", "/", &unseen).await), 403, "a cookie is good for one deployment");
}
