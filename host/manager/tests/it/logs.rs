//! `/api/v1/admin/executions`, `/logs` and `/logs/stream`.

use execution::{
    Ended, Failure, FailureKind, Frame, HttpRequest, Invocation, InvocationType, Level, Limits, LogLine, Logs, Recording, Response,
    TracedCall, Usage,
    replay::{FORMAT, KeptRecording},
};
use futures_util::StreamExt;
use http::Method;
use http_body_util::BodyExt;
use serde_json::json;
use store::{AppId, ExecutionId, NewExecution, NewLog, NewRecording, ScriptId};
use tower::ServiceExt;
use uuid::Uuid;

use crate::support::{Caller, Instance};

/// Writes an execution with these log lines, as the data plane does.
pub(crate) async fn run(instance: &Instance, app: &str, script: &str, lines: &[&str], failure: Option<Failure>) -> ExecutionId {
    let app = instance.open(app).await.app_id();
    let (id, script) = (ExecutionId::new(instance.state.now()), script.parse::<ScriptId>().unwrap());
    let execution = execution(id, app, script, failure);
    let log = |message: &&str| NewLog {
        app,
        execution: id,
        script,
        level: Level::Info,
        message: (*message).to_owned(),
        fields: Some("{\"n\":1}".to_owned()),
    };
    let logs: Vec<NewLog> = lines.iter().map(log).collect();
    // In a box: those who call this are large enough.
    Box::pin(instance.database.store.runs().append(&[execution], &logs)).await.unwrap();
    let _ = instance.plane.logs.send(app.uuid());
    id
}

fn execution(id: ExecutionId, app: AppId, script: ScriptId, failure: Option<Failure>) -> NewExecution {
    NewExecution {
        id,
        app,
        request_id: "r1".to_owned(),
        script,
        route: None,
        job: None,
        deployment: 1,
        invocation_type: InvocationType::Http,
        outcome: failure.as_ref().map_or("ok", |failure| failure.kind.as_str()),
        status: Some(if failure.is_some() { 502 } else { 200 }),
        method: "GET".to_owned(),
        host: "shop.localhost".to_owned(),
        path: "/".to_owned(),
        usage: Usage { fuel_used: 7, memory_peak_bytes: 8, wall_us: 9, host_calls: 1 },
        failure,
        calls: vec![TracedCall { call: "kv.get".to_owned(), start_us: 3, wall_us: 5, result: "found".to_owned() }],
        logs_dropped: 2,
        attempts: 1,
        recording: Some(NewRecording { text: recording(id).to_bytes(), bytes_max: 1 << 20 }),
        trace: None,
    }
}

/// What it takes to run the execution again: the visitor had credentials.
fn recording(id: ExecutionId) -> KeptRecording {
    let request = HttpRequest { method: "GET".to_owned(), headers: vec![("cookie".into(), "a=b".into())], ..HttpRequest::default() };
    let invocation = Invocation {
        execution_id: id.uuid(),
        request_id: "r1".to_owned(),
        script_id: Uuid::nil(),
        script_name: "hello".to_owned(),
        app: "shop".to_owned(),
        deployment: 1,
        invocation_type: InvocationType::Http,
        request: Some(request),
        event: None,
        depth: 0,
        now_ms: 1,
        seed: [7; 32],
    };
    let response = Response { status: 200, headers: vec![("a".into(), "b".into())], body: b"hello".to_vec() };
    let line = LogLine { level: Level::Info, message: "line".to_owned(), fields: Some("{\"n\":1}".to_owned()) };
    let recording = Recording {
        format: FORMAT,
        guest: "guest".to_owned(),
        invocation,
        limits: Limits::default(),
        shared_host: true,
        calls: Vec::new(),
        ended: Ended { result: Ok(response), usage: Usage::default(), logs: Logs { lines: vec![line], dropped: 0 }, effects: None },
    };
    KeptRecording::of(&recording).unwrap()
}

#[tokio::test]
async fn executions_are_listed_filtered_and_explained() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    run(&instance, "shop", &script, &["a", "b"], None).await;
    instance.pass_seconds(1);
    let frame = Frame { script: "hello".to_owned(), function: String::new(), line: 1, column: 4 };
    let failure = Failure { kind: FailureKind::Error, message: "Thrown.".to_owned(), trace: vec![frame] };
    let failed = run(&instance, "shop", &script, &[], Some(failure)).await;

    let listed = owner.get("/api/v1/admin/executions?app=shop").await.expect(200);
    assert_eq!((listed.at("/items/0/outcome"), listed.at("/items/1/outcome")), (&json!("error"), &json!("ok")));
    let item = listed.at("/items/1");
    assert_eq!(
        (&item["fuel_used"], &item["memory_peak_bytes"], &item["wall_us"], &item["status"]),
        (&json!(7), &json!(8), &json!(9), &json!(200))
    );
    let filtered = owner.get(&format!("/api/v1/admin/executions?app=shop&outcome=ok&script={script}")).await.expect(200);
    assert_eq!(filtered.at("/items").as_array().unwrap().len(), 1);
    owner.get("/api/v1/admin/executions?app=shop&outcome=%00&request_id=%00").await.expect(200);
    let moments = ["/items/1/created_at", "/items/0/created_at"].map(|at| listed.text(at));
    for (filter, count) in [
        ("status=502".to_owned(), 1),
        ("status=5xx&request_id=r1".to_owned(), 1),
        ("status=4xx".to_owned(), 0),
        ("request_id=r1".to_owned(), 2),
        ("request_id=r2".to_owned(), 0),
        (format!("from={}", moments[1]), 1),
        (format!("from={}&to={}", moments[0], moments[1]), 1),
        ("from=-009999-06-01T00:00:00Z".to_owned(), 2),
    ] {
        let found = owner.get(&format!("/api/v1/admin/executions?app=shop&{filter}")).await.expect(200);
        assert_eq!(found.at("/items").as_array().unwrap().len(), count, "{filter}");
    }
    for wrong in ["status=6xx", "status=99", "status=ok", "status=", "from=yesterday"] {
        owner.get(&format!("/api/v1/admin/executions?app=shop&{wrong}")).await.problem(400, "request.invalid");
    }

    let one = owner.get(&format!("/api/v1/admin/executions/{failed}")).await.expect(200);
    let frame = one.at("/error/trace/0");
    assert_eq!((&frame["source_line"], &frame["caret"]), (&json!("// hello"), &json!("   ^")));
    // What was waited for is shown of one, not of many.
    assert_eq!(one.at("/calls"), &json!([{ "call": "kv.get", "start_us": 3, "wall_us": 5, "result": "found" }]));
    assert!(item.get("calls").is_none());
    let first = filtered.text("/items/0/id");
    let logs = owner.get(&format!("/api/v1/admin/executions/{first}/logs")).await.expect(200);
    assert_eq!((logs.at("/items/0/message"), logs.at("/items/1/message"), logs.at("/dropped")), (&json!("a"), &json!("b"), &json!(2)));
    assert_eq!(logs.at("/items/0/fields/n"), 1);
    owner.get(&format!("/api/v1/admin/executions/{}", Uuid::now_v7())).await.problem(404, "not_found");
}

#[tokio::test]
async fn logs_come_newest_first_in_pages() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    run(&instance, "shop", &script, &["1", "2", "3"], None).await;
    let page = owner.get("/api/v1/admin/logs?app=shop&limit=2").await.expect(200);
    assert_eq!((page.at("/items/0/message"), page.at("/items/1/message")), (&json!("3"), &json!("2")));
    let rest = owner.get(&format!("/api/v1/admin/logs?app=shop&limit=2&cursor={}", page.text("/next_cursor"))).await.expect(200);
    assert_eq!((rest.at("/items/0/message"), rest.at("/next_cursor")), (&json!("1"), &json!(null)));
    let counted = async |filter: &str| {
        owner.get(&format!("/api/v1/admin/logs?app=shop&{filter}")).await.expect(200).at("/items").as_array().unwrap().len()
    };
    assert_eq!((counted("level=trace").await, counted("level=info").await, counted("level=warn").await), (3, 3, 0));
    let moment = rest.text("/items/0/created_at");
    assert_eq!((counted(&format!("from={moment}")).await, counted(&format!("to={moment}")).await), (3, 0));
    for wrong in ["cursor=x", "level=fatal", "from=x", "to="] {
        owner.get(&format!("/api/v1/admin/logs?app=shop&{wrong}")).await.problem(400, "request.invalid");
    }
}

/// Reads events until `count` were received, and returns their ids and messages.
async fn events(caller: &Caller<'_>, last: Option<&str>, count: usize, meanwhile: impl AsyncFnOnce()) -> Vec<(String, String)> {
    let mut request = caller.request(Method::GET, "/api/v1/admin/logs/stream?app=shop", None);
    if let Some(last) = last {
        request.headers_mut().insert("last-event-id", last.parse().unwrap());
    }
    let response = caller.instance.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    // Something comes at once, whether there are lines or not.
    assert_eq!(body.next().await.unwrap().unwrap(), ": from here on\n\n");
    meanwhile().await;
    let mut text = String::new();
    while text.matches("\n\n").count() < count {
        let Some(piece) = body.next().await else { break };
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    let field = |event: &str, name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    let message =
        |event: &str| serde_json::from_str::<serde_json::Value>(&field(event, "data:")).unwrap()["message"].as_str().unwrap().to_owned();
    text.split("\n\n").filter(|event| event.contains("data:")).map(|event| (field(event, "id:"), message(event))).collect()
}

#[tokio::test]
async fn a_stream_follows_and_resumes_without_a_gap() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    run(&instance, "shop", &script, &["before"], None).await;
    let live = events(&owner, None, 2, async || {
        run(&instance, "shop", &script, &["one", "two"], None).await;
    });
    let live = live.await;
    assert_eq!(live.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    run(&instance, "shop", &script, &["three"], None).await;
    let resumed = events(&owner, Some(&live[0].0), 2, async || {}).await;
    assert_eq!(resumed.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>(), ["two", "three"]);
}

#[tokio::test]
async fn s_8_7_a_stream_ends_when_its_key_is_revoked() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let key = owner.key(&["log:read"], Some("shop")).await;
    let id = owner.get("/api/v1/admin/api-keys").await.expect(200).text("/items/0/id");
    let seen = events(&key, None, 1, async || {
        owner.delete(&format!("/api/v1/admin/api-keys/{id}")).await.expect(204);
        run(&instance, "shop", &script, &["secret"], None).await;
    });
    assert_eq!(seen.await, []);
}

#[tokio::test]
async fn streams_are_counted_and_end_with_the_process() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let open =
        async || instance.router.clone().oneshot(owner.request(Method::GET, "/api/v1/admin/logs/stream?app=shop", None)).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(open().await);
    }
    owner.get("/api/v1/admin/logs/stream?app=shop").await.problem(429, "rate.limited");
    streams.pop();
    streams.push(open().await);
    instance.stop.send(true).unwrap();
    for stream in streams {
        assert_eq!(stream.into_body().collect().await.unwrap().to_bytes(), ": from here on\n\n");
    }
}
