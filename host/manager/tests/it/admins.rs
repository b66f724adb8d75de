//! `/api/v1/admin/admins`.

use serde_json::{Value, json};
use store::{InstanceRole, Revoked};

use crate::support::{Caller, Instance, PASSWORD};

const ADMINS: &str = "/api/v1/admin/admins";
const SESSION: &str = "/api/v1/admin/session";

async fn id_of(owner: &Caller<'_>, username: &str) -> String {
    let listed = owner.get(ADMINS).await.expect(200);
    let found = listed.at("/items").as_array().unwrap().iter().find(|admin| admin["username"] == username);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn made_changed_and_listed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let made = owner.post(ADMINS, &json!({ "username": "Ada", "role": "member", "password": PASSWORD })).await.expect(201);
    assert_eq!((made.text("/username"), made.text("/display_name"), made.at("/password")), ("ada".into(), "ada".into(), &Value::Null));
    instance.log_in("ada").await.get(SESSION).await.expect(200);
    owner.post(ADMINS, &json!({ "username": "aDA", "role": "member", "password": PASSWORD })).await.problem(409, "name.taken");

    let path = format!("{ADMINS}/{}", made.text("/id"));
    let seen = owner.get(&path).await.expect(200).etag();
    assert_eq!(seen, made.etag());
    let changed = owner.patch(&path, &json!({ "display_name": "Ada L." })).await.expect(200);
    assert_eq!((changed.text("/display_name"), changed.text("/role")), ("Ada L.".into(), "member".into()));
    owner.clone().with("if-match", &seen).patch(&path, &json!({ "role": "admin" })).await.problem(412, "precondition.failed");
    owner.clone().with("if-match", &changed.etag()).patch(&path, &json!({ "role": "admin" })).await.expect(200);
    assert_eq!(owner.get(ADMINS).await.expect(200).at("/items/1/role"), "admin");

    for (body, pointer) in [
        (json!({ "username": "a b", "role": "member" }), "/username"),
        (json!({ "username": "ädä", "role": "member" }), "/username"),
        (json!({ "username": "x", "role": "king" }), "/role"),
        (json!({ "username": "x", "role": "member", "password": "short" }), "/password"),
        (json!({ "username": "x", "role": "member", "display_name": " " }), "/display_name"),
    ] {
        let refused = owner.post(ADMINS, &body).await.problem(400, "request.invalid");
        assert_eq!(refused.at("/errors/0/pointer"), pointer, "{}", refused.json);
    }
}

#[tokio::test]
async fn s_8_8_a_password_that_is_made_is_shown_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let made = owner.post(ADMINS, &json!({ "username": "ada", "role": "member" })).await.expect(201);
    let log_in = async |password: &str| instance.stranger().post(SESSION, &json!({ "username": "ada", "password": password })).await;
    log_in(&made.text("/password")).await.expect(201);

    let path = format!("{ADMINS}/{}/reset-password", made.text("/id"));
    let reset = owner.send(http::Method::POST, &path, None).await.expect(200).text("/password");
    assert_ne!(reset, made.text("/password"));
    log_in(&made.text("/password")).await.problem(401, "auth.login_failed");
    log_in(&reset).await.expect(201);
    for shown in [owner.get(ADMINS).await, owner.get(&format!("{ADMINS}/{}", made.text("/id"))).await] {
        assert!(!String::from_utf8(shown.expect(200).bytes).unwrap().contains("password"));
    }
}

#[tokio::test]
async fn s_8_4_deactivation_reset_and_another_role_end_sessions_at_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let mut listener = instance.database.store.listener();
    assert_eq!(listener.next().await, store::Event::Resync);
    let mut admins = Vec::new();
    for name in ["inactive", "promoted", "forgetful", "renamed"] {
        admins.push(instance.admin(name, InstanceRole::Member).await);
    }
    for (admin, (method, suffix, body)) in admins.iter().zip([
        (http::Method::PATCH, "", Some(json!({ "active": false }))),
        (http::Method::PATCH, "", Some(json!({ "role": "admin" }))),
        (http::Method::POST, "/reset-password", None),
    ]) {
        let session = instance.log_in(&admin.username).await;
        let key = session.key(&["script:read"], None).await;
        owner.send(method, &format!("{ADMINS}/{}{suffix}", admin.id), body.as_ref()).await.expect(200);
        session.get(SESSION).await.problem(401, "auth.required");
        assert_eq!(listener.next().await, store::Event::Revoked(Revoked::Admin(admin.id)), "every node hears of {}", admin.username);
        let key_works = key.get("/api/v1/admin/apps").await.status == 200;
        assert_eq!(key_works, admin.username == "promoted", "another role leaves keys as good as he is now");
    }
    let renamed = instance.log_in("renamed").await;
    owner.patch(&format!("{ADMINS}/{}", admins[3].id), &json!({ "display_name": "R" })).await.expect(200);
    renamed.get(SESSION).await.expect(200);
}

#[tokio::test]
async fn s_8_7_keys_of_an_inactive_admin_are_dead_for_good() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let ada = instance.admin("ada", InstanceRole::Admin).await;
    let key = instance.log_in("ada").await.key(&["script:read", "instance:admin"], None).await;
    let path = format!("{ADMINS}/{}", ada.id);
    owner.patch(&path, &json!({ "active": false })).await.expect(200);
    key.get(ADMINS).await.problem(401, "auth.required");
    owner.patch(&path, &json!({ "active": true })).await.expect(200);
    key.get(ADMINS).await.problem(401, "auth.required");
    instance.log_in("ada").await.key(&["instance:admin"], None).await.get(ADMINS).await.expect(200);
}

#[tokio::test]
async fn s_8_7_a_reset_of_the_password_revokes_keys_unless_told_otherwise() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let ada = instance.admin("ada", InstanceRole::Member).await;
    let ada_in = instance.log_in("ada").await;
    let key = ada_in.key(&["script:read"], None).await;
    let path = format!("{ADMINS}/{}/reset-password", ada.id);
    owner.post(&path, &json!({ "revoke_keys": false })).await.expect(200);
    key.get("/api/v1/admin/apps").await.expect(200);
    owner.post(&path, &json!({ "revoke_key": true })).await.problem(400, "request.invalid");
    owner.post(&path, &json!({})).await.expect(200);
    key.get("/api/v1/admin/apps").await.problem(401, "auth.required");
    let log = owner.get("/api/v1/admin/audit?action=admin.password_reset").await.expect(200);
    assert_eq!((log.at("/items/0/details/keys_revoked"), log.at("/items/1/details/keys_revoked")), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn only_an_owner_touches_an_owner() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let me = id_of(&owner, "owner").await;
    let ada = instance.admin("ada", InstanceRole::Admin).await;
    let admin = instance.log_in("ada").await;
    let key = admin.key(&["instance:admin"], None).await;
    for caller in [&admin, &key] {
        caller.post(ADMINS, &json!({ "username": "eve", "role": "owner", "password": PASSWORD })).await.problem(403, "auth.owner_only");
        for body in [json!({ "role": "member" }), json!({ "active": false }), json!({ "display_name": "x" }), json!({})] {
            caller.patch(&format!("{ADMINS}/{me}"), &body).await.problem(403, "auth.owner_only");
        }
        caller.patch(&format!("{ADMINS}/{}", ada.id), &json!({ "role": "owner" })).await.problem(403, "auth.owner_only");
        let reset = caller.send(http::Method::POST, &format!("{ADMINS}/{me}/reset-password"), None).await;
        reset.problem(403, "auth.owner_only");
    }
    admin.post(ADMINS, &json!({ "username": "bob", "role": "admin", "password": PASSWORD })).await.expect(201);
    owner.patch(&format!("{ADMINS}/{}", ada.id), &json!({ "role": "owner" })).await.expect(200);
    assert_eq!(instance.state.control.owners().await.unwrap(), 2);
}

#[tokio::test]
async fn the_last_active_owner_stays() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let path = format!("{ADMINS}/{}", id_of(&owner, "owner").await);
    for body in [json!({ "role": "admin" }), json!({ "active": false }), json!({ "role": "member", "active": false })] {
        owner.patch(&path, &body).await.problem(409, "in_use");
    }
    let second = instance.admin("second", InstanceRole::Owner).await;
    owner.patch(&format!("{ADMINS}/{}", second.id), &json!({ "active": false })).await.expect(200);
    owner.patch(&path, &json!({ "role": "admin" })).await.problem(409, "in_use");
    owner.patch(&format!("{ADMINS}/{}", second.id), &json!({ "active": true })).await.expect(200);
    owner.patch(&path, &json!({ "role": "admin" })).await.expect(200);
    owner.get(SESSION).await.problem(401, "auth.required");
}
