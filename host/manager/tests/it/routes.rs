//! `/api/v1/admin/routes`.

use serde_json::json;

use crate::support::Instance;

const ROUTES: &str = "/api/v1/admin/routes";

#[tokio::test]
async fn create_read_change_delete() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let body = json!({ "app": "shop", "script": script, "path": "/hello/:name", "method": "get", "host": "Shop.Example." });
    let made = owner.post(ROUTES, &body).await.expect(201);
    assert_eq!((made.at("/method"), made.at("/host"), made.at("/script_id")), (&json!("GET"), &json!("shop.example"), &json!(script)));
    let path = format!("{ROUTES}/{}", made.text("/id"));
    assert_eq!(owner.get(&path).await.expect(200).json, made.json);
    assert_eq!(owner.get(&format!("{ROUTES}?app=shop")).await.expect(200).at("/items/0"), &made.json);

    let patched = owner.clone().with("if-match", &made.etag()).patch(&path, &json!({ "method": null })).await.expect(200);
    assert_eq!((patched.at("/method"), patched.at("/host")), (&json!(null), &json!("shop.example")));
    owner.clone().with("if-match", &made.etag()).patch(&path, &json!({ "path": "/x" })).await.problem(412, "precondition.failed");
    let put = owner.put(&path, &json!({ "script": script, "path": "/x" })).await.expect(200);
    assert_eq!((put.at("/method"), put.at("/host"), put.at("/path")), (&json!(null), &json!(null), &json!("/x")));
    owner.clone().with("if-match", &made.etag()).delete(&path).await.problem(412, "precondition.failed");
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_conflict_names_the_other_route() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let first = owner.post(ROUTES, &json!({ "app": "shop", "script": script, "path": "/x", "method": "GET" })).await.expect(201);
    let body = json!({ "app": "shop", "script": script, "path": "/x", "method": "GET" });
    let refused = owner.post(ROUTES, &body).await.problem(409, "route.conflict");
    assert_eq!(refused.at("/other_id"), first.at("/id"));
    assert!(refused.text("/detail").contains("GET /x"), "{}", refused.json);

    let checked = owner.post(&format!("{ROUTES}/check"), &json!({ "app": "shop", "path": "/x", "method": "GET" })).await.expect(200);
    assert_eq!((checked.at("/valid"), checked.at("/conflict/id")), (&json!(false), first.at("/id")));
    let itself = json!({ "app": "shop", "path": "/x", "method": "GET", "route": first.text("/id") });
    assert_eq!(owner.post(&format!("{ROUTES}/check"), &itself).await.expect(200).at("/valid"), true);
    let bad = owner.post(&format!("{ROUTES}/check"), &json!({ "app": "shop", "path": "x" })).await.expect(200);
    assert_eq!((bad.at("/valid"), bad.at("/errors/0/pointer")), (&json!(false), &json!("/path")));
}

#[tokio::test]
async fn match_tells_what_a_request_would_hit() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let route = owner.post(ROUTES, &json!({ "app": "shop", "script": script, "path": "/x", "method": "POST" })).await.expect(201);
    let hit = owner.post(&format!("{ROUTES}/match"), &json!({ "app": "shop", "path": "/x", "method": "post" })).await.expect(200);
    assert_eq!((hit.at("/route/id"), hit.at("/why")), (route.at("/id"), &json!("The paths are equal.")));
    let wrong_method = owner.post(&format!("{ROUTES}/match"), &json!({ "app": "shop", "path": "/x" })).await.expect(200);
    assert_eq!((wrong_method.at("/route"), wrong_method.at("/allow")), (&json!(null), &json!(["POST"])));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let script = owner.script("shop", "hello").await;
    let foreign = owner.script("other", "hello").await;
    let module = json!({ "app": "shop", "name": "lib", "source": "1", "kind": "module" });
    let module = owner.post("/api/v1/admin/scripts", &module).await.expect(201).text("/id");
    for (body, pointer) in [
        (json!({ "app": "shop", "script": script, "path": "x" }), "/path"),
        (json!({ "app": "shop", "script": script, "path": "/\u{0}" }), "/path"),
        (json!({ "app": "shop", "script": script, "path": "/x", "host": "a b" }), "/host"),
        (json!({ "app": "shop", "script": foreign, "path": "/x" }), "/script"),
        (json!({ "app": "shop", "script": module, "path": "/x" }), "/script"),
        (json!({ "app": "shop", "script": "hello", "path": "/x" }), "/script"),
        (json!({ "app": "shop", "script": script, "path": "/x", "mehtod": "GET" }), "/mehtod"),
    ] {
        let answer = owner.post(ROUTES, &body).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), pointer, "{}", answer.json);
    }
    assert_eq!(owner.get(&format!("{ROUTES}?app=shop")).await.expect(200).at("/items"), &json!([]));
}
