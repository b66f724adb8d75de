//! Scripts that decide on dead letters, in the whole program: started by a trigger, in one transaction with everything else, and to an end.

use serde_json::{Value, json};

use crate::instance::{Instance, PASSWORD, eventually};

/// Enqueues what the query says.
const ORDER: &str = r#"queue::enqueue("mail", ctx.request.query.to, #{ attempts: 2, backoff: 0.1 })"#;
const MAIL: &str = r#"if !kv::get("server", false) { throw "no server"; } kv::set(`sent/${ctx.event.payload}`, ctx.event.depth)"#;
/// Mends the server and runs the job again, or gives it up.
const UNDERTAKER: &str = r#"
    let letter = dead_letters::get(ctx.event.job.id);
    kv::set(`seen/${letter.payload}`, [letter.script, letter.attempts, letter.outcome, letter.message]);
    let is_spam = letter.payload == "spam";
    if !is_spam { kv::set("server", true); }
    let done = if is_spam { dead_letters::resolve(letter.id) } else { dead_letters::replay(letter.id) };
    if kv::get("throws", false) { throw "undecided"; }
    log::info("decided", #{ done: done, left: dead_letters::list().items.len });
"#;
const HOPELESS: &str = "dead_letters::replay(ctx.event.job.id)";

fn shop(undertaker: &str) -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.script("shop", "order", ORDER, "/order");
    instance.script("shop", "mail", MAIL, "/mail");
    let undertaker = instance.script("shop", "undertaker", undertaker, "/undertaker");
    instance.without_rates("shop");
    let trigger =
        json!({ "app": "shop", "name": "undertaker", "script": undertaker, "on": { "kind": "dead_letter" }, "retry": { "attempts": 1 } });
    assert_eq!(instance.admin("POST", "triggers", &trigger).status, 201);
    instance
}

fn order(instance: &Instance, to: &str) {
    assert_eq!(instance.visit("shop.localhost", &format!("/order?to={to}")).status, 200);
}

fn items(instance: &Instance, path: &str) -> Vec<Value> {
    instance.admin("GET", &format!("{path}app=shop"), &Value::Null).json()["items"].as_array().unwrap().clone()
}

fn value(instance: &Instance, key: &str) -> Value {
    instance.admin("GET", &format!("kv/{}?app=shop", key.replace('/', "%2F")), &Value::Null).json()["value"].clone()
}

fn is_at_rest(instance: &Instance) -> bool {
    items(instance, "queue?").is_empty()
}

#[test]
fn a_script_replays_what_it_has_mended_and_gives_up_the_rest() {
    let instance = shop(UNDERTAKER);
    order(&instance, "spam");
    eventually(|| value(&instance, "seen/spam") != Value::Null && is_at_rest(&instance));
    let seen = value(&instance, "seen/spam");
    assert_eq!((&seen[0], &seen[1], &seen[2]), (&json!("mail"), &json!(2), &json!("error")), "{seen}");
    assert!(seen[3].as_str().unwrap().contains("no server"), "{seen}");
    assert_eq!((items(&instance, "dead-letters?"), value(&instance, "sent/spam")), (Vec::new(), Value::Null));

    // The replayed job comes behind the run that has mended its server: it counts what has led there.
    order(&instance, "ada");
    eventually(|| value(&instance, "sent/ada") != Value::Null && is_at_rest(&instance));
    assert_eq!((items(&instance, "dead-letters?"), value(&instance, "sent/ada")), (Vec::new(), json!(3)));
}

#[test]
fn who_throws_has_decided_nothing() {
    let instance = shop(UNDERTAKER);
    assert_eq!(instance.admin("PUT", "kv/throws?app=shop", &json!({ "value": true })).status, 200);
    order(&instance, "ada");
    // The job, and the run that was to decide on it.
    eventually(|| items(&instance, "dead-letters?").len() == 2 && is_at_rest(&instance));
    assert_eq!((value(&instance, "seen/ada"), value(&instance, "server")), (Value::Null, Value::Null));

    // What it was told of the dead letter is in its recording, which runs again without one.
    let dead = items(&instance, "dead-letters?");
    let run = dead.iter().find(|dead| dead["script"] == "undertaker").unwrap()["failure"]["execution_id"].as_str().unwrap();
    assert_eq!(instance.admin("DELETE", &format!("dead-letters/{}", dead[0]["id"].as_str().unwrap()), &Value::Null).status, 204);
    eventually(|| instance.admin("GET", &format!("recordings/{run}"), &Value::Null).status == 200);
    let replayed = instance.admin("POST", &format!("executions/{run}/replay"), &json!({})).json();
    assert_eq!(replayed["equal"], true, "{replayed}");
}

#[test]
fn s_2_7_failures_that_are_replayed_come_to_an_end() {
    let instance = shop(HOPELESS);
    order(&instance, "ada");
    eventually(|| items(&instance, "dead-letters?").len() == 2 && is_at_rest(&instance));
    let dead = items(&instance, "dead-letters?");
    assert_eq!((&dead[0]["script"], &dead[0]["depth"]), (&json!("mail"), &json!(15)), "{dead:?}");
    assert!(dead[1]["failure"]["message"].as_str().unwrap().starts_with("dead_letters.too_deep"), "{dead:?}");
}
