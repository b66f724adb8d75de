//! Whatever is sent, the answer is the caller's fault and not a defect: never a 5xx.

use http::Method;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Caller, Instance},
    things::{About, things},
};

fn strings() -> Vec<String> {
    let fixed = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{202e}evil",
        "\u{feff}",
        "💥",
        "ﬁ",
        "../..",
        "%00",
        "%",
        "'; drop table apps; --",
        "{{7*7}}",
        "null",
        "-1",
        "*.",
        "\r\nx: y",
        "//",
        "/:",
        "/*/*",
    ];
    fixed.iter().map(|text| (*text).to_owned()).chain(["x".repeat(70_000), "é".repeat(2_000)]).collect()
}

fn odd_values() -> Vec<Value> {
    let others = [Value::Null, json!(true), json!(-1), json!(1e300), json!([]), json!({}), json!([[[]]]), json!({ "$ref": "#" })];
    strings().into_iter().map(Value::String).chain(others).collect()
}

#[track_caller]
fn is_no_defect(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {} {}", answer.status, answer.json);
}

/// Sends good bodies in which one field is odd.
async fn send_odd_bodies(caller: &Caller<'_>, operation: &str, path: &str, good: &Value) {
    let (method, _) = operation.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    for field in good.as_object().unwrap().keys() {
        for odd in odd_values() {
            let mut body = good.clone();
            body[field] = odd;
            let shown = body.to_string().chars().take(200).collect::<String>();
            is_no_defect(&caller.send(method.clone(), path, Some(&body)).await, &format!("{operation} {shown}"));
        }
    }
    for odd in odd_values() {
        is_no_defect(&caller.send(method.clone(), path, Some(&odd)).await, operation);
    }
}

#[tokio::test]
async fn odd_bodies_are_refused() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let target = things(&owner, &[], 1).await;
    let oracle: toml::Table = toml::from_str(include_str!("../../../../docs/permissions.toml")).unwrap();
    for operation in oracle["operations"].as_table().unwrap().keys() {
        for about in [About::App, About::Instance] {
            let path = target.path(operation.split_once(' ').unwrap().1, about);
            let Some(good) = target.body(operation, about) else { continue };
            if about == About::App || operation.ends_with("invitations") {
                send_odd_bodies(&owner, operation, &path, &good).await;
            }
        }
    }
    let key = json!({ "name": "x", "scopes": ["script:read"], "app": "app1", "expires_at": "2099-01-01T00:00:00Z" });
    send_odd_bodies(&owner, "POST /api/v1/admin/api-keys", "/api/v1/admin/api-keys", &key).await;
    for username in strings() {
        let answer = instance.stranger().post("/api/v1/admin/session", &json!({ "username": username, "password": "x" })).await;
        is_no_defect(&answer, "session");
    }
}

#[tokio::test]
async fn odd_queries_paths_and_headers_are_refused() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    things(&owner, &[], 1).await;
    let encoded = |text: &str| text.bytes().take(3000).map(|byte| format!("%{byte:02x}")).collect::<String>();
    for text in strings() {
        let text = encoded(&text);
        for path in ["apps", "executions", "logs", "scripts", "routes", "domains", "deployments", "api-keys"] {
            for name in ["app", "cursor", "limit", "outcome", "script", "other"] {
                let app = if name == "app" { "" } else { "&app=app1" };
                is_no_defect(&owner.get(&format!("/api/v1/admin/{path}?{name}={text}{app}")).await, &format!("{path} {name} {text}"));
            }
            is_no_defect(&owner.get(&format!("/api/v1/admin/{path}/{text}")).await, &format!("{path} {text}"));
            is_no_defect(&owner.get(&format!("/api/v1/admin/{path}?{text}")).await, &format!("{path} {text}"));
        }
    }
    for value in ["", "\"", "\"\"", "x", "*", "W/\"x\"", "-1", "99999999999999999999", "a=b; sid-dev=x", "Bearer pic_all_"] {
        for name in [
            "if-match",
            "if-none-match",
            "last-event-id",
            "cookie",
            "authorization",
            "origin",
            "sec-fetch-site",
            "x-request-id",
            "user-agent",
        ] {
            for path in ["apps/app1", "logs/stream?app=app1", "session"] {
                let answer = owner.clone().with(name, value).get(&format!("/api/v1/admin/{path}")).await;
                is_no_defect(&answer, &format!("{name}: {value}"));
            }
        }
    }
}
