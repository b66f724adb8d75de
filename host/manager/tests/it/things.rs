//! One of everything that the API is about, and a good request for each operation.

use http::Method;
use serde_json::{Value, json};
use store::{AppRole, InstanceRole, Person};

use crate::{
    logs::run,
    support::{Answer, Caller, PASSWORD},
};

/// One of everything, in an app of its own.
pub(crate) struct Things {
    pub(crate) slug: String,
    pub(crate) script: String,
    route: String,
    schedule: String,
    trigger: String,
    deployment: String,
    domain: String,
    egress_rule: String,
    job: String,
    dead_letter: String,
    execution: String,
    /// Somebody who is in no app.
    pub(crate) person: store::Admin,
    /// A member of the app: who made it.
    pub(crate) member: String,
    /// To the app, and to the instance only.
    pub(crate) invitations: [String; 2],
    /// Of the first of them.
    pub(crate) token: String,
    /// Bound to the app, and to nothing; the owner's.
    pub(crate) keys: [String; 2],
}

/// What is sent for an asset.
const ASSET: &str = r#"{"asset":"bytes"}"#;

/// What an operation is about, where it can be about several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum About {
    App,
    Instance,
}

/// Makes them. Boxed: it holds as much as everything that it asks.
pub(crate) async fn things(owner: &Caller<'_>, members: &[(store::AdminId, AppRole)], number: usize) -> Things {
    Box::pin(make(owner, members, number)).await
}

async fn make(owner: &Caller<'_>, members: &[(store::AdminId, AppRole)], number: usize) -> Things {
    let slug = format!("app{number}");
    owner.app(&slug).await;
    let script = owner.script(&slug, "hello").await;
    let route = json!({ "app": slug, "script": script, "path": "/x" });
    let route = owner.post("/api/v1/admin/routes", &route).await.expect(201).text("/id");
    let schedule = json!({ "app": slug, "name": "nightly", "script": script, "on": { "cron": "@daily" } });
    let schedule = owner.post("/api/v1/admin/schedules", &schedule).await.expect(201).text("/id");
    let trigger = json!({ "app": slug, "name": "on-thing", "script": script, "on": { "kind": "kv", "prefix": "things/" } });
    let trigger = owner.post("/api/v1/admin/triggers", &trigger).await.expect(201).text("/id");
    let domain = json!({ "app": slug, "host": format!("{slug}.example.com") });
    let domain = owner.post("/api/v1/admin/domains", &domain).await.expect(201).text("/id");
    let egress_rule = json!({ "app": slug, "host": "api.example.com" });
    let egress_rule = owner.post("/api/v1/admin/egress", &egress_rule).await.expect(201).text("/id");
    let deployment = owner.get(&format!("/api/v1/admin/deployments?app={slug}")).await.expect(200).text("/items/0/id");
    let split = json!({ "deployment": 1, "percent": 50 });
    owner.put(&format!("/api/v1/admin/apps/{slug}/split"), &split).await.expect(200);
    owner.put(&format!("/api/v1/admin/kv/thing?app={slug}"), &json!({ "value": [1] })).await.expect(200);
    owner.put(&format!("/api/v1/admin/files/thing%2F1/content?app={slug}"), &json!("bytes")).await.expect(200);
    owner.put(&format!("/api/v1/admin/secrets/THING?app={slug}"), &json!({ "value": "hunter2" })).await.expect(200);
    let mut jobs = [String::new(), String::new()];
    for job in &mut jobs {
        *job = owner.post("/api/v1/admin/queue", &json!({ "app": slug, "script": "hello", "payload": 1 })).await.expect(201).text("/id");
    }
    let [job, dead_letter] = jobs;
    owner.instance.database.execute(&format!("update jobs set died_at = now() where id = '{dead_letter}'")).await;
    let execution = run(owner.instance, &slug, &script, &["line"], None).await.to_string();
    let app = owner.instance.open(&slug).await;
    for (admin, role) in members {
        app.add_member(&Person::Id(*admin), *role, owner.instance.state.now()).await.unwrap();
    }
    let person = owner.instance.admin(&format!("person{number}"), InstanceRole::Member).await;
    let member = owner.instance.owner.admin().to_string();
    let into_app = json!({ "note": "x", "app": slug, "app_role": "viewer" });
    let mut invitations = [String::new(), String::new()];
    let mut tokens = Vec::new();
    for (id, body) in invitations.iter_mut().zip([into_app, json!({ "note": "x", "role": "member" })]) {
        let made = owner.post("/api/v1/admin/invitations", &body).await.expect(201);
        *id = made.text("/id");
        tokens.push(made.text("/token"));
    }
    let mut keys = [String::new(), String::new()];
    for (id, app) in keys.iter_mut().zip([Some(&slug), None]) {
        let body = json!({ "name": "x", "scopes": ["script:read"], "app": app });
        *id = owner.post("/api/v1/admin/api-keys", &body).await.expect(201).text("/id");
    }
    Things {
        slug,
        script,
        route,
        schedule,
        trigger,
        deployment,
        domain,
        egress_rule,
        job,
        dead_letter,
        execution,
        person,
        member,
        invitations,
        token: tokens.swap_remove(0),
        keys,
    }
}

impl Things {
    /// The path of an operation, about these things.
    pub(crate) fn path(&self, template: &str, about: About) -> String {
        let person = self.person.id.to_string();
        let id = match template.trim_start_matches("/api/v1/admin/").split('/').next().unwrap() {
            "scripts" => &self.script,
            "routes" => &self.route,
            "schedules" => &self.schedule,
            "triggers" => &self.trigger,
            "deployments" => &self.deployment,
            "domains" => &self.domain,
            "egress" => &self.egress_rule,
            "queue" => &self.job,
            "dead-letters" => &self.dead_letter,
            "executions" | "recordings" => &self.execution,
            "admins" => &person,
            "members" => &self.member,
            "invitations" => &self.invitations[about as usize],
            "api-keys" => &self.keys[about as usize],
            _ => &self.script,
        };
        let path = template
            .replace("{app}", &self.slug)
            .replace("{id}", id)
            .replace("{key}", "thing")
            .replace("{name}", "THING")
            .replace("{path}", "thing%2F1")
            .replace("{topic}", "things%2F1")
            .replace("{digest}", &store::Digest::of(ASSET.as_bytes()).to_string());
        let of_an_app = [
            "scripts",
            "routes",
            "schedules",
            "triggers",
            "deployments",
            "activations",
            "domains",
            "egress",
            "queue",
            "dead-letters",
            "executions",
            "recordings",
            "usage",
            "logs",
            "logs/stream",
            "members",
            "members/{id}",
            "kv",
            "kv/{key}",
            "files",
            "files/{path}",
            "files/{path}/content",
            "topics",
            "topics/{topic}",
            "assets",
            "assets/{digest}",
            "secrets",
            "secrets/{name}",
        ];
        let of_both = ["invitations", "audit", "audit/export", "audit/verify", "api-keys"];
        let is = |names: &[&str]| names.iter().any(|name| template == format!("/api/v1/admin/{name}"));
        match about {
            _ if is(&of_an_app) => format!("{path}?app={}", self.slug),
            About::App if is(&of_both) => format!("{path}?app={}", self.slug),
            About::Instance if is(&["api-keys"]) => format!("{path}?made_by=anybody"),
            About::App | About::Instance => path,
        }
    }

    /// A good body for an operation.
    pub(crate) fn body(&self, operation: &str, about: About) -> Option<Value> {
        let (slug, script) = (&self.slug, &self.script);
        Some(match (operation, about) {
            ("POST /api/v1/admin/apps", _) => json!({ "slug": format!("{slug}-new") }),
            ("PATCH /api/v1/admin/apps/{app}", _) => json!({ "name": "New" }),
            ("POST /api/v1/admin/admins", _) => json!({ "username": format!("{slug}-new"), "role": "member", "password": PASSWORD }),
            ("PATCH /api/v1/admin/admins/{id}", _) => json!({ "display_name": "New", "role": "admin", "active": true }),
            ("POST /api/v1/admin/admins/{id}/reset-password", _) => json!({ "revoke_keys": true }),
            ("POST /api/v1/admin/invitations", About::App) => json!({ "note": "new", "app": slug, "app_role": "viewer" }),
            ("POST /api/v1/admin/invitations", About::Instance) => json!({ "note": "new", "role": "admin" }),
            ("POST /api/v1/admin/members", _) => json!({ "app": slug, "admin": self.person.username, "role": "viewer" }),
            ("PATCH /api/v1/admin/members/{id}", _) => json!({ "role": "viewer" }),
            ("POST /api/v1/admin/domains", _) => json!({ "app": slug, "host": format!("{slug}.example.net") }),
            ("POST /api/v1/admin/egress", _) => json!({ "app": slug, "host": "*.example.com", "port": 8443, "scheme": "https" }),
            ("POST /api/v1/admin/queue", _) => json!({
                "app": slug, "script": "hello", "payload": { "a": [1] }, "delay_seconds": 1.5, "attempts": 2, "backoff_seconds": 0.5,
            }),
            ("POST /api/v1/admin/scripts", _) => json!({ "app": slug, "name": "new", "source": "1" }),
            ("POST /api/v1/admin/scripts/validate", _) => json!({ "source": "1" }),
            ("POST /api/v1/admin/scripts/{id}/test", _) => json!({ "method": "POST", "path": "/a", "query": { "b": "1" }, "body": "{}" }),
            ("PUT /api/v1/admin/scripts/{id}", _) => json!({ "name": "new", "source": "1" }),
            ("PATCH /api/v1/admin/scripts/{id}", _) => json!({ "source": "1" }),
            ("POST /api/v1/admin/deployments", _) => json!({
                "app": slug, "message": "All", "scripts": [{ "name": "new", "source": "1" }], "routes": [{ "script": "new", "path": "/n" }],
                "settings": { "limits": { "fuel": 1000 } }, "expected": 4, "dry_run": false, "activate": true,
            }),
            ("PUT /api/v1/admin/secrets/{name}", _) => json!({ "value": "hunter3" }),
            ("PUT /api/v1/admin/kv/{key}", _) => json!({ "value": { "a": 1 }, "ttl_seconds": 60 }),
            ("POST /api/v1/admin/deployments/{id}/gate", _) => json!({ "recordings": 1 }),
            ("POST /api/v1/admin/executions/{id}/replay", _) => json!({}),
            ("PUT /api/v1/admin/files/{path}/content", _) => json!({ "other": "bytes" }),
            ("PUT /api/v1/admin/assets/{digest}", _) => json!({ "asset": "bytes" }),
            ("POST /api/v1/admin/assets/missing", _) => json!({ "app": slug, "digests": ["0".repeat(64)] }),
            ("POST /api/v1/admin/deployments/{id}/preview", _) => json!({ "expires_in_seconds": 60 }),
            ("PUT /api/v1/admin/apps/{app}/split", _) => json!({
                "deployment": 1, "percent": 5, "sticky": "cookie:visitor", "stop_above_error_rate": 5, "window_requests": 50,
            }),
            ("POST /api/v1/admin/apps/{app}/rollback", _) => json!({ "to": 1, "message": "Back" }),
            ("POST /api/v1/admin/routes", _) => json!({ "app": slug, "script": script, "path": "/y" }),
            ("POST /api/v1/admin/routes/check" | "POST /api/v1/admin/routes/match", _) => json!({ "app": slug, "path": "/x" }),
            ("PUT /api/v1/admin/routes/{id}", _) => json!({ "script": script, "path": "/z" }),
            ("PATCH /api/v1/admin/routes/{id}", _) => json!({ "path": "/z" }),
            ("POST /api/v1/admin/schedules", _) => json!({
                "app": slug, "name": "new", "script": script,
                "on": {
                    "cron": "*/5 9-17 * * MON-FRI", "time_zone": "Europe/Berlin", "overlap": "queue", "catch_up": "all", "jitter_seconds": 30,
                    "payload": { "a": 1 },
                },
                "retry": { "attempts": 3, "backoff_seconds": 1.5, "growth": "linear" },
            }),
            ("POST /api/v1/admin/schedules/check", _) => {
                json!({ "app": slug, "cron": "@hourly", "count": 3, "after": "2026-11-26T00:00:00Z" })
            }
            ("PUT /api/v1/admin/schedules/{id}", _) => json!({ "name": "newer", "script": script, "on": { "cron": "@weekly" } }),
            ("PATCH /api/v1/admin/schedules/{id}", _) => json!({ "on": { "time_zone": "Europe/Berlin" } }),
            ("POST /api/v1/admin/triggers", _) => json!({
                "app": slug, "name": "new", "script": script, "on": { "kind": "topic", "topic": "orders" }, "retry": { "attempts": 1 },
            }),
            ("PUT /api/v1/admin/triggers/{id}", _) => json!({ "name": "newer", "script": script, "on": { "kind": "dead_letter" } }),
            ("PATCH /api/v1/admin/triggers/{id}", _) => json!({ "on": { "prefix": "other/" } }),
            ("POST /api/v1/admin/topics/{topic}", _) => json!({ "message": { "a": [1] } }),
            _ => return None,
        })
    }

    /// Sends an operation about these things.
    pub(crate) async fn send(&self, caller: &Caller<'_>, operation: &str, about: About) -> Answer {
        let (method, template) = operation.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        // A GET has no body; of a POST without fields (activate, verify) none is asked for.
        caller.send(method, &self.path(template, about), self.body(operation, about).as_ref()).await
    }
}
