//! `/api/v1/admin/schedules` and `/triggers`: one form for both, here and in whole deployments.

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Instance};

const SCHEDULES: &str = "/api/v1/admin/schedules";
const TRIGGERS: &str = "/api/v1/admin/triggers";

/// Makes one in a new app, and returns its path and the answer.
async fn made(owner: &Caller<'_>, collection: &str, on: &Value) -> (String, Answer) {
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let body = json!({ "app": "shop", "name": "one", "script": script, "on": on, "retry": { "attempts": 2, "growth": "linear" } });
    let made = owner.post(collection, &body).await.expect(201);
    (format!("{collection}/{}", made.text("/id")), made)
}

#[tokio::test]
async fn a_patch_is_merged_and_a_put_replaces() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let payload = json!({ "a": 1, "b": { "c": null } });
    let (path, made) = made(&owner, SCHEDULES, &json!({ "cron": "@daily", "time_zone": "Europe/Berlin", "payload": payload })).await;
    let retry = json!({ "attempts": 2, "backoff_seconds": 10.0, "growth": "linear" });
    let on = |cron: &str, zone: &str, payload: &Value| {
        json!({
            "cron": cron, "time_zone": zone, "overlap": "skip", "catch_up": "once", "jitter_seconds": 0, "payload": payload,
        })
    };
    assert_eq!((made.at("/on"), made.at("/retry")), (&on("@daily", "Europe/Berlin", &payload), &retry));
    assert_eq!(owner.get(&path).await.expect(200).json, made.json);

    let patched = owner.clone().with("if-match", &made.etag()).patch(&path, &json!({ "on": { "cron": "@hourly" } })).await.expect(200);
    assert_eq!((patched.at("/on"), patched.at("/retry")), (&on("@hourly", "Europe/Berlin", &payload), &retry));
    // What the caller has not seen is not overwritten.
    owner.clone().with("if-match", &made.etag()).patch(&path, &json!({ "name": "two" })).await.problem(412, "precondition.failed");
    // A payload is replaced as a whole, and null is as if absent.
    let patch = json!({ "name": "two", "on": { "payload": { "b": 2 }, "time_zone": null }, "retry": { "growth": null } });
    let patched = owner.patch(&path, &patch).await.expect(200);
    assert_eq!((patched.at("/on"), patched.at("/name")), (&on("@hourly", "UTC", &json!({ "b": 2 })), &json!("two")));
    assert_eq!((patched.at("/retry/attempts"), patched.at("/retry/growth")), (&json!(2), &json!("exponential")));
    assert_eq!(owner.patch(&path, &json!({})).await.expect(200).json, patched.json);

    let put = json!({ "name": "two", "script": made.at("/script_id"), "on": { "cron": "@weekly" } });
    let put = owner.put(&path, &put).await.expect(200);
    assert_eq!((put.at("/on"), put.at("/retry/attempts")), (&on("@weekly", "UTC", &Value::Null), &json!(5)));
}

#[tokio::test]
async fn another_kind_takes_nothing_from_the_one_before() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let (path, made) = made(&owner, TRIGGERS, &json!({ "kind": "kv", "prefix": "orders/" })).await;
    assert_eq!(made.at("/on"), &json!({ "kind": "kv", "prefix": "orders/", "topic": null }));
    let patched = owner.patch(&path, &json!({ "on": { "kind": "topic", "topic": "orders" } })).await.expect(200);
    assert_eq!(patched.at("/on"), &json!({ "kind": "topic", "prefix": null, "topic": "orders" }));
    let same = owner.patch(&path, &json!({ "on": { "kind": "topic" } })).await.expect(200);
    assert_eq!(same.at("/on"), patched.at("/on"));
}

#[tokio::test]
async fn what_a_patch_can_t_be_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let (path, made) = made(&owner, SCHEDULES, &json!({ "cron": "@daily" })).await;
    for (patch, pointer) in [
        (json!({ "nmae": null }), "/nmae"),
        (json!({ "id": made.at("/id") }), "/id"),
        (json!({ "name": null }), "/name"),
        (json!({ "script": 7 }), "/script"),
        (json!({ "on": null }), "/on"),
        (json!({ "on": ["@daily"] }), "/on"),
        (json!({ "on": { "cron": null } }), "/on/cron"),
        (json!({ "on": { "corn": null } }), "/on/corn"),
        (json!({ "on": { "overlap": "maybe" } }), "/on/overlap"),
        (json!({ "on": { "cron": "@never" } }), "/on/cron"),
        (json!({ "retry": { "attempts": 0 } }), "/retry/attempts"),
    ] {
        let problem = owner.patch(&path, &patch).await.problem(400, "request.invalid");
        assert_eq!(problem.at("/errors/0/pointer"), pointer, "{patch}: {}", problem.json);
    }
    assert_eq!(owner.get(&path).await.expect(200).json, made.json);
    // A schedule is no trigger.
    owner.patch(&path.replace("schedules", "triggers"), &json!({ "name": "two" })).await.problem(404, "not_found");
    owner.delete(&path).await.expect(204);
    let gone = owner.get(&path).await.problem(404, "not_found");
    assert_eq!(gone.text("/detail"), "There is no schedule or trigger of this name or id that you may see.");
}

#[tokio::test]
async fn a_whole_deployment_takes_the_same_form_and_shows_it() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let on = json!({ "cron": "@daily", "time_zone": "UTC", "overlap": "skip", "catch_up": "once", "jitter_seconds": 0, "payload": 7 });
    let retry = json!({ "attempts": 3, "backoff_seconds": 1.5, "growth": "constant" });
    let deploy = |on: &Value, retry: &Value| {
        json!({
            "app": "shop", "scripts": [{ "name": "hello", "source": "1" }],
            "schedules": [{ "name": "one", "script": "hello", "on": on, "retry": retry }],
            "triggers": [{ "name": "one", "script": "hello", "on": { "kind": "dead_letter" } }],
        })
    };
    let made = owner.post("/api/v1/admin/deployments", &deploy(&on, &retry)).await.expect(201);
    let shown = owner.get(&format!("/api/v1/admin/deployments/{}", made.text("/id"))).await.expect(200);
    assert_eq!((shown.at("/schedules/0/on"), shown.at("/schedules/0/retry")), (&on, &retry));
    let listed = owner.get(&format!("{SCHEDULES}?app=shop")).await.expect(200);
    for field in ["id", "name", "script_id", "on", "retry"] {
        assert_eq!(listed.at(&format!("/items/0/{field}")), shown.at(&format!("/schedules/0/{field}")));
    }
    assert_eq!(shown.at("/triggers/0/on"), &json!({ "kind": "dead_letter", "prefix": null, "topic": null }));
    // What it shows can be sent again, and changes nothing.
    owner.post("/api/v1/admin/deployments", &deploy(shown.at("/schedules/0/on"), shown.at("/schedules/0/retry"))).await.expect(200);
    for (on, retry, pointer) in [
        (json!({ "cron": "@never" }), json!({}), "/schedules/0/on/cron"),
        (json!({ "cron": "@daily", "retry": {} }), json!({}), "/schedules/0/on/retry"),
        (json!({ "cron": "@daily" }), json!({ "attempts": 0 }), "/schedules/0/retry/attempts"),
    ] {
        let problem = owner.post("/api/v1/admin/deployments", &deploy(&on, &retry)).await.problem(400, "request.invalid");
        assert_eq!(problem.at("/errors/0/pointer"), pointer, "{}", problem.json);
    }
}
