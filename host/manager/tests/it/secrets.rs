//! `/api/v1/admin/secrets`.

use serde_json::json;

use crate::support::Instance;

const SECRETS: &str = "/api/v1/admin/secrets";
const VALUE: &str = "marker-4f1c-of-a-secret";

#[tokio::test]
async fn secrets_are_set_listed_and_removed_and_never_shown() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let at = |name: &str| format!("{SECRETS}/{name}?app=shop");
    let made = owner.put(&at("TOKEN"), &json!({ "value": VALUE })).await.expect(200);
    assert_eq!((made.json["name"].as_str(), made.json.get("value")), (Some("TOKEN"), None));
    let read = owner.get(&at("TOKEN")).await.expect(200);
    assert_eq!(read.json, made.json);
    assert_eq!(read.etag(), made.etag());
    // The node that was asked has it at once.
    assert_eq!(instance.plane.refreshed.lock().unwrap().last().map(ToString::to_string).as_deref(), made.json["app_id"].as_str());

    let changed = owner.clone().with("if-match", &made.etag()).put(&at("TOKEN"), &json!({ "value": "other" })).await.expect(200);
    assert!(changed.json["version"].as_i64() > made.json["version"].as_i64());
    assert_eq!(changed.json["created_at"], made.json["created_at"]);
    owner.clone().with("if-match", &made.etag()).put(&at("TOKEN"), &json!({ "value": "x" })).await.problem(412, "precondition.failed");
    owner.clone().with("if-none-match", "*").put(&at("TOKEN"), &json!({ "value": "x" })).await.problem(412, "precondition.failed");

    for name in ["B", "C", "A"] {
        owner.clone().with("if-none-match", "*").put(&at(name), &json!({ "value": name })).await.expect(200);
    }
    let first = owner.get(&format!("{SECRETS}?app=shop&limit=3")).await.expect(200);
    let names = |json: &serde_json::Value| json["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect::<Vec<_>>();
    assert_eq!((names(&first.json), first.text("/next_cursor")), (vec![json!("A"), json!("B"), json!("C")], "C".to_owned()));
    let rest = owner.get(&format!("{SECRETS}?app=shop&cursor=C")).await.expect(200);
    assert_eq!((names(&rest.json), &rest.json["next_cursor"]), (vec![json!("TOKEN")], &json!(null)));
    assert_eq!(owner.get(&format!("{SECRETS}?app=other")).await.expect(200).json["items"], json!([]));

    owner.delete(&at("TOKEN")).await.expect(204);
    owner.delete(&at("TOKEN")).await.problem(404, "not_found");
    owner.get(&at("TOKEN")).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let at = |name: &str| format!("{SECRETS}/{name}?app=shop");
    for name in ["2A", "A-B", "a%20b", "A%00", &"A".repeat(65)] {
        owner.put(&at(name), &json!({ "value": "x" })).await.problem(400, "request.invalid");
    }
    for (body, pointer) in [
        (json!({}), "/value"),
        (json!({ "value": "" }), "/value"),
        (json!({ "value": 7 }), "/value"),
        (json!({ "value": "x".repeat(16_385) }), "/value"),
        (json!({ "value": "x", "ttl": 1 }), "/ttl"),
    ] {
        let refused = owner.put(&at("A"), &body).await.problem(400, "request.invalid");
        assert_eq!(refused.json["errors"][0]["pointer"].as_str(), Some(pointer));
    }
    owner.put(&at("LONGEST"), &json!({ "value": "x".repeat(16_384) })).await.expect(200);
    owner.patch("/api/v1/admin/apps/shop", &json!({ "limits": { "secrets": 2 } })).await.expect(200);
    owner.put(&at("SECOND"), &json!({ "value": "x" })).await.expect(200);
    owner.put(&at("THIRD"), &json!({ "value": "x" })).await.problem(409, "limit.reached");
    owner.put(&at("SECOND"), &json!({ "value": "y" })).await.expect(200);
}

#[tokio::test]
async fn s_6_4_the_database_has_no_value() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.put(&format!("{SECRETS}/TOKEN?app=shop"), &json!({ "value": VALUE })).await.expect(200);
    // Refused, and so nowhere either.
    owner.put(&format!("{SECRETS}/TO-KEN?app=shop"), &json!({ "value": VALUE })).await.problem(400, "request.invalid");
    let dump = instance.database.dump().await;
    assert!(dump.contains("TOKEN") && dump.contains("secret.set"));
    let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    for marker in [VALUE, "marker-4f1c", &hex] {
        assert!(!dump.contains(marker), "{marker} is in the database");
    }
}
