//! `/api/v1/admin/sessions` and `/api/v1/admin/session/password`.

use http::header;
use serde_json::json;
use store::InstanceRole;

use crate::support::{Instance, ORIGIN, PASSWORD};

const SESSION: &str = "/api/v1/admin/session";
const SESSIONS: &str = "/api/v1/admin/sessions";
const OTHER: &str = "quite another password";

#[tokio::test]
async fn s_8_4_sessions_are_listed_and_ended() {
    let instance = Instance::new().await;
    instance.admin("eve", InstanceRole::Owner).await;
    let (here, there, third) = (instance.owner().await, instance.owner().await, instance.owner().await);
    let eve = instance.log_in("eve").await;
    let listed = here.get(SESSIONS).await.expect(200);
    let items = listed.at("/items").as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().map(|session| session["current"].as_bool().unwrap()).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(items[0]["ip"], "127.0.0.1");

    let newest = items[0]["id"].as_str().unwrap();
    eve.delete(&format!("{SESSIONS}/{newest}")).await.problem(404, "not_found");
    here.delete(&format!("{SESSIONS}/{newest}")).await.expect(204);
    third.get(SESSION).await.problem(401, "auth.required");
    there.get(SESSION).await.expect(200);
    here.delete(SESSIONS).await.expect(204);
    there.get(SESSION).await.problem(401, "auth.required");
    eve.get(SESSION).await.expect(200);
    assert_eq!(here.get(SESSIONS).await.expect(200).at("/items").as_array().unwrap().len(), 1);

    instance.pass_seconds(12 * 3600 + 61);
    let later = instance.owner().await;
    assert_eq!(later.get(SESSIONS).await.expect(200).at("/items").as_array().unwrap().len(), 1, "an idle session has ended");
    let key = later.key(&["script:read"], None).await;
    key.get(SESSIONS).await.problem(403, "auth.session_only");
}

#[tokio::test]
async fn s_8_4_a_new_password_ends_the_others_and_rotates_this_one() {
    let instance = Instance::new().await;
    let (here, there) = (instance.owner().await, instance.owner().await);
    let path = format!("{SESSION}/password");
    let wrong = here.put(&path, &json!({ "old_password": OTHER, "new_password": OTHER })).await.problem(400, "request.invalid");
    assert_eq!(wrong.at("/errors/0/pointer"), "/old_password");
    let short = here.put(&path, &json!({ "old_password": PASSWORD, "new_password": "short" })).await.problem(400, "request.invalid");
    assert_eq!(short.at("/errors/0/pointer"), "/new_password");
    there.get(SESSION).await.expect(200);

    let changed = here.put(&path, &json!({ "old_password": PASSWORD, "new_password": OTHER })).await.expect(204);
    let cookie = changed.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Lax") && cookie.contains("Max-Age=604800"), "{cookie}");
    for old in [&here, &there] {
        old.get(SESSION).await.problem(401, "auth.required");
    }
    let rotated = instance.stranger().with("cookie", cookie.split(';').next().unwrap()).with("origin", ORIGIN);
    rotated.get(SESSION).await.expect(200);
    for (password, status) in [(PASSWORD, 401), (OTHER, 201)] {
        instance.stranger().post(SESSION, &json!({ "username": "owner", "password": password })).await.expect(status);
    }
}

#[tokio::test]
async fn s_8_3_a_stolen_session_does_not_guess_the_password() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let guess = json!({ "old_password": "wrong", "new_password": OTHER });
    for _ in 0..5 {
        owner.put(&format!("{SESSION}/password"), &guess).await.problem(400, "request.invalid");
    }
    owner.put(&format!("{SESSION}/password"), &guess).await.problem(429, "rate.limited");
}
