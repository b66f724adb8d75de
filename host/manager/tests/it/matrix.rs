//! Every operation, sent by every kind of caller, against `docs/permissions.toml` (S-8.6). No operation may be missing.

use execution::{Effects, Logs, Outcome, Response, Usage};
use manager::Invoked;
use serde_json::json;
use store::{AppRole, InstanceRole};
use uuid::Uuid;

use crate::{
    support::{Answer, Caller, Instance},
    things::{About, Things, things},
};

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

/// One way to use an operation: an action, what it is about, and how a refusal looks.
struct Way<'a> {
    action: &'a str,
    about: About,
    only_keys: bool,
    only_sessions: bool,
    /// A list shows what one may see: for nobody, nothing.
    is_list: bool,
    /// Who may not, gets a 404.
    hides: bool,
}

/// The ways of an operation that are decided by an action.
fn ways<'a>(oracle: &toml::Table, permission: &'a toml::Value) -> Vec<Way<'a>> {
    let one = |action, about| Way { action, about, only_keys: false, only_sessions: false, is_list: false, hides: false };
    match permission {
        toml::Value::String(text) => {
            let action = text.split(':').next_back().filter(|word| oracle["actions"].get(word).is_some());
            let way = action.map(|action| one(action, About::App));
            way.map(|way| Way { only_keys: text.starts_with("key:"), is_list: text.starts_with("list:"), ..way }).into_iter().collect()
        }
        toml::Value::Table(table) => {
            let known = ["own", "app", "instance", "hidden", "session"];
            assert!(table.keys().all(|key| known.contains(&key.as_str())), "{table}");
            let of = |key: &str, about, hides| {
                let action = table.get(key).map(|action| action.as_str().unwrap())?;
                Some(Way { hides, only_sessions: table.contains_key("session"), ..one(action, about) })
            };
            let all = [of("app", About::App, false), of("instance", About::Instance, false), of("hidden", About::Instance, true)];
            all.into_iter().flatten().collect()
        }
        other => panic!("a permission is a text or a table: {other}"),
    }
}

/// Makes the things that operations are aimed at.
struct Maker<'a> {
    owner: &'a Caller<'a>,
    members: &'a [(store::AdminId, AppRole)],
    made: usize,
    /// Of things that were made before.
    invitations: Vec<String>,
}

/// So many invitations are left pending: nobody may have many.
const PENDING: usize = 40;

impl Maker<'_> {
    async fn fresh(&mut self) -> Things {
        self.made += 1;
        if self.invitations.len() > PENDING {
            for id in self.invitations.drain(..PENDING) {
                // Some were accepted or revoked already.
                self.owner.delete(&format!("/api/v1/admin/invitations/{id}")).await;
            }
        }
        let things = things(self.owner, self.members, self.made).await;
        self.invitations.extend(things.invitations.clone());
        things
    }
}

/// Every caller, one way.
async fn try_way(oracle: &toml::Table, callers: &Callers<'_>, maker: &mut Maker<'_>, operation: &str, way: &Way<'_>) {
    let on_app = oracle["actions"][way.action]["target"].as_str() == Some("app");
    let expect = |role, without| match expected(oracle, way.action, role, without) {
        _ if way.is_list && without.is_none() => Expected::Done,
        Expected::Missing(_) if way.hides => Expected::Hidden,
        other => other,
    };
    let what = |who: &str| format!("{operation} ({:?}) by {who}", way.about);
    for (role, session, key) in &callers.roles {
        let of_session = maker.fresh().await.send(session, operation, way.about).await;
        match way.only_keys {
            true => assert_eq!(of_session.at("/type"), "/problems/auth.key_only", "{}", what(role)),
            false => check(&of_session, &expect(role, None), &what(&format!("{role}'s session"))),
        }
        let of_key = maker.fresh().await.send(key, operation, way.about).await;
        match way.only_sessions {
            true => assert_eq!(of_key.at("/type"), "/problems/auth.session_only", "{}", what(role)),
            false => check(&of_key, &expect(role, None), &what(&format!("{role}'s key"))),
        }
    }
    if way.only_sessions {
        return;
    }
    for (scope, key) in &callers.lacking {
        let answer = maker.fresh().await.send(key, operation, way.about).await;
        check(&answer, &expect("owner", Some(scope)), &what(&format!("a key without {scope}")));
    }
    // No more than the action's own scopes are asked for.
    let scopes = words(&oracle["actions"][way.action]["scopes"]);
    let exact = maker.owner.key(&scopes, None).await;
    let target = maker.fresh().await;
    check(&target.send(&exact, operation, way.about).await, &Expected::Done, &what("a key with nothing else"));
    if on_app {
        let bound = maker.owner.key(&scopes, Some(&maker.fresh().await.slug)).await;
        let other = maker.fresh().await.send(&bound, operation, way.about).await;
        check(&other, &if way.is_list { Expected::Done } else { Expected::Hidden }, &what("a key of another app"));
    }
    let elsewhere = match (way.is_list, on_app || way.hides) {
        (true, _) => Expected::Done,
        (false, true) => Expected::Hidden,
        (false, false) => Expected::Missing("instance:admin".to_owned()),
    };
    let answer = maker.fresh().await.send(&callers.bound_elsewhere, operation, way.about).await;
    check(&answer, &elsewhere, &what("a key bound elsewhere"));
}

/// One of [`PARTS`] shares of the operations: together they take minutes.
async fn every_operation(part: usize) {
    let instance = Instance::new().await;
    let answer = Outcome {
        result: Ok(Response { status: 200, ..Response::default() }),
        usage: Usage::default(),
        logs: Logs::default(),
        calls: Vec::new(),
        effects: Effects::default(),
    };
    *instance.plane.answer.lock().unwrap() = Some(Ok(Invoked { execution_id: Uuid::nil(), outcome: answer }));
    let oracle: toml::Table = toml::from_str(include_str!("../../../../docs/permissions.toml")).unwrap();
    let all: Vec<&str> = oracle["scopes"].as_table().unwrap().keys().map(String::as_str).collect();
    let callers = callers(&instance, &all).await;
    let mut maker = Maker { owner: &callers.roles[0].1, members: &callers.members, made: 0, invitations: Vec::new() };
    let operations = oracle["operations"].as_table().unwrap().iter().skip(part).step_by(PARTS);
    for (operation, permission) in operations {
        if permission.as_str() == Some("public") {
            continue;
        }
        let target = maker.fresh().await;
        for stranger in &callers.strangers {
            let answer = target.send(stranger, operation, About::App).await;
            assert_eq!(answer.status, 401, "{operation}: {}", answer.json);
        }
        let ways = ways(&oracle, permission);
        if ways.is_empty() {
            // Of its own: `DELETE /session` ends whatever it is sent with.
            let key = target.send(&maker.owner.key(&all, None).await, operation, About::App).await;
            assert_eq!(key.status.is_success(), permission.as_str() == Some("self"), "{operation}: {}", key.json);
        }
        for way in &ways {
            Box::pin(try_way(&oracle, &callers, &mut maker, operation, way)).await;
        }
    }
}

const PARTS: usize = 12;

macro_rules! parts {
    ($($name:ident: $part:literal;)*) => {
        const _: () = assert!([$($part),*].len() == PARTS);

        $(
            #[tokio::test]
            async fn $name() {
                every_operation($part).await;
            }
        )*
    };
}

parts! {
    s_8_6_every_operation_by_every_role_and_scope_1: 0;
    s_8_6_every_operation_by_every_role_and_scope_2: 1;
    s_8_6_every_operation_by_every_role_and_scope_3: 2;
    s_8_6_every_operation_by_every_role_and_scope_4: 3;
    s_8_6_every_operation_by_every_role_and_scope_5: 4;
    s_8_6_every_operation_by_every_role_and_scope_6: 5;
    s_8_6_every_operation_by_every_role_and_scope_7: 6;
    s_8_6_every_operation_by_every_role_and_scope_8: 7;
    s_8_6_every_operation_by_every_role_and_scope_9: 8;
    s_8_6_every_operation_by_every_role_and_scope_10: 9;
    s_8_6_every_operation_by_every_role_and_scope_11: 10;
    s_8_6_every_operation_by_every_role_and_scope_12: 11;
}

#[tokio::test]
async fn s_8_6_what_is_not_there_is_not_found_by_anybody() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let mut gone = things(&owner, &[], 1).await;
    let app = gone.slug.clone();
    owner.delete(&format!("/api/v1/admin/apps/{app}")).await.expect(204);
    for id in [&mut gone.member, &mut gone.invitations[1], &mut gone.keys[1]] {
        *id = Uuid::now_v7().to_string();
    }
    gone.person.id = store::AdminId::from(Uuid::now_v7());
    let oracle: toml::Table = toml::from_str(include_str!("../../../../docs/permissions.toml")).unwrap();
    let mut tried = 0;
    for (operation, permission) in oracle["operations"].as_table().unwrap() {
        for way in ways(&oracle, permission) {
            let names_something = operation.contains('{') || oracle["actions"][way.action]["target"].as_str() == Some("app");
            if !names_something || way.is_list || way.only_keys {
                continue;
            }
            let answer = gone.send(&owner, operation, way.about).await;
            check(&answer, &Expected::Hidden, &format!("{operation} ({:?}) about nothing", way.about));
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}
