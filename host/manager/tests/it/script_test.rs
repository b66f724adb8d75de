//! `/api/v1/admin/scripts/{id}/test`.

use execution::{Effects, Failure, FailureKind, Frame, Level, LogLine, Logs, Outcome, Response, Usage};
use manager::Invoked;
use serde_json::json;
use uuid::Uuid;

use crate::support::Instance;

const RUN: Uuid = Uuid::from_u128(7);

fn outcome(result: Result<Response, Failure>) -> Invoked {
    let line = LogLine { level: Level::Info, message: "seen".to_owned(), fields: Some(r#"{"n":1}"#.to_owned()) };
    let usage = Usage { fuel_used: 5, memory_peak_bytes: 6, wall_us: 7, host_calls: 8 };
    let logs = Logs { lines: vec![line], dropped: 9 };
    Invoked { execution_id: RUN, outcome: Outcome { result, usage, logs, calls: Vec::new(), effects: Effects::default() } }
}

#[tokio::test]
async fn what_came_of_it_is_data_and_not_a_page() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let path = format!("/api/v1/admin/scripts/{script}/test");
    let headers = vec![("content-type".to_owned(), "text/html".to_owned()), ("set-cookie".to_owned(), "a=b".to_owned())];
    *instance.plane.answer.lock().unwrap() = Some(Ok(outcome(Ok(Response { status: 418, headers, body: b"<h1>tea".to_vec() }))));
    let body = json!({ "method": "POST", "path": "/a/7", "params": { "id": "7" }, "query": { "q": "1" }, "headers": { "X-Mine": "2" }, "body": "{}" });
    let answer = owner.post(&path, &body).await.expect(200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(!answer.headers.contains_key("set-cookie"));
    assert_eq!(
        answer.json["answer"],
        json!({ "status": 418, "headers": [["content-type", "text/html"], ["set-cookie", "a=b"]], "body": "<h1>tea" })
    );
    assert_eq!(
        answer.json["execution"],
        json!({
            "id": RUN, "outcome": "ok", "message": null, "trace": [], "fuel_used": 5, "memory_peak_bytes": 6, "wall_us": 7, "host_calls": 8,
            "logs": [{ "level": "info", "message": "seen", "fields": { "n": 1 } }], "logs_dropped": 9,
        })
    );
    let (id, request) = instance.plane.invoked.lock().unwrap().pop().unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        (id.to_string(), request.method.as_str(), request.path.as_str(), request.body.as_slice()),
        (script, "POST", "/a/7", &b"{}"[..])
    );
    assert_eq!((request.params, request.query, request.headers), (vec![pair("id", "7")], vec![pair("q", "1")], vec![pair("x-mine", "2")]));
}

#[tokio::test]
async fn a_failure_tells_its_developer_everything_and_shows_what_a_visitor_gets() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let path = format!("/api/v1/admin/scripts/{}/test", owner.script("shop", "hello").await);
    let frame = Frame { script: "hello".to_owned(), function: String::new(), line: 3, column: 4 };
    let failure = Failure { kind: FailureKind::Fuel, message: "the reason".to_owned(), trace: vec![frame] };
    *instance.plane.answer.lock().unwrap() = Some(Ok(outcome(Err(failure))));
    let answer = owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(answer.json["answer"], json!({ "status": 507, "headers": [], "body": "" }));
    assert_eq!((answer.at("/execution/outcome"), answer.at("/execution/message")), (&json!("fuel"), &json!("the reason")));
    assert_eq!(answer.at("/execution/trace/0"), &json!({ "script": "hello", "function": "", "line": 3, "column": 4 }));
    for (body, field) in
        [(json!({ "method": "G T" }), "/method"), (json!({ "path": "a" }), "/path"), (json!({ "path": "/a?b=1" }), "/path")]
    {
        let problem = owner.post(&path, &body).await.problem(400, "request.invalid");
        assert_eq!(problem.at("/errors/0/pointer"), &json!(field));
    }
}
