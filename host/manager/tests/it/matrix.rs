//! Every operation, sent by every kind of caller, against `docs/permissions.toml` (S-8.6). No operation may be missing.

use execution::{Logs, Outcome, Response, Usage};
use http::Method;
use manager::Invoked;
use serde_json::{Value, json};
use store::{AppRole, InstanceRole};
use uuid::Uuid;

use crate::{
    logs::run,
    support::{Answer, Caller, Instance},
};

/// One of everything, in an app of its own.
pub(crate) struct Things {
    slug: String,
    pub(crate) script: String,
    route: String,
    deployment: String,
    domain: String,
    execution: String,
}

pub(crate) async fn things(owner: &Caller<'_>, members: &[(store::AdminId, AppRole)], number: usize) -> Things {
    let slug = format!("app{number}");
    owner.app(&slug).await;
    let script = owner.script(&slug, "hello").await;
    let route = json!({ "app": slug, "script": script, "path": "/x" });
    let route = owner.post("/api/v1/admin/routes", &route).await.expect(201).text("/id");
    let domain = json!({ "app": slug, "host": format!("{slug}.example.com") });
    let domain = owner.post("/api/v1/admin/domains", &domain).await.expect(201).text("/id");
    let deployment = owner.get(&format!("/api/v1/admin/deployments?app={slug}")).await.expect(200).text("/items/0/id");
    let split = json!({ "deployment": 1, "percent": 50 });
    owner.put(&format!("/api/v1/admin/apps/{slug}/split"), &split).await.expect(200);
    let execution = run(owner.instance, &slug, &script, &["line"], None).await.to_string();
    for (admin, role) in members {
        owner.instance.open(&slug).await.put_member(*admin, *role, owner.instance.state.now()).await.unwrap();
    }
    Things { slug, script, route, deployment, domain, execution }
}

impl Things {
    /// The path of an operation, about these things.
    pub(crate) fn path(&self, template: &str) -> String {
        let id = match template.trim_start_matches("/api/v1/admin/").split('/').next().unwrap() {
            "scripts" => &self.script,
            "routes" => &self.route,
            "deployments" => &self.deployment,
            "domains" => &self.domain,
            "executions" => &self.execution,
            _ => &self.script,
        };
        let path = template.replace("{app}", &self.slug).replace("{id}", id);
        let filtered = [
            "scripts",
            "routes",
            "deployments",
            "activations",
            "domains",
            "executions",
            "logs",
            "logs/stream",
            "audit",
            "audit/export",
            "audit/verify",
        ];
        if filtered.iter().any(|name| template == format!("/api/v1/admin/{name}")) { format!("{path}?app={}", self.slug) } else { path }
    }

    /// A good body for an operation.
    pub(crate) fn body(&self, operation: &str) -> Option<Value> {
        let (slug, script) = (&self.slug, &self.script);
        Some(match operation {
            "POST /api/v1/admin/apps" => json!({ "slug": format!("{slug}-new") }),
            "PATCH /api/v1/admin/apps/{app}" => json!({ "name": "New" }),
            "POST /api/v1/admin/domains" => json!({ "app": slug, "host": format!("{slug}.example.net") }),
            "POST /api/v1/admin/scripts" => json!({ "app": slug, "name": "new", "source": "1" }),
            "POST /api/v1/admin/scripts/validate" => json!({ "source": "1" }),
            "PUT /api/v1/admin/scripts/{id}" => json!({ "name": "new", "source": "1" }),
            "PATCH /api/v1/admin/scripts/{id}" => json!({ "source": "1" }),
            "POST /api/v1/admin/deployments" => json!({
                "app": slug, "message": "All", "scripts": [{ "name": "new", "source": "1" }], "routes": [{ "script": "new", "path": "/n" }],
                "settings": { "limits": { "fuel": 1000 } }, "expected": 2, "dry_run": false, "activate": true,
            }),
            "POST /api/v1/admin/deployments/{id}/preview" => json!({ "expires_in_seconds": 60 }),
            "PUT /api/v1/admin/apps/{app}/split" => json!({
                "deployment": 1, "percent": 5, "sticky": "cookie:visitor", "stop_above_error_rate": 5, "window_requests": 50,
            }),
            "POST /api/v1/admin/apps/{app}/rollback" => json!({ "to": 1, "message": "Back" }),
            "POST /api/v1/admin/routes" => json!({ "app": slug, "script": script, "path": "/y" }),
            "POST /api/v1/admin/routes/check" | "POST /api/v1/admin/routes/match" => json!({ "app": slug, "path": "/x" }),
            "PUT /api/v1/admin/routes/{id}" => json!({ "script": script, "path": "/z" }),
            "PATCH /api/v1/admin/routes/{id}" => json!({ "path": "/z" }),
            _ => return None,
        })
    }

    async fn send(&self, caller: &Caller<'_>, operation: &str) -> Answer {
        let (method, template) = operation.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        // A GET has no body; of a POST without fields (activate, verify) none is asked for.
        caller.send(method, &self.path(template), self.body(operation).as_ref()).await
    }
}

#[derive(Debug, PartialEq)]
enum Expected {
    Done,
    Missing(String),
    Hidden,
}

fn words(value: &toml::Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// What the oracle says of a person's role; `without` is a scope that the key lacks.
fn expected(oracle: &toml::Table, action: &str, role: &str, without: Option<&str>) -> Expected {
    let entry = &oracle["actions"][action];
    if role == "none" && entry["target"].as_str() == Some("app") {
        return Expected::Hidden;
    }
    let held = |scope: &&&str| words(&oracle["scopes"][**scope]["roles"]).contains(&role) && without != Some(**scope);
    let scopes = words(&entry["scopes"]);
    match scopes.iter().find(|scope| !held(scope)) {
        None => Expected::Done,
        Some(scope) => Expected::Missing((*scope).to_owned()),
    }
}

fn check(answer: &Answer, expected: &Expected, what: &str) {
    match expected {
        Expected::Done => assert!(answer.status.is_success(), "{what}: {} {}", answer.status, answer.json),
        Expected::Hidden => {
            assert_eq!((answer.status.as_u16(), answer.at("/type")), (404, &json!("/problems/not_found")), "{what}: {}", answer.json)
        }
        Expected::Missing(scope) => {
            assert_eq!((answer.status.as_u16(), answer.at("/missing_scope")), (403, &json!(scope)), "{what}: {}", answer.json);
        }
    }
}

/// Everybody who may send something.
struct Callers<'a> {
    /// Role, session, and a key with all scopes that the role's person can give.
    roles: Vec<(&'static str, Caller<'a>, Caller<'a>)>,
    /// Of the owner: a scope, and a key with all the others.
    lacking: Vec<(&'a str, Caller<'a>)>,
    /// Of the owner, for the app `elsewhere`.
    bound_elsewhere: Caller<'a>,
    /// Nobody, and somebody with a key that is none.
    strangers: [Caller<'a>; 2],
    /// To be made members of each app.
    members: Vec<(store::AdminId, AppRole)>,
}

async fn callers<'a>(instance: &'a Instance, all: &[&'a str]) -> Callers<'a> {
    let owner = instance.owner().await;
    owner.app("elsewhere").await;
    instance.admin("admin", InstanceRole::Admin).await;
    instance.admin("none", InstanceRole::Member).await;
    let mut members = Vec::new();
    for (name, role) in [("app_admin", AppRole::AppAdmin), ("editor", AppRole::Editor), ("viewer", AppRole::Viewer)] {
        members.push((instance.admin(name, InstanceRole::Member).await.id, role));
    }
    let of_an_app: Vec<&str> = all.iter().copied().filter(|scope| *scope != "instance:admin").collect();
    let mut roles = Vec::new();
    for name in ["owner", "admin", "app_admin", "editor", "viewer", "none"] {
        let session = instance.log_in(name).await;
        let key = session.key(if matches!(name, "owner" | "admin") { all } else { &of_an_app }, None).await;
        roles.push((name, session, key));
    }
    let mut lacking = Vec::new();
    for scope in all {
        let rest: Vec<&str> = all.iter().copied().filter(|other| other != scope).collect();
        lacking.push((*scope, owner.key(&rest, None).await));
    }
    let bad_key = instance.stranger().with("authorization", "Bearer pic_all_000000000000000000000000000000000000");
    let bound_elsewhere = owner.key(&of_an_app, Some("elsewhere")).await;
    Callers { roles, lacking, bound_elsewhere, strangers: [instance.stranger(), bad_key], members }
}

#[tokio::test]
async fn s_8_6_every_operation_by_every_role_and_scope() {
    let instance = Instance::new().await;
    let answer = Outcome { result: Ok(Response { status: 200, ..Response::default() }), usage: Usage::default(), logs: Logs::default() };
    *instance.plane.answer.lock().unwrap() = Some(Ok(Invoked { execution_id: Uuid::nil(), outcome: answer }));
    let oracle: toml::Table = toml::from_str(include_str!("../../../../docs/permissions.toml")).unwrap();
    let all: Vec<&str> = oracle["scopes"].as_table().unwrap().keys().map(String::as_str).collect();
    let callers = callers(&instance, &all).await;
    let owner = &callers.roles[0].1;

    let mut number = 0;
    for (operation, permission) in oracle["operations"].as_table().unwrap() {
        let permission = permission.as_str().unwrap();
        let mut fresh = async || {
            number += 1;
            things(owner, &callers.members, number).await
        };
        if permission == "public" {
            continue;
        }
        let target = fresh().await;
        for stranger in &callers.strangers {
            let answer = target.send(stranger, operation).await;
            assert_eq!(answer.status, 401, "{operation}: {}", answer.json);
        }
        let Some(action) = permission.split(':').next_back().filter(|word| oracle["actions"].get(word).is_some()) else {
            let key = target.send(&callers.roles[0].2, operation).await;
            assert_eq!(key.status.is_success(), permission == "self", "{operation}: {}", key.json);
            continue;
        };
        let (only_keys, is_list) = (permission.starts_with("key:"), permission.starts_with("list:"));
        for (role, session, key) in &callers.roles {
            // A list shows what one may see: for nobody, nothing.
            let expected = if is_list { Expected::Done } else { expected(&oracle, action, role, None) };
            let of_session = fresh().await.send(session, operation).await;
            if only_keys {
                assert_eq!(of_session.at("/type"), "/problems/auth.key_only", "{operation} {role}");
            } else {
                check(&of_session, &expected, &format!("{operation} by {role}'s session"));
            }
            check(&fresh().await.send(key, operation).await, &expected, &format!("{operation} by {role}'s key"));
        }
        for (scope, key) in &callers.lacking {
            let expected = expected(&oracle, action, "owner", Some(scope));
            check(&fresh().await.send(key, operation).await, &expected, &format!("{operation} without {scope}"));
        }
        let on_app = oracle["actions"][action]["target"].as_str() == Some("app");
        let expected = match (is_list, on_app) {
            (true, _) => Expected::Done,
            (false, true) => Expected::Hidden,
            (false, false) => Expected::Missing("instance:admin".to_owned()),
        };
        let elsewhere = fresh().await.send(&callers.bound_elsewhere, operation).await;
        check(&elsewhere, &expected, &format!("{operation} by a key bound elsewhere"));
    }
}
