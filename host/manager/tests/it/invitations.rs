//! `/api/v1/admin/invitations`.

use http::header;
use serde_json::{Value, json};
use store::{AppRole, InstanceRole};

use crate::support::{Answer, Caller, Instance, PASSWORD};

const INVITATIONS: &str = "/api/v1/admin/invitations";
const ACCEPT: &str = "/api/v1/admin/invitations/accept";

async fn invite(caller: &Caller<'_>, body: &Value) -> Answer {
    caller.post(INVITATIONS, body).await.expect(201)
}

async fn accept(instance: &Instance, token: &str, username: &str) -> Answer {
    instance.stranger().post(ACCEPT, &json!({ "token": token, "username": username, "password": PASSWORD })).await
}

async fn status(owner: &Caller<'_>, id: &str) -> String {
    let listed = owner.get(INVITATIONS).await.expect(200);
    let found = listed.at("/items").as_array().unwrap().iter().find(|invitation| invitation["id"] == id).unwrap();
    found["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn s_8_8_invited_shown_once_accepted_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let made = invite(&owner, &json!({ "note": "Ada", "app": "shop", "app_role": "editor" })).await;
    let (id, token) = (made.text("/id"), made.text("/token"));
    assert!(token.starts_with("pic_inv_") && token.len() == 44, "{token}");
    assert_eq!((made.text("/status"), made.text("/role")), ("pending".into(), "member".into()));
    assert!(made.text("/expires_at").starts_with("2027-01-18"), "72 hours: {}", made.json);
    let listed = owner.get(INVITATIONS).await.expect(200);
    assert!(!String::from_utf8(listed.bytes).unwrap().contains(&token), "a token is shown once");
    // A pending invitation grants nothing, and it is no key.
    instance.stranger().with("authorization", &format!("Bearer {token}")).get("/api/v1/admin/apps").await.problem(401, "auth.required");
    let log_in = json!({ "username": "ada", "password": PASSWORD });
    instance.stranger().post("/api/v1/admin/session", &log_in).await.problem(401, "auth.login_failed");

    let accepted = accept(&instance, &token, "Ada").await.expect(201);
    assert!(!accepted.headers.contains_key(header::SET_COOKIE), "logs in nobody");
    assert_eq!((accepted.text("/admin/username"), accepted.text("/admin/role")), ("ada".into(), "member".into()));
    assert_eq!(accepted.text("/app_role"), "editor");
    let ada = instance.log_in("ada").await;
    ada.script("shop", "hello").await;
    assert_eq!(status(&owner, &id).await, "accepted");
    accept(&instance, &token, "eve").await.problem(404, "not_found");
    owner.delete(&format!("{INVITATIONS}/{id}")).await.problem(404, "not_found");
}

#[tokio::test]
async fn s_8_8_only_one_of_many_at_once_is_let_in() {
    let instance = Instance::new().await;
    let token = invite(&instance.owner().await, &json!({ "note": "x" })).await.text("/token");
    let all = (0..6).map(|number| {
        let (instance, token) = (&instance, &token);
        async move { accept(instance, token, &format!("ada{number}")).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(all).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 404, 404, 404, 404, 404]);
}

#[tokio::test]
async fn s_8_8_an_invitation_expires_and_is_revoked() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let expired = invite(&owner, &json!({ "note": "late" })).await;
    let hour = (instance.state.now() + jiff::SignedDuration::from_hours(1)).to_string();
    let short = invite(&owner, &json!({ "note": "short", "expires_at": hour })).await;
    let revoked = invite(&owner, &json!({ "note": "revoked" })).await;
    owner.delete(&format!("{INVITATIONS}/{}", revoked.text("/id"))).await.expect(204);
    accept(&instance, &revoked.text("/token"), "ada").await.problem(404, "not_found");
    instance.pass_seconds(3600);
    accept(&instance, &short.text("/token"), "ada").await.problem(404, "not_found");
    instance.pass_seconds(72 * 3600);
    accept(&instance, &expired.text("/token"), "ada").await.problem(404, "not_found");
    let owner = instance.owner().await;
    let statuses = [&expired, &short, &revoked].map(|made| made.text("/id"));
    let mut seen = Vec::new();
    for id in &statuses {
        seen.push(status(&owner, id).await);
    }
    assert_eq!(seen, ["expired", "expired", "revoked"]);
    for bad in ["", "pic_inv_", "pic_inv_000000000000000000000000000000000000", "pic_all_000000000000000000000000000000000000"] {
        accept(&instance, bad, "ada").await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn who_administers_an_app_invites_plain_members_to_it_only() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("blog").await;
    instance.member("eve", "shop", AppRole::AppAdmin).await;
    let eve = instance.log_in("eve").await;
    let body = |app: &str| json!({ "note": "x", "app": app, "app_role": "app_admin" });
    let made = invite(&eve, &body("shop")).await;
    eve.post(INVITATIONS, &body("blog")).await.problem(404, "not_found");
    eve.post(INVITATIONS, &json!({ "note": "x" })).await.problem(403, "auth.missing_scope");
    for role in ["admin", "owner"] {
        let raised = json!({ "note": "x", "app": "shop", "app_role": "viewer", "role": role });
        eve.post(INVITATIONS, &raised).await.problem(403, "auth.missing_scope");
    }
    let of_owner = invite(&owner, &json!({ "note": "x", "role": "admin" })).await.text("/id");
    let of_blog = invite(&owner, &body("blog")).await.text("/id");
    for id in [of_owner, of_blog, uuid::Uuid::now_v7().to_string()] {
        eve.delete(&format!("{INVITATIONS}/{id}")).await.problem(404, "not_found");
    }
    let listed = eve.get(&format!("{INVITATIONS}?app=shop")).await.expect(200);
    assert_eq!(listed.at("/items").as_array().unwrap().len(), 1);
    eve.delete(&format!("{INVITATIONS}/{}", made.text("/id"))).await.expect(204);
    for (body, pointer) in [
        (json!({ "note": "x", "app": "shop" }), "/app_role"),
        (json!({ "note": "", "app": "shop", "app_role": "viewer" }), "/note"),
        (json!({ "note": "x", "app": "shop", "app_role": "viewer", "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at"),
        (json!({ "note": "x", "app": "shop", "app_role": "viewer", "expires_at": "2099-01-01T00:00:00Z" }), "/expires_at"),
    ] {
        let refused = eve.post(INVITATIONS, &body).await.problem(400, "request.invalid");
        assert_eq!(refused.at("/errors/0/pointer"), pointer, "{}", refused.json);
    }
}

#[tokio::test]
async fn an_invitation_gives_what_its_maker_may_give_now() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    instance.admin("boss", InstanceRole::Admin).await;
    instance.member("eve", "shop", AppRole::AppAdmin).await;
    let (boss, eve) = (instance.log_in("boss").await, instance.log_in("eve").await);
    boss.post(INVITATIONS, &json!({ "note": "x", "role": "owner" })).await.problem(403, "auth.owner_only");
    let of_boss = invite(&boss, &json!({ "note": "x", "role": "admin" })).await.text("/token");
    let of_eve = invite(&eve, &json!({ "note": "x", "app": "shop", "app_role": "viewer" })).await.text("/token");
    let id = async |username: &str| {
        let facts = instance.state.control.login_facts(username).await.unwrap().unwrap();
        facts.admin.to_string()
    };
    owner.patch(&format!("/api/v1/admin/admins/{}", id("boss").await), &json!({ "role": "member" })).await.expect(200);
    owner.patch(&format!("/api/v1/admin/members/{}?app=shop", id("eve").await), &json!({ "role": "editor" })).await.expect(200);
    for token in [&of_boss, &of_eve] {
        accept(&instance, token, "ada").await.problem(404, "not_found");
    }
    owner.patch(&format!("/api/v1/admin/members/{}?app=shop", id("eve").await), &json!({ "role": "app_admin" })).await.expect(200);
    owner.patch(&format!("/api/v1/admin/admins/{}", id("eve").await), &json!({ "active": false })).await.expect(200);
    accept(&instance, &of_eve, "ada").await.problem(404, "not_found");
    owner.patch(&format!("/api/v1/admin/admins/{}", id("eve").await), &json!({ "active": true })).await.expect(200);
    accept(&instance, &of_eve, "ada").await.expect(201);

    let owners = invite(&owner, &json!({ "note": "x", "role": "owner" })).await.text("/token");
    assert_eq!(accept(&instance, &owners, "second").await.expect(201).text("/admin/role"), "owner");
}

#[tokio::test]
async fn who_has_an_account_accepts_with_his_own_password() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    instance.admin("ada", InstanceRole::Admin).await;
    let into_shop = json!({ "note": "x", "app": "shop", "app_role": "viewer" });
    let token = invite(&owner, &into_shop).await.text("/token");
    let wrong = json!({ "token": token, "username": "ada", "password": "a wrong password of ada" });
    instance.stranger().post(ACCEPT, &wrong).await.problem(409, "name.taken");
    let accepted = accept(&instance, &token, "ADA").await.expect(201);
    assert_eq!((accepted.text("/admin/role"), accepted.text("/app_role")), ("admin".into(), "viewer".into()), "no less than before");

    // A member already, an invitation to no app, or to a role in the instance: nothing changes, and nothing is used up.
    let again = invite(&owner, &into_shop).await.text("/token");
    accept(&instance, &again, "ada").await.problem(409, "name.taken");
    accept(&instance, &again, "bob").await.expect(201);
    for body in [json!({ "note": "x" }), json!({ "note": "x", "role": "owner", "app": "shop", "app_role": "viewer" })] {
        let token = invite(&owner, &body).await.text("/token");
        accept(&instance, &token, "bob").await.problem(409, "name.taken");
    }
}

#[tokio::test]
async fn s_8_3_accepting_is_throttled_like_a_log_in() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let token = invite(&owner, &json!({ "note": "x", "app": "shop", "app_role": "viewer" })).await.text("/token");
    let guess = json!({ "token": token, "username": "owner", "password": "a guess of his password" });
    // From a network of its own: the owner's is known.
    let stranger = instance.stranger().from("203.0.113.9");
    for _ in 0..5 {
        stranger.post(ACCEPT, &guess).await.problem(409, "name.taken");
    }
    let verified = instance.state.passwords.verifications();
    stranger.post(ACCEPT, &guess).await.problem(429, "rate.limited");
    assert_eq!(instance.state.passwords.verifications(), verified);
    let foreign = instance.stranger().with("sec-fetch-site", "cross-site");
    foreign.post(ACCEPT, &guess).await.problem(403, "auth.cross_site");
}

#[tokio::test]
async fn s_8_8_pending_invitations_are_bounded() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    instance.admin("adam", InstanceRole::Admin).await;
    let first = invite(&owner, &json!({ "note": "0" })).await.text("/id");
    for number in 1..store::PENDING_INVITATIONS_PER_MAKER_MAX {
        invite(&owner, &json!({ "note": number.to_string() })).await;
    }
    let refused = owner.post(INVITATIONS, &json!({ "note": "one more" })).await.problem(409, "limit.reached");
    assert!(refused.text("/detail").contains("100 invitations of yours"), "{}", refused.json);
    invite(&instance.log_in("adam").await, &json!({ "note": "another maker" })).await;
    owner.delete(&format!("{INVITATIONS}/{first}")).await.expect(204);
    invite(&owner, &json!({ "note": "in its place" })).await;
    owner.post(INVITATIONS, &json!({ "note": "one more" })).await.problem(409, "limit.reached");
    // What has expired is not pending.
    instance.pass_seconds(73 * 3600);
    invite(&instance.owner().await, &json!({ "note": "later" })).await;
}
