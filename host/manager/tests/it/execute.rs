//! `/api/v1/execute/{id}`.

use execution::{Effects, Failure, FailureKind, Logs, Outcome, Response, Usage};
use http::Method;
use manager::{InvokeError, Invoked};
use serde_json::json;
use uuid::Uuid;

use crate::support::Instance;

const RUN: Uuid = Uuid::from_u128(7);

fn invoked(result: Result<Response, Failure>) -> Option<Result<Invoked, InvokeError>> {
    let outcome = Outcome { result, usage: Usage::default(), logs: Logs::default(), calls: Vec::new(), effects: Effects::default() };
    Some(Ok(Invoked { execution_id: RUN, outcome }))
}

fn failure(kind: FailureKind) -> Failure {
    Failure { kind, message: "the secret reason".to_owned(), trace: Vec::new() }
}

#[tokio::test]
async fn the_script_gets_the_request_without_credentials_and_its_answer_is_made_harmless() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![
        pair("content-type", "text/html"),
        pair("set-cookie", "__Host-sid=evil"),
        pair("content-security-policy", "default-src *"),
        pair("x-own", "1"),
    ];
    *instance.plane.answer.lock().unwrap() = invoked(Ok(Response { status: 418, headers, body: b"tea".to_vec() }));
    let key = owner.key(&["script:execute"], Some("shop")).await;
    let key = key.with("cookie", "a=b").with("x-mine", "2");
    let answer = key.post(&format!("/api/v1/execute/{script}?q=1&q=2"), &json!([1])).await.expect(418);
    assert_eq!(answer.bytes, b"tea");
    assert_eq!(answer.headers["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!((&answer.headers["x-content-type-options"], &answer.headers["x-own"]), (&"nosniff".parse().unwrap(), &"1".parse().unwrap()));
    assert!(!answer.headers.contains_key("set-cookie"));
    assert_eq!(answer.headers["picloud-execution-id"], RUN.to_string());

    let (id, request) = instance.plane.invoked.lock().unwrap().pop().unwrap();
    assert_eq!((id.to_string(), request.method.as_str(), request.body.as_slice()), (script, "POST", b"[1]".as_slice()));
    assert_eq!(request.query, [pair("q", "1"), pair("q", "2")]);
    assert_eq!(request.headers, [pair("x-mine", "2"), pair("content-type", "application/json")]);
    assert_eq!((request.client_ip.as_str(), request.scheme.as_str(), request.host.as_str()), ("127.0.0.1", "http", "localhost"));
}

#[tokio::test]
async fn only_by_key_and_only_one_s_own() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let path = format!("/api/v1/execute/{}", owner.script("shop", "hello").await);
    instance.stranger().send(Method::POST, &path, None).await.problem(401, "auth.required");
    owner.send(Method::POST, &path, None).await.problem(403, "auth.key_only");
    let reader = owner.key(&["script:read"], None).await;
    assert_eq!(reader.send(Method::POST, &path, None).await.problem(403, "auth.missing_scope").at("/missing_scope"), "script:execute");
    let bound = owner.key(&["script:execute"], Some("other")).await;
    bound.send(Method::POST, &path, None).await.problem(404, "not_found");
    assert!(instance.plane.invoked.lock().unwrap().is_empty());
    let unknown = owner.key(&["script:execute"], None).await;
    unknown.send(Method::POST, &path, None).await.problem(503, "unavailable");
    let module = json!({ "app": "shop", "name": "lib", "source": "1", "kind": "module" });
    let module = owner.post("/api/v1/admin/scripts", &module).await.expect(201).text("/id");
    unknown.send(Method::POST, &format!("/api/v1/execute/{module}"), None).await.problem(404, "not_found");
}

#[tokio::test]
async fn failures_are_problems_that_name_the_execution_and_nothing_else() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let path = format!("/api/v1/execute/{}", owner.script("shop", "hello").await);
    let key = owner.key(&["script:execute"], None).await;
    for (kind, status, slug) in [
        (FailureKind::Error, 502, "execution.error"),
        (FailureKind::InvalidResponse, 502, "execution.error"),
        (FailureKind::Deadline, 504, "execution.deadline"),
        (FailureKind::Fuel, 507, "execution.limit"),
        (FailureKind::Memory, 507, "execution.limit"),
        (FailureKind::HostCalls, 507, "execution.limit"),
        (FailureKind::Internal, 500, "internal"),
    ] {
        *instance.plane.answer.lock().unwrap() = invoked(Err(failure(kind)));
        let answer = key.send(Method::POST, &path, None).await.problem(status, slug);
        assert_eq!(answer.at("/execution_id"), &json!(RUN));
        assert!(!answer.json.to_string().contains("secret"), "{}", answer.json);
    }
    for (error, status, slug) in [
        (InvokeError::AppBusy { limit: "concurrency", value: 32, retry_after_seconds: 3 }, 429, "app.busy"),
        (InvokeError::TooOften { limit: "requests_per_second", value: 7, retry_after_seconds: 3 }, 429, "rate.limited"),
        (InvokeError::InstanceBusy { retry_after_seconds: 3 }, 503, "unavailable"),
    ] {
        *instance.plane.answer.lock().unwrap() = Some(Err(error));
        let answer = key.send(Method::POST, &path, None).await.problem(status, slug);
        assert_eq!(answer.headers["retry-after"], "3");
    }
}

#[tokio::test]
async fn s_2_14_a_body_over_the_app_s_limit_is_refused() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let path = format!("/api/v1/execute/{}", owner.script("shop", "hello").await);
    let key = owner.key(&["script:execute"], None).await;
    let body = json!("x".repeat(1024 * 1024));
    key.post(&path, &body).await.problem(413, "request.too_large");
    key.clone().with("content-length", "9999999999").post(&path, &json!(1)).await.problem(413, "request.too_large");
    assert!(instance.plane.invoked.lock().unwrap().is_empty());
}
