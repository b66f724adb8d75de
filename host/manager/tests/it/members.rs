//! `/api/v1/admin/members`.

use serde_json::json;
use store::{AppRole, InstanceRole};

use crate::support::{Caller, Instance};

const MEMBERS: &str = "/api/v1/admin/members";

async fn apps(caller: &Caller<'_>) -> usize {
    caller.get("/api/v1/admin/apps").await.expect(200).at("/items").as_array().unwrap().len()
}

#[tokio::test]
async fn an_app_comes_and_goes_with_the_membership() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("blog").await;
    let ada = instance.admin("ada", InstanceRole::Member).await;
    let caller = instance.log_in("ada").await;
    let key = caller.key(&["script:read", "script:write"], None).await;
    assert_eq!((apps(&caller).await, apps(&key).await), (0, 0));

    let added = owner.post(MEMBERS, &json!({ "app": "shop", "admin": "ADA", "role": "viewer" })).await.expect(201);
    assert_eq!((added.text("/id"), added.text("/role")), (ada.id.to_string(), "viewer".to_owned()));
    assert_eq!((apps(&caller).await, apps(&key).await), (1, 1));
    let script = json!({ "app": "shop", "name": "x", "source": "1" });
    caller.post("/api/v1/admin/scripts", &script).await.problem(403, "auth.missing_scope");
    owner.post(MEMBERS, &json!({ "app": "shop", "admin": "ada", "role": "editor" })).await.problem(409, "name.taken");

    let path = format!("{MEMBERS}/{}?app=shop", ada.id);
    let changed = owner.clone().with("if-match", &added.etag()).patch(&path, &json!({ "role": "editor" })).await.expect(200);
    owner.clone().with("if-match", &added.etag()).patch(&path, &json!({ "role": "viewer" })).await.problem(412, "precondition.failed");
    assert_eq!(owner.get(&path).await.expect(200).etag(), changed.etag());
    caller.post("/api/v1/admin/scripts", &script).await.expect(201);

    owner.delete(&path).await.expect(204);
    assert_eq!((apps(&caller).await, apps(&key).await), (0, 0));
    for gone in [caller.get("/api/v1/admin/apps/shop").await, key.get("/api/v1/admin/apps/shop").await] {
        gone.problem(404, "not_found");
    }
    for again in [owner.delete(&path).await, owner.patch(&path, &json!({ "role": "viewer" })).await, owner.get(&path).await] {
        again.problem(404, "not_found");
    }
    owner.delete(&format!("{MEMBERS}/{}?app=blog", ada.id)).await.problem(404, "not_found");
}

#[tokio::test]
async fn who_administers_an_app_can_not_list_people() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    instance.member("eve", "shop", AppRole::AppAdmin).await;
    let ada = instance.admin("ada", InstanceRole::Member).await;
    let eve = instance.log_in("eve").await;
    for path in ["/api/v1/admin/admins", &format!("/api/v1/admin/admins/{}", ada.id), "/api/v1/admin/invitations"] {
        eve.get(path).await.problem(403, "auth.missing_scope");
    }
    let names = |answer: crate::support::Answer| {
        let items = answer.expect(200).at("/items").as_array().unwrap().clone();
        items.iter().map(|member| member["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(eve.get(&format!("{MEMBERS}?app=shop")).await), ["owner", "eve"], "only who is in the app");

    let add = async |admin: &str| eve.post(MEMBERS, &json!({ "app": "shop", "admin": admin, "role": "viewer" })).await;
    for guess in ["ad", "ada%", "a_a", "*", "", &ada.id.to_string(), "nobody"] {
        add(guess).await.problem(404, "not_found");
    }
    add("ada").await.expect(201);
    owner.post(MEMBERS, &json!({ "app": "shop", "admin": "nobody", "role": "viewer" })).await.problem(404, "not_found");
    // Guessing one name after the other is slowed down like guessing passwords.
    let refused = async {
        loop {
            let answer = add("nobody").await;
            if answer.status != 404 {
                return answer;
            }
        }
    };
    refused.await.problem(429, "rate.limited");
}

#[tokio::test]
async fn owners_name_people_by_id_too_and_roles_are_a_closed_set() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let ada = instance.admin("ada", InstanceRole::Member).await;
    let refused = owner.post(MEMBERS, &json!({ "app": "shop", "admin": "ada", "role": "owner" })).await.problem(400, "request.invalid");
    assert_eq!(refused.at("/errors/0/pointer"), "/role");
    owner.post(MEMBERS, &json!({ "app": "shop", "admin": ada.id.to_string(), "role": "app_admin" })).await.expect(201);
    let caller = instance.log_in("ada").await;
    caller.post("/api/v1/admin/apps", &json!({ "slug": "own" })).await.problem(403, "auth.missing_scope");
    caller.delete(&format!("{MEMBERS}/{}?app=shop", ada.id)).await.expect(204);
    assert_eq!(apps(&caller).await, 0);
}
