//! `/api/v1/admin/egress`.

use serde_json::{Value, json};

use crate::support::Instance;

const EGRESS: &str = "/api/v1/admin/egress";

#[tokio::test]
async fn rules_are_made_listed_and_removed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    assert_eq!(owner.get(&format!("{EGRESS}?app=shop")).await.expect(200).json["items"], json!([]));
    let made = owner.post(EGRESS, &json!({ "app": "shop", "host": "API.Example.com." })).await.expect(201);
    assert_eq!((&made.json["host"], &made.json["port"], &made.json["scheme"]), (&json!("api.example.com"), &Value::Null, &Value::Null));
    let narrow = json!({ "app": "shop", "host": "*.example.com", "port": 8443, "scheme": "https" });
    let narrow = owner.post(EGRESS, &narrow).await.expect(201);
    assert_eq!((&narrow.json["port"], &narrow.json["scheme"]), (&json!(8443), &json!("https")));
    // The node that was asked has it at once.
    assert_eq!(instance.plane.refreshed.lock().unwrap().last().map(ToString::to_string), made.json["app_id"].as_str().map(str::to_owned));

    let listed = owner.get(&format!("{EGRESS}?app=shop")).await.expect(200);
    assert_eq!(listed.json["items"], json!([made.json, narrow.json]));
    assert_eq!(owner.get(&format!("{EGRESS}?app=other")).await.expect(200).json["items"], json!([]));
    let path = format!("{EGRESS}/{}", made.text("/id"));
    let read = owner.get(&path).await.expect(200);
    assert_eq!((&read.json, read.etag()), (&made.json, made.etag()));

    owner.delete(&path).await.expect(204);
    owner.delete(&path).await.problem(404, "not_found");
    owner.get(&path).await.problem(404, "not_found");
    // Again, after it is gone.
    owner.post(EGRESS, &json!({ "app": "shop", "host": "api.example.com" })).await.expect(201);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    for (body, pointer) in [
        (json!({ "host": "a b" }), "/host"),
        (json!({ "host": "" }), "/host"),
        (json!({}), "/host"),
        (json!({ "host": "a.example", "port": 0 }), "/port"),
        (json!({ "host": "a.example", "port": 65_536 }), "/port"),
        (json!({ "host": "a.example", "scheme": "ftp" }), "/scheme"),
        (json!({ "host": "a.example", "ports": [1] }), "/ports"),
    ] {
        let mut body = body;
        body["app"] = json!("shop");
        let refused = owner.post(EGRESS, &body).await.problem(400, "request.invalid");
        assert_eq!(refused.json["errors"][0]["pointer"].as_str(), Some(pointer), "{body}");
    }
    let rule = json!({ "app": "shop", "host": "a.example", "port": 81 });
    owner.post(EGRESS, &rule).await.expect(201);
    owner.post(EGRESS, &rule).await.problem(409, "name.taken");
    owner.post(EGRESS, &json!({ "app": "shop", "host": "a.example" })).await.expect(201);
    owner.post(EGRESS, &json!({ "app": "shop", "host": "a.example" })).await.problem(409, "name.taken");
    for number in 2..100 {
        owner.post(EGRESS, &json!({ "app": "shop", "host": format!("a{number}.example") })).await.expect(201);
    }
    owner.post(EGRESS, &json!({ "app": "shop", "host": "b.example" })).await.problem(409, "limit.reached");
}
