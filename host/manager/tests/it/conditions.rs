//! ETag, If-Match and If-None-Match, on everything that is one thing.

use http::Method;
use serde_json::{Value, json};

use crate::{
    documented::DESCRIPTION,
    logs::run,
    support::Instance,
    things::{About, things},
};

#[tokio::test]
async fn a_single_thing_has_a_tag_and_is_sent_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let things = things(&owner, &[], 1).await;
    let mut tried = 0;
    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        let is_json = item["get"]["responses"]["200"]["content"].get("application/json").is_some();
        if !is_json {
            continue;
        }
        let path = things.path(path, About::App);
        let first = owner.get(&path).await.expect(200);
        let tag = first.etag();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{path}: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = owner.clone().with("if-none-match", &known).get(&path).await.expect(304);
            assert_eq!((again.etag(), again.bytes.len()), (tag.clone(), 0), "{path}");
        }
        owner.clone().with("if-none-match", "\"x\"").get(&path).await.expect(200);
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
}

#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let mut tried = 0;
    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let conditional = operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "If-Match"));
            if !conditional {
                continue;
            }
            tried += 1;
            let things = things(&owner, &[], tried).await;
            let operation = format!("{} {path}", method.to_uppercase());
            let (path, body) = (things.path(path, About::App), things.body(&operation, About::App));
            let method: Method = method.to_uppercase().parse().unwrap();
            let tag = owner.get(&path).await.expect(200).etag();
            for other in ["\"x\"", tag.trim_matches('"'), &format!("W/{tag}")] {
                let refused = owner.clone().with("if-match", other).send(method.clone(), &path, body.as_ref()).await;
                refused.problem(412, "precondition.failed");
            }
            let refused = owner.clone().with("if-none-match", "*").send(method.clone(), &path, body.as_ref()).await;
            refused.problem(412, "precondition.failed");
            assert_eq!(owner.get(&path).await.etag(), tag, "{operation} changed something");
            let done = owner.clone().with("if-match", &tag).send(method.clone(), &path, body.as_ref()).await;
            assert!(done.status.is_success(), "{operation}: {}", done.json);
        }
    }
    assert!(tried > 13, "{tried}");
}

#[tokio::test]
async fn a_tag_changes_with_what_it_names() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let tag_of = async |path: String| owner.get(&path).await.expect(200).etag();
    // A key that is used.
    let made = owner.post("/api/v1/admin/api-keys", &json!({ "name": "x", "scopes": ["script:read"] })).await.expect(201);
    let key = format!("/api/v1/admin/api-keys/{}", made.text("/id"));
    assert_eq!(made.etag(), tag_of(key.clone()).await);
    let bearer = format!("Bearer {}", made.text("/key"));
    instance.stranger().with("authorization", &bearer).get("/api/v1/admin/session").await.expect(200);
    assert_ne!(made.etag(), tag_of(key.clone()).await);
    // An invitation that expires.
    let made = owner.post("/api/v1/admin/invitations", &json!({ "note": "x", "role": "member" })).await.expect(201);
    let invitation = format!("/api/v1/admin/invitations/{}", made.text("/id"));
    let pending = tag_of(invitation.clone()).await;
    assert_eq!(made.etag(), pending);
    // A deployment that no longer runs.
    let first = owner.get("/api/v1/admin/deployments?app=shop").await.text("/items/0/id");
    let deployment = format!("/api/v1/admin/deployments/{first}");
    let active = tag_of(deployment.clone()).await;
    owner.patch(&format!("/api/v1/admin/scripts/{script}"), &json!({ "source": "2" })).await.expect(200);
    assert_ne!(active, tag_of(deployment).await);
    // An execution never changes.
    let execution = format!("/api/v1/admin/executions/{}", run(&instance, "shop", &script, &["line"], None).await);
    assert_eq!(tag_of(execution.clone()).await, tag_of(execution).await);
    instance.pass_seconds(73 * 3600);
    let owner = instance.owner().await;
    let expired = owner.get(&invitation).await.expect(200);
    assert_eq!(expired.at("/status"), &Value::from("expired"));
    assert_ne!(expired.etag(), pending);
}
