//! `/api/v1/admin/audit`, and that nothing changes without it.

use std::{collections::BTreeMap, convert::Infallible};

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::{AppRole, AuditContent, AuditFilter, InstanceRole, Page};

use crate::{
    description::operations,
    support::{Answer, Caller, Instance, PASSWORD},
    things::{About, Things, things},
};

const AUDIT: &str = "/api/v1/admin/audit";

/// What each operation that is not a GET leaves in the log: one row with this action, or, where it changes nothing, none.
const LEAVES: &[(&str, Option<&str>)] = &[
    ("POST /api/v1/admin/session", Some("session.created")),
    ("DELETE /api/v1/admin/session", Some("session.ended")),
    ("PUT /api/v1/admin/session/password", Some("password.changed")),
    ("DELETE /api/v1/admin/sessions", Some("sessions.ended")),
    ("DELETE /api/v1/admin/sessions/{id}", Some("session.ended")),
    ("POST /api/v1/admin/admins", Some("admin.created")),
    ("PATCH /api/v1/admin/admins/{id}", Some("admin.updated")),
    ("POST /api/v1/admin/admins/{id}/reset-password", Some("admin.password_reset")),
    ("POST /api/v1/admin/invitations", Some("invitation.created")),
    ("DELETE /api/v1/admin/invitations/{id}", Some("invitation.revoked")),
    ("POST /api/v1/admin/invitations/accept", Some("invitation.accepted")),
    ("POST /api/v1/admin/members", Some("member.added")),
    ("PATCH /api/v1/admin/members/{id}", Some("member.changed")),
    ("DELETE /api/v1/admin/members/{id}", Some("member.removed")),
    ("PUT /api/v1/admin/kv/{key}", Some("kv.set")),
    ("DELETE /api/v1/admin/kv/{key}", Some("kv.deleted")),
    ("PUT /api/v1/admin/files/{path}/content", Some("file.written")),
    ("DELETE /api/v1/admin/files/{path}", Some("file.deleted")),
    ("POST /api/v1/admin/queue", Some("job.enqueued")),
    ("DELETE /api/v1/admin/queue/{id}", Some("job.deleted")),
    ("DELETE /api/v1/admin/dead-letters/{id}", Some("dead_letter.deleted")),
    ("POST /api/v1/admin/dead-letters/{id}/replay", Some("dead_letter.replayed")),
    // The app as such stays what it was.
    ("POST /api/v1/admin/topics/{topic}", Some("message.published")),
    // Bytes alone change nothing: the deployment that names them leaves its row.
    ("PUT /api/v1/admin/assets/{digest}", None),
    ("POST /api/v1/admin/assets/missing", None),
    ("PUT /api/v1/admin/secrets/{name}", Some("secret.set")),
    ("DELETE /api/v1/admin/secrets/{name}", Some("secret.deleted")),
    ("POST /api/v1/admin/apps", Some("app.created")),
    ("PATCH /api/v1/admin/apps/{app}", Some("app.updated")),
    ("DELETE /api/v1/admin/apps/{app}", Some("app.deleted")),
    ("POST /api/v1/admin/domains", Some("domain.claimed")),
    ("DELETE /api/v1/admin/domains/{id}", Some("domain.released")),
    ("POST /api/v1/admin/egress", Some("egress_rule.created")),
    ("DELETE /api/v1/admin/egress/{id}", Some("egress_rule.deleted")),
    // It is verified already: that of a pending one is tested with the domains.
    ("POST /api/v1/admin/domains/{id}/verify", None),
    ("POST /api/v1/admin/scripts", Some("deployment.created")),
    ("POST /api/v1/admin/scripts/validate", None),
    ("POST /api/v1/admin/scripts/{id}/test", None),
    ("PUT /api/v1/admin/scripts/{id}", Some("deployment.created")),
    ("PATCH /api/v1/admin/scripts/{id}", Some("deployment.created")),
    ("DELETE /api/v1/admin/scripts/{id}", Some("deployment.created")),
    ("POST /api/v1/admin/routes", Some("deployment.created")),
    ("POST /api/v1/admin/routes/check", None),
    ("POST /api/v1/admin/routes/match", None),
    ("PUT /api/v1/admin/routes/{id}", Some("deployment.created")),
    ("PATCH /api/v1/admin/routes/{id}", Some("deployment.created")),
    ("DELETE /api/v1/admin/routes/{id}", Some("deployment.created")),
    ("POST /api/v1/admin/schedules", Some("deployment.created")),
    ("POST /api/v1/admin/schedules/check", None),
    ("PUT /api/v1/admin/schedules/{id}", Some("deployment.created")),
    ("PATCH /api/v1/admin/schedules/{id}", Some("deployment.created")),
    ("DELETE /api/v1/admin/schedules/{id}", Some("deployment.created")),
    ("POST /api/v1/admin/schedules/{id}/pause", Some("schedule.paused")),
    // It is not paused: that of a paused one is tested with the schedules.
    ("POST /api/v1/admin/schedules/{id}/resume", None),
    ("POST /api/v1/admin/schedules/{id}/run", Some("schedule.run")),
    ("POST /api/v1/admin/triggers", Some("deployment.created")),
    ("PUT /api/v1/admin/triggers/{id}", Some("deployment.created")),
    ("PATCH /api/v1/admin/triggers/{id}", Some("deployment.created")),
    ("DELETE /api/v1/admin/triggers/{id}", Some("deployment.created")),
    ("POST /api/v1/admin/triggers/{id}/pause", Some("trigger.paused")),
    ("POST /api/v1/admin/triggers/{id}/resume", None),
    ("POST /api/v1/admin/deployments", Some("deployment.created")),
    ("POST /api/v1/admin/deployments/{id}/preview", Some("deployment.preview_linked")),
    ("PUT /api/v1/admin/apps/{app}/split", Some("split.set")),
    ("DELETE /api/v1/admin/apps/{app}/split", Some("split.ended")),
    ("POST /api/v1/admin/apps/{app}/rollback", Some("app.rolled_back")),
    ("POST /api/v1/admin/deployments/{id}/activate", Some("deployment.activated")),
    ("POST /api/v1/admin/api-keys", Some("api_key.created")),
    ("DELETE /api/v1/admin/api-keys/{id}", Some("api_key.revoked")),
    ("POST /api/v1/admin/executions/{id}/replay", None),
    ("POST /api/v1/admin/executions/{id}/faults", None),
    // It does not activate: when it does, that is the row of an activation.
    ("POST /api/v1/admin/deployments/{id}/gate", None),
    ("POST /api/v1/execute/{id}", None),
];

/// Whether the thing that an operation is about is there before it and after it.
fn is_there(action: &str) -> (bool, bool) {
    match action {
        "session.created"
        | "admin.created"
        | "invitation.created"
        | "member.added"
        | "app.created"
        | "domain.claimed"
        | "egress_rule.created"
        | "job.enqueued"
        | "api_key.created" => (false, true),
        "session.ended"
        | "member.removed"
        | "app.deleted"
        | "domain.released"
        | "egress_rule.deleted"
        | "job.deleted"
        | "dead_letter.deleted"
        | "kv.deleted"
        | "file.deleted"
        | "secret.deleted" => (true, false),
        _ => (true, true),
    }
}

/// The newest rows, newest first.
async fn rows(instance: &Instance) -> Vec<AuditContent> {
    let store = instance.state.control.authorize_instance(&instance.owner, |_| Ok::<_, Infallible>(())).await.unwrap();
    let page = Page::new(Some(200), None).unwrap();
    let listed = store.audit(None, &AuditFilter::default(), page).await.unwrap();
    listed.items.into_iter().map(|entry| entry.content).collect()
}

/// Sends an operation about `things`, or, where it is about none of them, about something of its own.
async fn send(owner: &Caller<'_>, things: &Things, operation: &str) -> Answer {
    let (method, template) = operation.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let body = match operation {
        "POST /api/v1/admin/session" => Some(json!({ "username": "owner", "password": PASSWORD })),
        "POST /api/v1/admin/api-keys" => Some(json!({ "name": "new", "scopes": ["script:read"] })),
        "PUT /api/v1/admin/session/password" => Some(json!({ "old_password": PASSWORD, "new_password": PASSWORD })),
        "POST /api/v1/admin/invitations/accept" => Some(json!({ "token": things.token, "username": "joined", "password": PASSWORD })),
        _ => things.body(operation, About::App),
    };
    owner.send(method, &things.path(template, About::App), body.as_ref()).await
}

#[tokio::test]
async fn s_8_9_every_change_leaves_exactly_one_row() {
    let instance = Instance::new().await;
    let description = manager::openapi();
    let changing: BTreeMap<String, Option<&str>> = operations(&description)
        .into_iter()
        .filter(|operation| !operation.starts_with("GET "))
        .map(|operation| {
            let leaves = LEAVES.iter().find(|(known, _)| *known == operation);
            let leaves = leaves.unwrap_or_else(|| panic!("say in LEAVES what {operation} leaves in the audit log")).1;
            (operation, leaves)
        })
        .collect();
    assert_eq!(changing.len(), LEAVES.len(), "LEAVES names an operation that there is not");

    for (number, (operation, leaves)) in changing.iter().enumerate() {
        // Anew each time: some end all sessions.
        let owner = instance.owner().await;
        // Nobody may have more than a hundred that are pending.
        instance.database.execute("update invitations set revoked_at = now() where accepted_at is null").await;
        let mut things = things(&owner, &[], number).await;
        let mut caller = owner.clone();
        match operation.as_str() {
            // With its cookie the owner's session would be exchanged.
            "POST /api/v1/admin/session" => caller = instance.stranger(),
            "DELETE /api/v1/admin/session" => caller = instance.owner().await,
            "POST /api/v1/admin/invitations/accept" => caller = instance.stranger(),
            "DELETE /api/v1/admin/sessions/{id}" => {
                things.script = owner.get("/api/v1/admin/sessions").await.expect(200).text("/items/0/id");
            }
            _ => {}
        }
        let before = rows(&instance).await[0].id;
        let answer = send(&caller, &things, operation).await;
        let new: Vec<_> = rows(&instance).await.into_iter().take_while(|row| row.id != before).collect();
        let Some(action) = leaves else {
            assert!(new.is_empty(), "{operation} left {new:?}");
            continue;
        };
        assert!(answer.status.is_success(), "{operation}: {}", answer.json);
        let [row] = new.as_slice() else { panic!("{operation} left {new:?}") };
        let actor = if operation.ends_with("/accept") { "joined" } else { "owner" };
        assert_eq!((row.action.as_str(), row.actor.as_str()), (*action, actor), "{operation}");
        assert_eq!(row.request_id.as_deref(), Some(answer.headers["x-request-id"].to_str().unwrap()), "{operation}");
        assert_eq!(row.ip.as_deref(), Some("127.0.0.1"), "{operation}");
        assert!(row.target.is_some(), "{operation}: {row:?}");
        assert_eq!((row.before_sha256.is_some(), row.after_sha256.is_some()), is_there(action), "{operation}: {row:?}");
        let text = serde_json::to_string(row).unwrap();
        // What is called a key elsewhere is a name.
        let key = if operation.contains("/api-keys") { "/key" } else { "" };
        let shown = [key, "/token", "/password"].map(|pointer| answer.at(pointer).as_str().unwrap_or(PASSWORD));
        for secret in shown.into_iter().chain([PASSWORD, "argon2", things.token.as_str()]) {
            assert!(!text.contains(secret), "{operation}: {text}");
        }
    }
}

#[tokio::test]
async fn s_8_9_rows_are_listed_filtered_and_paged() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let script = owner.script("shop", "hello").await;
    let listed = owner.get(&format!("{AUDIT}?app=shop")).await.expect(200);
    let actions: Vec<_> = listed.at("/items").as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["deployment.created", "app.created"]);
    assert_eq!(listed.at("/items/0/details/changes/0/create_script"), &json!(script));
    assert_eq!(owner.get(&format!("{AUDIT}?action=app.created")).await.expect(200).at("/items").as_array().unwrap().len(), 2);
    assert_eq!(owner.get(&format!("{AUDIT}?actor=nobody")).await.expect(200).at("/items"), &json!([]));
    assert_eq!(owner.get(&format!("{AUDIT}?from=2100-01-01T00:00:00Z")).await.expect(200).at("/items"), &json!([]));
    let first = owner.get(&format!("{AUDIT}?limit=1")).await.expect(200);
    let next = first.text("/next_cursor");
    let second = owner.get(&format!("{AUDIT}?limit=1&cursor={next}")).await.expect(200);
    assert_ne!(first.at("/items/0/id"), second.at("/items/0/id"));
    owner.get(&format!("{AUDIT}?from=yesterday")).await.problem(400, "request.invalid");
    owner.get(&format!("{AUDIT}?ap=shop")).await.problem(400, "request.invalid");
}

#[tokio::test]
async fn s_8_9_everything_is_for_those_who_run_the_instance() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    instance.member("ada", "shop", AppRole::AppAdmin).await;
    instance.member("eve", "shop", AppRole::Editor).await;
    instance.admin("adam", InstanceRole::Admin).await;
    let (ada, eve, adam) = (instance.log_in("ada").await, instance.log_in("eve").await, instance.log_in("adam").await);
    for kind in ["", "/export", "/verify"] {
        ada.get(&format!("{AUDIT}{kind}?app=shop")).await.expect(200);
        let refused = ada.get(&format!("{AUDIT}{kind}")).await.problem(403, "auth.missing_scope");
        assert_eq!(refused.at("/missing_scope"), "instance:admin");
        let refused = eve.get(&format!("{AUDIT}{kind}?app=shop")).await.problem(403, "auth.missing_scope");
        assert_eq!(refused.at("/missing_scope"), "app:admin");
        adam.get(&format!("{AUDIT}{kind}")).await.expect(200);
    }

    let id = owner.get("/api/v1/admin/apps/shop").await.expect(200).text("/id");
    owner.delete("/api/v1/admin/apps/shop").await.expect(204);
    let left = adam.get(&format!("{AUDIT}?app={id}")).await.expect(200);
    assert_eq!(left.at("/items/0/action"), "app.deleted");
    assert_eq!(adam.get(&format!("{AUDIT}/verify?app={id}")).await.expect(200).at("/intact"), &json!(true));
    ada.get(&format!("{AUDIT}?app={id}")).await.problem(404, "not_found");
    adam.get(&format!("{AUDIT}?app={}", uuid::Uuid::now_v7())).await.problem(404, "not_found");
}

#[tokio::test]
async fn s_8_9_an_export_can_be_checked_by_anybody() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    for slug in ["shop", "other"] {
        owner.app(slug).await;
        owner.script(slug, "hello").await;
    }
    let export = owner.get(&format!("{AUDIT}/export")).await.expect(200);
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let text = String::from_utf8(export.bytes).unwrap();
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (previous, hash) = (row["previous_hash"].as_str().unwrap(), row["hash"].as_str().unwrap());
        let end = ends.entry(row["app_id"].to_string()).or_insert_with(|| "0".repeat(64));
        assert_eq!(end, previous);
        let content = format!("{}}}", line.split_once(",\"previous_hash\"").unwrap().0);
        let previous: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&previous[2 * at..2 * at + 2], 16).unwrap()).collect();
        let made: String =
            Sha256::new().chain_update(previous).chain_update(content).finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(made, hash);
        *end = made;
    }
    assert_eq!(ends.len(), 3, "two apps and the instance");
    let verdict = owner.get(&format!("{AUDIT}/verify")).await.expect(200);
    assert_eq!((verdict.at("/intact"), verdict.at("/chains"), verdict.at("/broken")), (&json!(true), &json!(3), &json!(null)));
    assert_eq!(verdict.at("/rows"), &json!(text.lines().count()));
}
