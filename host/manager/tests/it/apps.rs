//! `/api/v1/admin/apps`.

use serde_json::json;
use store::{AppRole, InstanceRole};

use crate::support::Instance;

const APPS: &str = "/api/v1/admin/apps";

const SHOP: &str = "/api/v1/admin/apps/shop";

#[tokio::test]
async fn create_read_rename_delete() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let made = owner.post(APPS, &json!({ "slug": "shop", "name": "The shop" })).await.expect(201);
    assert_eq!((made.at("/name"), made.at("/host"), made.at("/deployment")), (&json!("The shop"), &json!("shop.localhost"), &json!(null)));
    assert_eq!(made.at("/limits/fuel"), 1_000_000_000);
    let by_id = owner.get(&format!("{APPS}/{}", made.text("/id"))).await.expect(200);
    assert_eq!(by_id.json, owner.get(&format!("{APPS}/shop")).await.expect(200).json);
    assert_eq!(by_id.etag(), made.etag());

    let renamed = owner.clone().with("if-match", &made.etag()).patch(&format!("{APPS}/shop"), &json!({ "name": "Shop" })).await.expect(200);
    assert_ne!(renamed.etag(), made.etag());
    let stale = owner.clone().with("if-match", &made.etag());
    stale.patch(&format!("{APPS}/shop"), &json!({ "name": "Old" })).await.problem(412, "precondition.failed");
    stale.delete(&format!("{APPS}/shop")).await.problem(412, "precondition.failed");
    owner.delete(&format!("{APPS}/shop")).await.expect(204);
    owner.get(&format!("{APPS}/shop")).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let taken = owner.post(APPS, &json!({ "slug": "shop" })).await.problem(409, "name.taken");
    assert!(taken.text("/detail").contains("`shop`"), "{}", taken.json);
    for (body, pointer) in [
        (json!({ "slug": "Shop" }), "/slug"),
        (json!({ "slug": "a--b" }), "/slug"),
        (json!({ "slug": "admin" }), "/slug"),
        (json!({ "slug": "ok", "nmae": "x" }), "/nmae"),
        (json!({ "slug": 7 }), "/slug"),
        (json!({ "name": "x" }), "/slug"),
        (json!({ "slug": "ok", "name": " x" }), "/name"),
    ] {
        let answer = owner.post(APPS, &body).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), pointer, "{body}: {}", answer.json);
    }
    owner.get(&format!("{APPS}/ok")).await.expect(404);
}

#[tokio::test]
async fn everybody_sees_his_own() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    for slug in ["one", "two", "three"] {
        owner.app(slug).await;
    }
    instance.member("eve", "two", AppRole::Viewer).await;
    let eve = instance.log_in("eve").await;
    let seen = eve.get(APPS).await.expect(200);
    assert_eq!(seen.at("/items").as_array().unwrap().len(), 1);
    assert_eq!(seen.at("/items/0/slug"), "two");
    eve.post(APPS, &json!({ "slug": "four" })).await.problem(403, "auth.missing_scope");
    instance.admin("ada", InstanceRole::Admin).await;
    instance.log_in("ada").await.post(APPS, &json!({ "slug": "four" })).await.expect(201);

    let unbound = owner.key(&["log:read"], None).await;
    assert_eq!(unbound.get(APPS).await.problem(403, "auth.missing_scope").at("/missing_scope"), "script:read");
    let bound = owner.key(&["script:read"], Some("three")).await;
    assert_eq!(bound.get(APPS).await.expect(200).at("/items/0/slug"), "three");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    for number in 0..5 {
        instance.pass_seconds(1);
        owner.app(&format!("app{number}")).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{APPS}?limit=2");
    loop {
        let page = owner.get(&path).await.expect(200);
        seen.extend(page.at("/items").as_array().unwrap().iter().map(|app| app["slug"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.at("/next_cursor").as_str() else { break };
        path = format!("{APPS}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["app0", "app1", "app2", "app3", "app4"]);
    for (query, pointer) in
        [("limit=0", "?limit"), ("limit=201", "?limit"), ("limit=x", "?limit"), ("cursor=x", "?cursor"), ("lmit=1", "?lmit")]
    {
        let answer = owner.get(&format!("{APPS}?{query}")).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), pointer, "{}", answer.json);
    }
}

#[tokio::test]
async fn s_7_5_a_deleted_slug_is_kept_for_whoever_deleted_it() {
    let instance = Instance::new().await;
    instance.admin("adam", store::InstanceRole::Admin).await;
    let (owner, adam) = (instance.owner().await, instance.log_in("adam").await);
    owner.app("shop").await;
    owner.delete("/api/v1/admin/apps/shop").await.expect(204);
    let kept = adam.post("/api/v1/admin/apps", &json!({ "slug": "shop" })).await.problem(409, "name.taken");
    assert_eq!(kept.at("/errors/0/pointer"), "/slug");
    assert!(kept.text("/detail").contains("2027-02-14"), "30 days: {}", kept.json);
    owner.app("shop").await;
    owner.delete("/api/v1/admin/apps/shop").await.expect(204);
    instance.pass_seconds(31 * 24 * 3600);
    instance.log_in("adam").await.app("shop").await;
}

#[tokio::test]
async fn limits_are_merged_checked_and_given_back() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let made = owner.app("shop").await;
    let default = |name: &str| made.json["limits"][name].clone();
    let patched = owner.patch(SHOP, &json!({ "limits": { "fuel": 5, "memory_bytes": 33_554_433 } })).await.expect(200);
    assert_eq!((patched.at("/limits/fuel"), patched.at("/limits/wall_ms")), (&json!(5), &default("wall_ms")));
    assert_ne!(patched.etag(), made.etag());
    let patched = owner.patch(SHOP, &json!({ "limits": { "fuel": null, "wall_ms": 60_000 } })).await.expect(200);
    assert_eq!((patched.at("/limits/fuel"), patched.at("/limits/memory_bytes")), (&default("fuel"), &json!(33_554_433)));
    let named = owner.patch(SHOP, &json!({ "name": "The shop" })).await.expect(200);
    assert_eq!((named.at("/name"), named.at("/limits/wall_ms")), (&json!("The shop"), &json!(60_000)));
    owner.clone().with("if-match", &made.etag()).patch(SHOP, &json!({ "limits": null })).await.problem(412, "precondition.failed");

    for (limits, pointer, told) in [
        (json!({ "fuel": 50_000_000_001_u64 }), "/limits/fuel", "50000000000 instructions"),
        (json!({ "wall_ms": 0 }), "/limits/wall_ms", "1 to 60000 milliseconds"),
        (json!({ "memory_bytes": 1024 }), "/limits/memory_bytes", "16777216 to"),
        (json!({ "fule": 1 }), "/limits/fule", "The limits are: fuel,"),
        (json!({ "fuel": -1 }), "/limits/fuel", "invalid value"),
    ] {
        let refused = owner.patch(SHOP, &json!({ "limits": limits })).await.problem(400, "request.invalid");
        assert_eq!(refused.at("/errors/0/pointer"), pointer);
        assert!(refused.text("/detail").contains(told), "{}", refused.json);
    }
    let back = owner.patch(SHOP, &json!({ "limits": null, "name": null })).await.expect(200);
    assert_eq!((back.at("/limits"), back.at("/name")), (&made.json["limits"], &json!("shop")));
}

#[tokio::test]
async fn an_app_as_a_whole_has_limits_too() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let made = owner.app("shop").await;
    assert_eq!((made.at("/limits/concurrency"), made.at("/limits/kv_keys")), (&json!(32), &json!(1_000_000)));
    let patched = owner.patch(SHOP, &json!({ "limits": { "concurrency": 1, "kv_bytes": 0, "fuel": 7 } })).await.expect(200);
    assert_eq!(
        (patched.at("/limits/concurrency"), patched.at("/limits/kv_bytes"), patched.at("/limits/fuel")),
        (&json!(1), &json!(0), &json!(7))
    );
    for (name, value, told) in [
        ("concurrency", 0, "1 to 1000 executions"),
        ("kv_value_bytes", 1_048_577, "1 to 1048576 bytes"),
        ("client_requests_per_second", 0, "1 to 1000000 requests a second"),
    ] {
        let refused = owner.patch(SHOP, &json!({ "limits": { name: value } })).await.problem(400, "request.invalid");
        assert!(refused.text("/detail").contains(told), "{}", refused.json);
    }
    // Not to be lowered by a deployment: code says what it needs, an admin what an app may take.
    let manifest = json!({ "app": "shop", "scripts": [], "routes": [], "settings": { "limits": { "concurrency": 1 } } });
    owner.post("/api/v1/admin/deployments", &manifest).await.problem(400, "request.invalid");
}

#[tokio::test]
async fn limits_are_listed_with_the_ceilings_of_the_instance() {
    let mut ceilings = execution::Ceilings::default();
    ceilings.set("concurrency", 16).unwrap();
    ceilings.set("fuel", 2_000_000_000).unwrap();
    let instance = Instance::new().await.with_ceilings(ceilings);
    let owner = instance.owner().await;
    let listed = owner.get("/api/v1/admin/limits").await.expect(200);
    let items = listed.at("/items").as_array().unwrap();
    let limit = |name: &str| items.iter().find(|item| item["name"] == name).unwrap();
    let bounds = |name: &str| ["scope", "floor", "default", "ceiling"].map(|field| limit(name)[field].clone());
    assert_eq!(bounds("fuel"), [json!("execution"), json!(1), json!(1_000_000_000), json!(2_000_000_000_u64)]);
    assert_eq!(bounds("concurrency"), [json!("app"), json!(1), json!(16), json!(16)]);
    assert_eq!(bounds("memory_bytes")[1], json!(16 * 1024 * 1024));

    assert_eq!(owner.app("shop").await.at("/limits/concurrency"), &json!(16));
    let refused = owner.patch(SHOP, &json!({ "limits": { "concurrency": 17 } })).await.problem(400, "request.invalid");
    assert!(refused.text("/detail").contains("1 to 16 executions"), "{}", refused.json);
    owner.patch(SHOP, &json!({ "limits": { "concurrency": 16 } })).await.expect(200);
}
