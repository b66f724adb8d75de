//! What every answer gets, and what belongs to no resource.

use http::Method;
use serde_json::json;

use crate::support::Instance;

#[tokio::test]
async fn failures_of_the_router_are_problems_too() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.get("/nowhere").await.problem(404, "not_found");
    owner.get("/api/v1/admin/").await.problem(404, "not_found");
    let wrong_method = owner.put("/api/v1/admin/apps", &json!({})).await.problem(405, "method_not_allowed");
    let allow = wrong_method.headers["allow"].to_str().unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    let mut request = owner.request(Method::POST, "/api/v1/admin/apps", Some(&json!({})));
    *request.body_mut() = "{\"slug\": ".into();
    let malformed = instance.send(request).await.problem(400, "request.malformed");
    assert!(malformed.text("/detail").contains("line 1, column 9"), "{}", malformed.json);
    owner.post("/api/v1/admin/apps", &json!({ "slug": "x".repeat(2 * 1024 * 1024) })).await.problem(413, "request.too_large");
    owner.send(Method::POST, "/api/v1/admin/apps", None).await.problem(415, "request.media_type");
}

#[tokio::test]
async fn the_request_s_id_is_the_caller_s_if_it_is_well_formed() {
    let instance = Instance::new().await;
    let given = instance.stranger().with("x-request-id", "abc-1").get("/nowhere").await.problem(404, "not_found");
    assert_eq!(given.at("/request_id"), "abc-1");
    for bad in ["a b", "<script>", &"x".repeat(129)] {
        let made = instance.stranger().with("x-request-id", bad).get("/healthz").await.expect(200);
        assert!(made.headers["x-request-id"].to_str().unwrap().parse::<uuid::Uuid>().is_ok());
    }
}

#[tokio::test]
async fn status_pages() {
    let instance = Instance::new().await;
    let stranger = instance.stranger();
    assert_eq!(stranger.get("/healthz").await.expect(200).bytes, b"ok");
    assert_eq!(stranger.get("/readyz").await.expect(200).json, json!({ "status": "degraded", "detail": "The database is away." }));
    let version = stranger.get("/version").await.expect(200);
    assert_eq!((version.at("/api"), version.at("/schema")), (&json!("1"), &json!(4)));
    let limits = instance.owner().await.get("/api/v1/admin/limits").await.expect(200);
    assert_eq!((limits.at("/items/0/name"), limits.at("/items/0/default")), (&json!("fuel"), &json!(1_000_000_000_u64)));
    instance.stranger().get("/api/v1/admin/limits").await.problem(401, "auth.required");
}

#[tokio::test]
async fn s_4_12_every_answer_has_the_headers_that_browsers_need() {
    let instance = Instance::new().await;
    for path in ["/healthz", "/nowhere", "/openapi.json", "/api/v1/admin/apps"] {
        let answer = instance.stranger().get(path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
}

#[tokio::test]
async fn s_9_3_without_a_database_the_answer_is_503() {
    let instance = Instance::new().await;
    let key = instance.owner().await.key(&["script:read"], None).await;
    instance.database.store.close().await;
    let answer = key.get("/api/v1/admin/apps").await.problem(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(instance.stranger().get("/healthz").await.expect(200).bytes, b"ok");
}
