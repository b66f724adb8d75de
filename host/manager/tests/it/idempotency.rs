//! `Idempotency-Key`: what is repeated is done once.

use std::sync::Arc;

use axum::body::Body;
use execution::{Effects, Failure, FailureKind, Logs, Outcome, Response, Usage};
use http::{Method, Request};
use manager::Invoked;
use serde_json::{Value, json};
use store::{AppRole, Claimed, Digest, KeyedRequest};
use uuid::Uuid;

use crate::{
    documented::DESCRIPTION,
    support::{Answer, Caller, Instance, PASSWORD},
    things::{About, things},
};

const APPS: &str = "/api/v1/admin/apps";

fn keyed<'a>(caller: &Caller<'a>, key: &str) -> Caller<'a> {
    caller.clone().with("idempotency-key", key)
}

/// Rows of the audit log of the instance and of all apps.
async fn audited(instance: &Instance) -> usize {
    let rows = instance.database.dump().await;
    rows.lines().filter(|line| line.contains("picloud-test")).count()
}

fn same(one: &Answer, two: &Answer) {
    assert_eq!((one.status, &one.bytes), (two.status, &two.bytes));
    for name in ["content-type", "etag", "location"] {
        assert_eq!(one.headers.get(name), two.headers.get(name), "{name}");
    }
    assert!(!one.headers.contains_key("idempotency-replayed"));
    assert_eq!(two.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn every_post_of_somebody_is_done_once_and_answered_the_same() {
    let instance = Instance::new().await;
    let answer = Outcome {
        result: Ok(Response { status: 200, ..Response::default() }),
        usage: Usage::default(),
        logs: Logs::default(),
        calls: Vec::new(),
        effects: Effects::default(),
    };
    *instance.plane.answer.lock().unwrap() = Some(Ok(Invoked { execution_id: Uuid::nil(), outcome: answer }));
    let owner = instance.owner().await.with("x-request-id", "picloud-test");
    let scopes = ["script:execute", "script:read", "script:write", "route:write"];
    let mut tried = 0;
    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        let operation = &item["post"];
        let public = operation["security"] == json!([{}]);
        if operation.is_null() || public {
            continue;
        }
        tried += 1;
        let things = things(&owner, &[], tried).await;
        let name = format!("POST {path}");
        let body = things.body(&name, About::App).or_else(|| {
            let takes_json = operation["requestBody"]["content"].get("application/json").is_some();
            takes_json.then(|| json!({ "name": "x", "scopes": ["script:read"] }))
        });
        let caller = if path.starts_with("/api/v1/execute") { owner.key(&scopes, None).await } else { owner.clone() };
        let caller = keyed(&caller, &format!("\"key-{tried}\""));
        let path = things.path(path, About::App);
        let first = caller.send(Method::POST, &path, body.as_ref()).await;
        assert!(first.status.is_success(), "{name}: {}", first.json);
        let before = audited(&instance).await;
        let second = caller.send(Method::POST, &path, body.as_ref()).await;
        same(&first, &second);
        assert_eq!(audited(&instance).await, before, "{name} was done twice");
        let other = json!({ "unknown": true });
        caller.send(Method::POST, &path, Some(&other)).await.problem(422, "idempotency.other_request");
    }
    assert!(tried > 16, "{tried}");
}

#[tokio::test]
async fn a_log_in_and_an_acceptance_are_of_nobody() {
    let instance = Instance::new().await;
    let stranger = instance.stranger().with("idempotency-key", "k");
    let log_in = json!({ "username": "owner", "password": PASSWORD });
    let first = stranger.post("/api/v1/admin/session", &log_in).await.expect(201);
    let second = stranger.post("/api/v1/admin/session", &log_in).await.expect(201);
    assert_ne!(first.headers["set-cookie"], second.headers["set-cookie"]);
    // The list in the code is the one that the description shows.
    let public: Vec<&String> = DESCRIPTION["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, item)| item["post"]["security"] == json!([{}]))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(public, ["/api/v1/admin/invitations/accept", "/api/v1/admin/session"]);
}

#[tokio::test]
async fn a_key_belongs_to_who_sends_it() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let again = instance.owner().await;
    let api_key = owner.key(&["instance:admin", "script:read"], None).await;
    for (caller, slug) in [(&owner, "one"), (&again, "two"), (&api_key, "three")] {
        let made = keyed(caller, "same").post(APPS, &json!({ "slug": slug })).await.expect(201);
        assert!(!made.headers.contains_key("idempotency-replayed"), "{slug}");
    }
    // Nor is a credential that is none told anything.
    let bad = instance.stranger().with("authorization", "Bearer pic_all_000000000000000000000000000000000000");
    keyed(&bad, "same").post(APPS, &json!({ "slug": "one" })).await.problem(401, "auth.required");
    keyed(&instance.stranger(), "same").post(APPS, &json!({ "slug": "one" })).await.problem(401, "auth.required");
    keyed(&owner.clone().without("origin"), "same").post(APPS, &json!({ "slug": "one" })).await.problem(403, "auth.cross_site");
}

#[tokio::test]
async fn a_refusal_frees_the_key() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("taken").await;
    let caller = keyed(&owner, "k");
    caller.post(APPS, &json!({ "slug": "taken" })).await.problem(409, "name.taken");
    caller.post(APPS, &json!({ "slug": 1 })).await.problem(400, "request.invalid");
    caller.post(APPS, &json!({ "slug": "free" })).await.expect(201);
    caller.post(APPS, &json!({ "slug": "free" })).await.expect(201);
    instance.member("eve", "taken", AppRole::Viewer).await;
    let eve = keyed(&instance.log_in("eve").await, "k");
    eve.post(APPS, &json!({ "slug": "eve" })).await.problem(403, "auth.missing_scope");
    for bad in ["", "a b", &"k".repeat(256)] {
        let refused = keyed(&owner, bad).post(APPS, &json!({ "slug": "bad" })).await.problem(400, "request.invalid");
        assert_eq!(refused.at("/errors/0/pointer"), "Idempotency-Key");
    }
}

/// Claims as the layer does, without going on: a process that dies at once.
async fn claim(instance: &Instance, key: &str, fingerprint: &[u8]) -> Claimed {
    let request = KeyedRequest { key: Digest::of(key.as_bytes()), fingerprint: Digest::of(fingerprint) };
    instance.state.control.claim(&instance.owner, &request, instance.state.now()).await.unwrap()
}

#[tokio::test]
async fn while_one_is_under_way_the_other_waits_and_a_dead_one_is_taken_over() {
    let instance = Instance::new().await;
    let Claimed::Ours(dead) = claim(&instance, "k", b"x").await else { panic!("not ours") };
    assert_eq!(claim(&instance, "k", b"x").await, Claimed::InFlight);
    assert_eq!(claim(&instance, "k", b"y").await, Claimed::OtherRequest);
    instance.pass_seconds(181);
    let Claimed::Ours(heir) = claim(&instance, "k", b"x").await else { panic!("not taken over") };
    // The first attempt lives after all: what it would change is refused.
    let slow = instance.owner.clone().claiming(dead);
    let store = instance.state.control.authorize_instance(&slow, |_| Ok::<_, std::convert::Infallible>(())).await.unwrap();
    let late = store.create_app(&"late".parse().unwrap(), "Late", instance.state.now()).await;
    assert!(matches!(late, Err(store::Error::ClaimLost)), "{late:?}");
    assert!(instance.owner().await.get(APPS).await.expect(200).at("/items").as_array().unwrap().is_empty());
    // The second one's change is noted with it, also if its answer is lost.
    let quick = instance.owner.clone().claiming(heir);
    let store = instance.state.control.authorize_instance(&quick, |_| Ok::<_, std::convert::Infallible>(())).await.unwrap();
    store.create_app(&"once".parse().unwrap(), "Once", instance.state.now()).await.unwrap();
    instance.pass_seconds(181);
    assert!(matches!(claim(&instance, "k", b"x").await, Claimed::Done { action, target: Some(_) } if action == "app.created"));
    instance.state.control.release(&heir).await.unwrap();
    assert!(matches!(claim(&instance, "k", b"x").await, Claimed::Done { .. }), "what was done is not forgotten");
    instance.pass_seconds(24 * 3600);
    assert_eq!(instance.state.control.sweep_claims(instance.state.now()).await.unwrap(), 1);
    assert!(matches!(claim(&instance, "k", b"y").await, Claimed::Ours(_)));
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let instance = Arc::new(Instance::new().await);
    let owner = instance.owner().await.with("x-request-id", "picloud-test");
    let before = audited(&instance).await;
    let send = async || keyed(&owner, "k").post(APPS, &json!({ "slug": "once" })).await;
    let answers = futures_util::future::join_all((0..12).map(|_| send())).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty());
    assert!(made.iter().all(|answer| answer.bytes == made[0].bytes));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status.as_u16(), answer.at("/type")), (409, &json!("/problems/idempotency.in_flight")));
        assert_eq!(answer.headers["retry-after"], "1");
    }
    assert_eq!(audited(&instance).await, before + 1);
}

#[tokio::test]
async fn what_a_script_answers_is_kept_also_if_it_fails() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let script = owner.script("shop", "hello").await;
    let caller = keyed(&owner.key(&["script:execute"], None).await, "k");
    let path = format!("/api/v1/execute/{script}");
    let failure = Failure { kind: FailureKind::Error, message: "no".to_owned(), trace: Vec::new() };
    let (failed, answered) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let outcome =
        |result| Outcome { result, usage: Usage::default(), logs: Logs::default(), calls: Vec::new(), effects: Effects::default() };
    *instance.plane.answer.lock().unwrap() = Some(Ok(Invoked { execution_id: failed, outcome: outcome(Err(failure)) }));
    let first = caller.send(Method::POST, &path, None).await.expect(502);
    let teapot = Response { status: 418, headers: vec![("x-one".into(), "1".into())], body: b"tea".to_vec() };
    *instance.plane.answer.lock().unwrap() = Some(Ok(Invoked { execution_id: answered, outcome: outcome(Ok(teapot)) }));
    let second = caller.send(Method::POST, &path, None).await.expect(502);
    assert_eq!((first.bytes, second.at("/execution_id")), (second.bytes.clone(), &json!(failed)));
    let other = keyed(&caller, "other");
    for _ in 0..2 {
        let answer = other.send(Method::POST, &path, None).await.expect(418);
        assert_eq!((answer.bytes.as_slice(), answer.headers["x-one"].to_str().unwrap()), (&b"tea"[..], "1"));
        assert_eq!(answer.headers["picloud-execution-id"], answered.to_string().as_str());
        assert_eq!(answer.headers["content-security-policy"], "sandbox; default-src 'none'");
    }
    // An answer that is too long to be kept is not given again, and neither is the script run again.
    let long = Response { status: 200, headers: Vec::new(), body: vec![b'x'; 600 * 1024] };
    *instance.plane.answer.lock().unwrap() = Some(Ok(Invoked { execution_id: answered, outcome: outcome(Ok(long)) }));
    let long = keyed(&caller, "long");
    long.send(Method::POST, &path, None).await.expect(200);
    long.send(Method::POST, &path, None).await.problem(409, "idempotency.answer_gone");
}

#[tokio::test]
async fn what_is_kept_is_sealed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let own = "the password that was chosen";
    let bodies = [
        ("/api/v1/admin/api-keys", json!({ "name": "x", "scopes": ["script:read"] }), "/key"),
        ("/api/v1/admin/invitations", json!({ "note": "x", "app": "shop", "app_role": "viewer" }), "/token"),
        ("/api/v1/admin/admins", json!({ "username": "ada", "role": "member" }), "/password"),
    ];
    for (number, (path, body, secret)) in bodies.iter().enumerate() {
        let caller = keyed(&owner, &format!("secret-{number}"));
        let made = caller.post(path, body).await.expect(201);
        let again = caller.post(path, body).await.expect(201);
        assert_eq!(made.text(secret), again.text(secret), "{path}");
        let hex: String = made.text(secret).bytes().map(|byte| format!("{byte:02x}")).collect();
        let dump = instance.database.dump().await;
        assert!(!dump.contains(&made.text(secret)) && !dump.contains(&hex), "{path}");
    }
    let body = json!({ "username": "bob", "role": "member", "password": own });
    keyed(&owner, "chosen").post("/api/v1/admin/admins", &body).await.expect(201);
    let dump = instance.database.dump().await;
    let fast = Digest::of(body.to_string().as_bytes()).to_string();
    assert!(!dump.contains(own) && !dump.contains(&fast), "a body that can be guessed is not hashed without a key");
}

#[tokio::test]
async fn a_body_is_bounded_before_it_is_read() {
    let instance = Instance::new().await;
    let owner = keyed(&instance.owner().await, "k");
    for (path, most) in [(APPS, manager::BODY_BYTES_MAX), ("/api/v1/admin/deployments", manager::MANIFEST_BYTES_MAX)] {
        let mut request: Request<Body> = owner.request(Method::POST, path, None);
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        *request.body_mut() = Body::from(vec![b' '; most + 1]);
        instance.send(request).await.problem(413, "request.too_large");
        let mut request: Request<Body> = owner.request(Method::POST, path, None);
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        *request.body_mut() = Body::from(vec![b' '; most]);
        instance.send(request).await.problem(400, "request.malformed");
    }
}

#[tokio::test]
async fn one_admin_has_so_many_keys() {
    let instance = Instance::new().await;
    instance
        .database
        .execute(&format!(
            "insert into idempotency_keys (holder_id, key_sha256, admin_id, fingerprint, attempt_id, claimed_at)
        select '{admin}', sha256(n::text::bytea), '{admin}', sha256('x'), '{admin}', '{now}' from generate_series(1, {most}) n",
            admin = instance.owner.admin(),
            now = instance.state.now(),
            most = store::CLAIMS_PER_ADMIN_MAX
        ))
        .await;
    let owner = keyed(&instance.owner().await, "one-more");
    let refused = owner.post(APPS, &json!({ "slug": "shop" })).await.problem(429, "rate.limited");
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((86_000..=86_401).contains(&wait), "{wait}");
    owner.without("idempotency-key").post(APPS, &json!({ "slug": "shop" })).await.expect(201);
    instance.member("eve", "shop", AppRole::Editor).await;
    let script: Value = json!({ "app": "shop", "name": "a", "source": "1" });
    keyed(&instance.log_in("eve").await, "k").post("/api/v1/admin/scripts", &script).await.expect(201);
}
