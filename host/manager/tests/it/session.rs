//! `/api/v1/admin/session`.

use http::header;
use serde_json::json;
use store::InstanceRole;

use crate::support::{Instance, ORIGIN, PASSWORD};

const SESSION: &str = "/api/v1/admin/session";

#[tokio::test]
async fn log_in_tell_who_and_log_out() {
    let instance = Instance::new().await;
    let answer = instance.stranger().post(SESSION, &json!({ "username": " Owner ", "password": PASSWORD })).await.expect(201);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("sid-dev=") && cookie.contains("HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!(answer.at("/admin/role"), "owner");

    let owner = instance.owner().await;
    let who = owner.get(SESSION).await.expect(200);
    assert_eq!(who.at("/admin/username"), "owner");
    assert!(who.at("/key").is_null() && who.text("/expires_at").starts_with("2027-01-"), "{}", who.json);
    let gone = owner.delete(SESSION).await.expect(204);
    assert!(gone.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    owner.get(SESSION).await.problem(401, "auth.required");
}

#[tokio::test]
async fn s_8_2_unknown_user_and_wrong_password_answer_alike() {
    let instance = Instance::new().await;
    instance.admin("gone", InstanceRole::Member).await;
    let mut answers = Vec::new();
    for (username, password) in [("owner", "wrong"), ("nobody", PASSWORD), ("", ""), ("owner", &"x".repeat(2000))] {
        let before = instance.state.passwords.verifications();
        let answer = instance.stranger().post(SESSION, &json!({ "username": username, "password": password })).await;
        let mut answer = answer.problem(401, "auth.login_failed");
        assert_eq!(instance.state.passwords.verifications() - before, 1, "exactly one verification for {username}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        answer.json["request_id"].take();
        answers.push(answer.json);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn s_8_3_guessing_is_slowed_down() {
    let instance = Instance::new().await;
    let guess = json!({ "username": "owner", "password": "wrong" });
    for _ in 0..5 {
        instance.stranger().post(SESSION, &guess).await.expect(401);
    }
    let refused = instance.stranger().post(SESSION, &guess).await.problem(429, "rate.limited");
    assert_eq!(refused.headers[header::RETRY_AFTER], "1");
    let verified = instance.state.passwords.verifications();
    instance.stranger().post(SESSION, &json!({ "username": "owner", "password": PASSWORD })).await.expect(429);
    assert_eq!(instance.state.passwords.verifications(), verified, "a refused attempt costs no hash");
    instance.pass_seconds(1);
    instance.owner().await.get(SESSION).await.expect(200);
}

#[tokio::test]
async fn s_8_4_sessions_end_when_idle_and_absolutely() {
    let instance = Instance::new().await;
    let idle = instance.owner().await;
    instance.pass_seconds(12 * 3600 + 61);
    idle.get(SESSION).await.problem(401, "auth.required");

    let busy = instance.owner().await;
    for _ in 0..27 {
        instance.pass_seconds(6 * 3600);
        busy.get(SESSION).await.expect(200);
    }
    instance.pass_seconds(6 * 3600);
    busy.get(SESSION).await.problem(401, "auth.required");
}

#[tokio::test]
async fn s_8_4_logging_in_again_ends_the_old_session() {
    let instance = Instance::new().await;
    let old = instance.owner().await;
    old.post(SESSION, &json!({ "username": "owner", "password": PASSWORD })).await.expect(201);
    old.get(SESSION).await.expect(401);
}

#[tokio::test]
async fn s_8_5_changes_by_cookie_come_from_this_site() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let body = json!({ "slug": "shop" });
    owner.clone().without("origin").post("/api/v1/admin/apps", &body).await.problem(403, "auth.cross_site");
    owner.clone().with("origin", "null").post("/api/v1/admin/apps", &body).await.problem(403, "auth.cross_site");
    owner.clone().with("sec-fetch-site", "cross-site").post("/api/v1/admin/apps", &body).await.problem(403, "auth.cross_site");
    let form = owner.clone().with("content-type", "text/plain");
    form.post("/api/v1/admin/apps", &body).await.problem(415, "request.media_type");
    owner.clone().without("origin").get("/api/v1/admin/apps").await.expect(200);
    owner.with("origin", "http://127.0.0.1:8080").post("/api/v1/admin/apps", &body).await.expect(201);
    let foreign = instance.stranger().with("origin", "https://evil.example");
    foreign.post(SESSION, &json!({ "username": "owner", "password": PASSWORD })).await.problem(403, "auth.cross_site");
}

#[tokio::test]
async fn s_8_5_a_cookie_does_not_help_a_bad_bearer() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    for bearer in ["Bearer pic_all_000000000000000000000000000000000000", "Bearer", "Basic eDp5", "Bearer x y"] {
        let answer = owner.clone().with("authorization", bearer).get(SESSION).await.problem(401, "auth.required");
        assert!(answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
    }
    // And a key needs no Origin.
    let key = owner.key(&["script:read", "instance:admin"], None).await;
    key.with("origin", &format!("{ORIGIN}.evil.example")).post("/api/v1/admin/apps", &json!({ "slug": "shop" })).await.expect(201);
}

#[tokio::test]
async fn an_inactive_admin_is_nobody() {
    let instance = Instance::new().await;
    let admin = instance.admin("ada", InstanceRole::Admin).await;
    let ada = instance.log_in("ada").await;
    let key = ada.key(&["script:read"], None).await;
    key.get("/api/v1/admin/apps").await.expect(200);
    let control = &instance.state.control;
    let store = control.authorize_instance(&instance.owner, |_| Ok::<_, std::convert::Infallible>(())).await.unwrap();
    store
        .update_admin(admin.id, &store::AdminUpdate { active: Some(false), ..Default::default() }, None, instance.state.now())
        .await
        .unwrap();
    ada.get(SESSION).await.expect(401);
    key.get("/api/v1/admin/apps").await.expect(401);
    instance.stranger().post(SESSION, &json!({ "username": "ada", "password": PASSWORD })).await.problem(401, "auth.login_failed");
}
