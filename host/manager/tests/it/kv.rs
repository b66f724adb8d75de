//! What scripts keep, looked at and mended by people.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::Instance;

const KV: &str = "/api/v1/admin/kv";

#[tokio::test]
async fn keys_are_set_read_listed_and_removed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let at = |key: &str| format!("{KV}/{key}?app=shop");
    let made = owner.put(&at("cart%2F7"), &json!({ "value": { "b": [1, 2.5], "a": null } })).await.expect(200);
    assert_eq!((made.json["key"].as_str(), &made.json["value"]), (Some("cart/7"), &json!({ "a": null, "b": [1, 2.5] })));
    assert_eq!(made.json["expires_at"], Value::Null);
    let read = owner.get(&at("cart%2F7")).await.expect(200);
    assert_eq!(read.json, made.json);
    owner.get(&at("cart")).await.problem(404, "not_found");

    // A change of what was seen, and of what was not.
    let tag = read.etag();
    let changed = owner.clone().with("if-match", &tag).put(&at("cart%2F7"), &json!({ "value": 2, "ttl_seconds": 60 })).await.expect(200);
    assert_ne!(changed.json["version"], made.json["version"]);
    assert!(changed.json["expires_at"].is_string());
    owner.clone().with("if-match", &tag).put(&at("cart%2F7"), &json!({ "value": 3 })).await.problem(412, "precondition.failed");
    owner.clone().with("if-match", &tag).delete(&at("cart%2F7")).await.problem(412, "precondition.failed");

    // Only what is not there yet.
    for key in ["cart%2F8", "cart%2F9", "order%2F1"] {
        owner.clone().with("if-none-match", "*").put(&at(key), &json!({ "value": key })).await.expect(200);
        owner.clone().with("if-none-match", "*").put(&at(key), &json!({ "value": 0 })).await.problem(412, "precondition.failed");
    }
    let first = owner.get(&format!("{KV}?app=shop&prefix=cart/&limit=2")).await.expect(200);
    let keys = |listed: &Value| {
        listed["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((keys(&first.json), first.json["next_cursor"].as_str()), (vec!["cart/7".into(), "cart/8".into()], Some("cart/8")));
    let rest = owner.get(&format!("{KV}?app=shop&prefix=cart/&limit=2&cursor=cart/8")).await.expect(200);
    assert_eq!((keys(&rest.json), &rest.json["next_cursor"]), (vec!["cart/9".into()], &Value::Null));

    owner.delete(&at("cart%2F8")).await.expect(204);
    owner.delete(&at("cart%2F8")).await.problem(404, "not_found");
    owner.get(&at("cart%2F8")).await.problem(404, "not_found");
    // What has expired is gone.
    instance.pass_seconds(61);
    owner.get(&at("cart%2F7")).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let at = |key: &str| format!("{KV}/{key}?app=shop");
    owner.put(&at(&"k".repeat(513)), &json!({ "value": 1 })).await.problem(400, "request.invalid");
    owner.put(&at("a%00"), &json!({ "value": 1 })).await.problem(400, "request.invalid");
    for (body, pointer) in [
        (json!({}), "/value"),
        (json!({ "value": 1, "ttl_seconds": 0 }), "/ttl_seconds"),
        (json!({ "value": 1, "ttl_seconds": "x" }), "/ttl_seconds"),
        (json!({ "value": 1, "tll": 5 }), "/tll"),
        (json!({ "value": "x".repeat(65_536) }), "/value"),
    ] {
        let refused = owner.put(&at("a"), &body).await.problem(400, "request.invalid");
        assert_eq!(refused.json["errors"][0]["pointer"].as_str(), Some(pointer), "{body}");
    }
    owner.get(&format!("{KV}?app=shop&limit=0")).await.problem(400, "request.invalid");
}

#[tokio::test]
async fn whatever_a_trigger_may_wait_for_is_looked_after_at_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let woken = || instance.plane.woken.load(Ordering::SeqCst);
    let key = format!("{KV}/cart?app=shop");
    owner.put(&key, &json!({ "value": 1 })).await.expect(200);
    assert_eq!(woken(), 1);
    owner.delete(&key).await.expect(204);
    owner.delete(&key).await.problem(404, "not_found");
    assert_eq!(woken(), 2);
}
