//! `/api/v1/admin/api-keys`.

use serde_json::json;
use store::{AppRole, InstanceRole};

use crate::support::Instance;

const KEYS: &str = "/api/v1/admin/api-keys";

#[tokio::test]
async fn s_8_7_made_shown_once_used_and_revoked() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let made = owner.post(KEYS, &json!({ "name": "laptop", "scopes": ["script:read", "log:read"] })).await.expect(201);
    let key = made.text("/key");
    assert!(key.starts_with("pic_all_") && key.len() == 44, "{key}");
    assert_eq!((made.text("/prefix"), made.text("/last4")), (key[..12].to_owned(), key[40..].to_owned()));
    assert!(made.text("/expires_at").starts_with("2027-04-"), "90 days: {}", made.json);
    let listed = owner.get(KEYS).await.expect(200);
    assert!(!String::from_utf8(listed.bytes.clone()).unwrap().contains(&key), "a key is shown once");

    let program = instance.stranger().with("authorization", &format!("Bearer {key}"));
    program.get("/api/v1/admin/apps").await.expect(200);
    let who = program.get("/api/v1/admin/session").await.expect(200);
    assert_eq!((who.at("/key/scopes"), who.at("/expires_at")), (&json!(["script:read", "log:read"]), &json!(null)));
    assert!(owner.get(KEYS).await.expect(200).at("/items/0/last_used_at").is_string());
    let refused = program.post("/api/v1/admin/apps", &json!({ "slug": "shop" })).await.problem(403, "auth.missing_scope");
    assert_eq!(refused.at("/missing_scope"), "instance:admin");

    owner.delete(&format!("{KEYS}/{}", made.text("/id"))).await.expect(204);
    program.get("/api/v1/admin/apps").await.problem(401, "auth.required");
    assert!(owner.get(KEYS).await.expect(200).at("/items/0/revoked_at").is_string());
}

#[tokio::test]
async fn s_8_7_a_key_expires() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let day = owner.key(&["script:read"], None).await;
    let end = (instance.state.now() + jiff::SignedDuration::from_hours(1)).to_string();
    let hour = owner.post(KEYS, &json!({ "name": "h", "scopes": ["script:read"], "expires_at": end })).await.expect(201).text("/key");
    let hour = instance.stranger().with("authorization", &format!("Bearer {hour}"));
    let never = owner.post(KEYS, &json!({ "name": "n", "scopes": ["script:read"], "expires_at": null })).await.expect(201);
    assert!(never.at("/expires_at").is_null());
    hour.get("/api/v1/admin/apps").await.expect(200);
    instance.pass_seconds(3601);
    hour.get("/api/v1/admin/apps").await.problem(401, "auth.required");
    day.get("/api/v1/admin/apps").await.expect(200);
    let past = json!({ "name": "p", "scopes": ["script:read"], "expires_at": "2020-01-01T00:00:00Z" });
    owner.clone().post(KEYS, &past).await.problem(400, "request.invalid");
}

#[tokio::test]
async fn s_8_7_a_key_grants_what_its_maker_has_now() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    instance.member("eve", "shop", AppRole::Editor).await;
    let eve = instance.log_in("eve").await;
    let admin = eve.get("/api/v1/admin/session").await.expect(200).text("/admin/id").parse::<uuid::Uuid>().unwrap().into();
    let key = eve.key(&["script:read", "script:write"], Some("shop")).await;
    let body = |name: &str| json!({ "app": "shop", "name": name, "source": "1" });
    key.post("/api/v1/admin/scripts", &body("a")).await.expect(201);
    instance.open("shop").await.change_member(admin, AppRole::Viewer, None, instance.state.now()).await.unwrap();
    let refused = key.post("/api/v1/admin/scripts", &body("b")).await.problem(403, "auth.missing_scope");
    assert_eq!(refused.at("/missing_scope"), "script:write");
    instance.open("shop").await.remove_member(admin, None, instance.state.now()).await.unwrap();
    key.post("/api/v1/admin/scripts", &body("c")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_can_not_manage_keys_and_bad_ones_are_not_made() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let key = owner.key(&["instance:admin", "app:admin"], None).await;
    key.get(KEYS).await.problem(403, "auth.session_only");
    key.post(KEYS, &json!({ "name": "x", "scopes": ["script:read"] })).await.problem(403, "auth.session_only");
    for (body, pointer) in [
        (json!({ "name": "x", "scopes": [] }), "/scopes"),
        (json!({ "name": "x", "scopes": ["script:read", "script:raed"] }), "/scopes/1"),
        (json!({ "name": "", "scopes": ["script:read"] }), "/name"),
        (json!({ "name": "x", "scopes": ["instance:admin"], "app": "shop" }), "/scopes"),
        (json!({ "name": "x", "scopes": ["script:read"], "expires_at": "tomorrow" }), "/expires_at"),
    ] {
        let answer = owner.post(KEYS, &body).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), pointer, "{}", answer.json);
    }
    owner.post(KEYS, &json!({ "name": "x", "scopes": ["script:read"], "app": "none" })).await.problem(404, "not_found");
    instance.admin("eve", InstanceRole::Member).await;
    let eve = instance.log_in("eve").await;
    eve.post(KEYS, &json!({ "name": "x", "scopes": ["instance:admin"] })).await.problem(403, "auth.missing_scope");
    let of_owner = owner.get(KEYS).await.expect(200).text("/items/0/id");
    eve.delete(&format!("{KEYS}/{of_owner}")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_can_give_itself_back_and_no_other() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let (key, other) = (owner.key(&["script:read"], None).await, owner.key(&["script:read"], None).await);
    key.delete("/api/v1/admin/session").await.expect(204);
    key.get("/api/v1/admin/session").await.problem(401, "auth.required");
    other.get("/api/v1/admin/session").await.expect(200);
    owner.get("/api/v1/admin/session").await.expect(200);
    let keys = owner.get(KEYS).await.expect(200);
    assert!(!keys.at("/items/0/revoked_at").is_null() && keys.at("/items/1/revoked_at").is_null(), "{}", keys.json);
}

#[tokio::test]
async fn s_8_7_a_key_is_good_only_from_its_networks() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let body = json!({ "name": "ci", "scopes": ["script:read"], "networks": ["203.0.113.7/24", "2001:db8::1", "198.51.100.7"] });
    let made = owner.post(KEYS, &body).await.expect(201);
    assert_eq!(made.at("/networks"), &json!(["203.0.113.0/24", "2001:db8::1/128", "198.51.100.7/32"]));
    let key = instance.stranger().with("authorization", &format!("Bearer {}", made.text("/key")));
    let from = async |address: &str| key.clone().from(address).get("/api/v1/admin/apps").await;
    let refused = from("127.0.0.1").await.problem(403, "auth.key_elsewhere");
    assert!(refused.text("/detail").contains("127.0.0.1"), "{}", refused.json);
    assert!(owner.get(KEYS).await.expect(200).at("/items/0/last_used_at").is_null(), "a refused use is none");
    for address in ["203.0.113.200", "::ffff:203.0.113.9", "2001:db8::1", "198.51.100.7"] {
        from(address).await.expect(200);
    }
    for address in ["203.0.114.1", "2001:db8::2", "198.51.100.8", "0.0.0.0", "::1"] {
        from(address).await.problem(403, "auth.key_elsewhere");
    }
    // Nobody learns from it that a key is revoked.
    owner.delete(&format!("{KEYS}/{}", made.text("/id"))).await.expect(204);
    from("127.0.0.1").await.problem(401, "auth.required");

    for (networks, pointer) in
        [(json!(["10.0.0.0/33"]), "/networks/0"), (json!(["::1", "home"]), "/networks/1"), (json!(vec!["::1"; 51]), "/networks")]
    {
        let answer = owner.post(KEYS, &json!({ "name": "x", "scopes": ["script:read"], "networks": networks })).await;
        assert_eq!(answer.problem(400, "request.invalid").at("/errors/0/pointer"), pointer);
    }
}
