//! What a newcomer does, by curl's own means: an app, its scripts and routes, a domain, a new version, a way back.

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, eventually},
};

const FIRST: &str = r#"#{ statusCode: 201, headers: #{ "x-lang": ctx.request.query.lang },
    body: #{ id: ctx.request.params.id, host: ctx.request.host, agent: ctx.request.headers["user-agent"], got: ctx.request.body.n } }"#;

fn order(instance: &Instance, host: &str) -> Answer {
    let headers = [&format!("Host: {host}"), "User-Agent: tests", "Content-Type: application/json"];
    send(instance.port, "POST", "/orders/7%20b?lang=en", &headers, r#"{"n": 5}"#).unwrap()
}

#[test]
fn a_script_answers_changes_and_goes_back() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" }));
    let script = instance.script("shop", "orders", FIRST, "/orders/:id");
    let claimed = instance.admin("POST", "domains", &json!({ "app": "shop", "host": "shop.example.com" }));
    assert_eq!(claimed.status, 201, "{claimed:?}");

    for host in ["shop.localhost", "shop.example.com"] {
        eventually(|| order(&instance, host).status == 201);
        let answer = order(&instance, host);
        assert_eq!(answer.header("x-lang"), Some("en"));
        assert_eq!(answer.json(), json!({ "id": "7 b", "host": host, "agent": "tests", "got": 5 }));
    }

    let changed = instance.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": "\"second\"" }));
    assert_eq!(changed.status, 200, "{changed:?}");
    eventually(|| order(&instance, "shop.localhost").body == "second");

    let deployments = instance.admin("GET", "deployments?app=shop", &Value::Null).json();
    let earlier = deployments["items"].as_array().unwrap().iter().find(|deployment| deployment["number"] == 2).unwrap();
    let activated = instance.admin("POST", &format!("deployments/{}/activate", earlier["id"].as_str().unwrap()), &Value::Null);
    assert_eq!(activated.status, 200, "{activated:?}");
    eventually(|| order(&instance, "shop.localhost").status == 201);
}

#[test]
fn the_call_after_a_change_meets_the_change() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" })).status, 201);
    assert_eq!(instance.visit("shop.localhost", "/").status, 404);
    let script = instance.script("shop", "main", "\"first\"", "/");
    assert_eq!(instance.visit("shop.localhost", "/").body, "first");
    assert_eq!(instance.admin("POST", "domains", &json!({ "app": "shop", "host": "shop.example.com" })).status, 201);
    assert_eq!(instance.visit("shop.example.com", "/").body, "first");

    for version in 0..200 {
        let changed = instance.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": format!("\"version {version}\"") }));
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!(instance.visit("shop.localhost", "/").body, format!("version {version}"));
    }

    let deployments = instance.admin("GET", "deployments?app=shop&limit=20", &Value::Null).json();
    for deployment in deployments["items"].as_array().unwrap() {
        let path = format!("deployments/{}/activate", deployment["id"].as_str().unwrap());
        assert_eq!(instance.admin("POST", &path, &Value::Null).status, 200);
        // The first two deployments made the script and its route.
        let version = deployment["number"].as_u64().unwrap() - 3;
        assert_eq!(instance.visit("shop.localhost", "/").body, format!("version {version}"));
    }

    assert_eq!(instance.admin("DELETE", &format!("scripts/{script}"), &Value::Null).status, 204);
    assert_eq!(instance.visit("shop.localhost", "/").status, 404);
}

#[test]
fn what_is_refused_leaves_nothing_half_applied() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" }));
    let script = instance.script("shop", "main", "\"first\"", "/");
    let before = instance.admin("GET", "deployments?app=shop", &Value::Null).json();

    let broken = instance.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": "let a = 1;\nlet b = ;\n" }));
    assert_eq!(broken.status, 422, "{broken:?}");
    let error = broken.json()["errors"][0].clone();
    assert_eq!((&error["line"], &error["column"]), (&json!(2), &json!(9)), "{broken:?}");
    assert!(broken.body.contains("let b = ;"), "{broken:?}");

    for (path, body, status) in [
        ("scripts", json!({ "app": "shop", "name": "main", "source": "1" }), 409),
        ("scripts", json!({ "app": "shop", "name": "other", "source": "1", "colour": "red" }), 400),
        ("scripts", json!({ "app": "shop", "name": "other" }), 400),
        ("scripts", json!({ "app": "shop", "name": "other", "source": 7 }), 400),
        ("apps", json!({ "slug": "shop", "name": "Another" }), 409),
        ("routes", json!({ "app": "shop", "script": script, "path": "/" }), 409),
        ("scripts", json!({ "app": "nobody", "name": "other", "source": "1" }), 404),
    ] {
        let answer = instance.admin("POST", path, &body);
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json")), "{answer:?}");
    }
    assert_eq!(instance.admin("GET", "deployments?app=shop", &Value::Null).json(), before);
    assert_eq!(instance.visit("shop.localhost", "/").body, "first");
    assert_eq!(instance.visit("unknown.localhost", "/").status, 421);
}

#[test]
fn the_same_request_uses_the_same_fuel_after_a_restart() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" }));
    instance.script("shop", "main", "let m = #{}; for i in 0..100 { m[`k${i % 7}`] = i * 1.5; } m", "/");
    eventually(|| instance.visit("shop.localhost", "/").status == 200);
    for _ in 0..3 {
        instance.visit("shop.localhost", "/");
    }
    instance.kill();
    instance.start_again();
    for _ in 0..3 {
        instance.visit("shop.localhost", "/");
    }
    assert!(instance.stop().success());
    instance.start_again();
    let rows = instance.admin("GET", "executions?app=shop&limit=3", &Value::Null).json();
    let more = instance.admin("GET", "executions?app=shop&outcome=ok", &Value::Null).json();
    let fuel: Vec<_> = more["items"].as_array().unwrap().iter().map(|row| row["fuel_used"].as_i64().unwrap()).collect();
    assert!(rows["items"].as_array().unwrap().len() == 3 && fuel.len() >= 3, "{more}");
    assert!(fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
}
