//! Jobs of the whole program: run, tried again, dead, run again; and each of them once, whatever is killed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, eventually},
};

/// Enqueues what the query says, and answers with the id.
const ORDER: &str = r#"
    let q = ctx.request.query;
    let id = queue::enqueue(q.script, q.n, #{ attempts: 3, backoff: 0.1 });
    kv::increment("ordered");
    if q.end == "throw" { throw "no order"; }
    id
"#;
/// Counts each of its jobs, in the transaction that ends it.
const WORK: &str = r#"
    let seen = kv::get(`seen/${ctx.event.id}`, 0);
    kv::set(`seen/${ctx.event.id}`, seen + 1);
    kv::increment("done");
    log::info("worked", #{ n: ctx.event.payload, attempt: ctx.event.attempt, execution: ctx.execution_id });
"#;
const COUNTS: &str = r#"
    let twice = 0;
    let next = "";
    loop {
        let page = kv::list("seen/", #{ after: next, limit: 1000 });
        for item in page.items { if item.value != 1 { twice += 1; } }
        if page.next == () { break; }
        next = page.next;
    }
    [kv::get("ordered", 0), kv::get("done", 0), twice]
"#;

fn shop(instance: &mut Instance) {
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    for (name, source, path) in [
        ("order", ORDER, "/order"),
        ("work", WORK, "/never-asked"),
        ("counts", COUNTS, "/counts"),
        ("flaky", r#"if ctx.event.attempt < 3 { throw `attempt ${ctx.event.attempt}`; } kv::set("flaky", ctx.event.id)"#, "/flaky"),
        ("broken", r#"kv::set("broken", true); if kv::get("mended", false) { return; } throw "broken""#, "/broken"),
        ("state", r#"[kv::get("flaky"), kv::get("broken")]"#, "/state"),
        ("mend", r#"kv::set("mended", true)"#, "/mend"),
        ("chain", r#"kv::increment("depth"); queue::enqueue("chain", 1, #{ attempts: 1 })"#, "/chain"),
        ("depth", r#"kv::get("depth", 0)"#, "/depth"),
    ] {
        instance.script("shop", name, source, path);
    }
    instance.without_rates("shop");
}

/// Enqueues a job, and returns its id.
fn enqueued(instance: &Instance, script: &str) -> String {
    let answer = visit(instance, &format!("/order?script={script}&n=7"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn visit(instance: &Instance, target: &str) -> Answer {
    instance.visit("shop.localhost", target)
}

/// Whether somebody answered.
fn order(instance: &Instance, n: &str) -> bool {
    send(instance.port, "GET", &format!("/order?script=work&n={n}"), &["Host: shop.localhost"], "").is_ok()
}

fn listed(instance: &Instance, path: &str) -> Vec<Value> {
    instance.admin("GET", path, &Value::Null).json()["items"].as_array().unwrap().clone()
}

/// The executions of a script.
fn runs(instance: &Instance, script: &str) -> Vec<Value> {
    let scripts = listed(instance, "scripts?app=shop");
    let id = scripts.iter().find(|known| known["name"] == script).unwrap()["id"].as_str().unwrap();
    listed(instance, &format!("executions?app=shop&script={id}&limit=200"))
}

/// How many were ordered, how many are done, and how many of these more than once. Sees one moment, so it may have to wait for one.
fn counts(instance: &Instance) -> [u64; 3] {
    let mut counts = None;
    eventually(|| {
        let answer = visit(instance, "/counts");
        counts = serde_json::from_value(answer.json()).ok();
        counts.is_some()
    });
    counts.unwrap()
}

#[test]
fn jobs_run_are_tried_again_and_come_to_rest_as_dead_letters() {
    let mut instance = Instance::start();
    shop(&mut instance);

    // One that works, and none of an execution that failed.
    let job = enqueued(&instance, "work");
    assert_eq!(visit(&instance, "/order?script=work&n=8&end=throw").status, 502);
    assert_eq!(visit(&instance, "/order?script=nobody&n=8").status, 502);
    eventually(|| counts(&instance) == [1, 1, 0]);
    let row = &runs(&instance, "work")[0];
    assert_eq!((&row["invocation_type"], &row["outcome"], &row["status"]), (&json!("queue"), &json!("ok"), &Value::Null));
    assert_eq!(row["job_id"], job.as_str());
    let id = row["id"].as_str().unwrap();
    eventually(|| listed(&instance, &format!("executions/{id}/logs")).len() == 1);
    let line = &listed(&instance, &format!("executions/{id}/logs"))[0];
    assert_eq!(line["fields"], json!({ "attempt": 1, "execution": id, "n": "7" }));

    // One that works at the third attempt: three executions of one job.
    let job = enqueued(&instance, "flaky");
    eventually(|| visit(&instance, "/state").json()[0] == job.as_str());
    eventually(|| runs(&instance, "flaky").len() == 3);
    assert!(runs(&instance, "flaky").iter().all(|row| row["job_id"] == job.as_str()));
    assert_eq!(listed(&instance, "queue?app=shop"), Vec::<Value>::new());

    // One that never works leaves nothing behind but itself, and why.
    let job = enqueued(&instance, "broken");
    eventually(|| listed(&instance, "dead-letters?app=shop").len() == 1);
    let dead = instance.admin("GET", &format!("dead-letters/{job}"), &Value::Null).json();
    assert_eq!((&dead["attempts"], &dead["failure"]["outcome"], &dead["payload"]), (&json!(3), &json!("error"), &json!("7")));
    assert!(dead["failure"]["message"].as_str().unwrap().contains("broken"), "{dead}");
    let execution = dead["failure"]["execution_id"].as_str().unwrap();
    eventually(|| instance.admin("GET", &format!("executions/{execution}"), &Value::Null).status == 200);
    let replayed = instance.admin("POST", &format!("executions/{execution}/replay"), &json!({})).json();
    assert_eq!(replayed["equal"], true, "{replayed}");
    assert_eq!(visit(&instance, "/state").json()[1], Value::Null);
    // Mended, it does its work.
    assert_eq!(visit(&instance, "/mend").status, 204);
    assert_eq!(instance.admin("POST", &format!("dead-letters/{job}/replay"), &Value::Null).status, 200);
    eventually(|| visit(&instance, "/state").json()[1] == true);
    assert_eq!(listed(&instance, "dead-letters?app=shop"), Vec::<Value>::new());
}

#[test]
fn s_2_7_a_job_that_enqueues_itself_comes_to_an_end() {
    let mut instance = Instance::start();
    shop(&mut instance);
    assert_eq!(visit(&instance, "/order?script=chain&n=1").status, 200);
    eventually(|| listed(&instance, "dead-letters?app=shop").len() == 1);
    // The last of them could enqueue no other, so nothing of it stays.
    assert_eq!(visit(&instance, "/depth").json(), 15);
    let dead = &listed(&instance, "dead-letters?app=shop")[0];
    assert!(dead["failure"]["message"].as_str().unwrap().starts_with("queue.too_deep"), "{dead}");
}

#[test]
fn people_enqueue_jobs_and_take_them_back() {
    let mut instance = Instance::start();
    shop(&mut instance);
    let later = json!({ "app": "shop", "script": "work", "payload": 1, "delay_seconds": 3600 });
    let later = instance.admin("POST", "queue", &later).json();
    let now = instance.admin("POST", "queue", &json!({ "app": "shop", "script": "work", "payload": [1] }));
    assert_eq!(now.status, 201, "{}", now.body);
    eventually(|| counts(&instance)[1] == 1);
    assert_eq!(listed(&instance, "queue?app=shop").len(), 1);
    assert_eq!(instance.admin("DELETE", &format!("queue/{}", later["id"].as_str().unwrap()), &Value::Null).status, 204);
    assert_eq!(listed(&instance, "queue?app=shop"), Vec::<Value>::new());
    // Whose script is gone by the time is a dead letter that says so.
    let soon = json!({ "app": "shop", "script": "flaky", "payload": 1, "delay_seconds": 1, "attempts": 1 });
    assert_eq!(instance.admin("POST", "queue", &soon).status, 201);
    let deployment = json!({ "app": "shop", "scripts": [{ "name": "other", "source": "1" }], "routes": [] });
    assert_eq!(instance.admin("POST", "deployments", &deployment).status, 201);
    eventually(|| listed(&instance, "dead-letters?app=shop").iter().any(|dead| dead["failure"]["outcome"] == "no_script"));
}

#[test]
fn s_9_5_every_job_has_its_effect_once_whatever_is_killed() {
    let turns: u64 = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let mut instance = Instance::start();
    shop(&mut instance);
    let started = Instant::now();
    for turn in 0..2 * turns {
        std::thread::scope(|scope| {
            for client in 0..8 {
                let instance = &instance;
                // Whoever finds nobody there any more goes home.
                scope.spawn(move || (0..50).all(|n| order(instance, &format!("{turn}.{client}.{n}"))));
            }
            std::thread::sleep(Duration::from_millis(700));
            instance.kill_in_use();
        });
        instance.kill();
        instance.start_again();
    }
    // What ran when the server died runs again: its database is nobody else's, so there is no lease to wait for.
    let mut ordered = counts(&instance)[0];
    let rest = Instant::now();
    while counts(&instance)[1] < ordered {
        assert!(rest.elapsed() < Duration::from_secs(150), "{:?}", counts(&instance));
        std::thread::sleep(Duration::from_millis(500));
        ordered = counts(&instance)[0];
    }
    let [ordered, done, twice] = counts(&instance);
    println!("{ordered} jobs in {:?}, {:?} of it after the last kill", started.elapsed(), rest.elapsed());
    assert!(ordered > 20);
    assert_eq!((done, twice), (ordered, 0));
    assert_eq!((listed(&instance, "queue?app=shop").len(), listed(&instance, "dead-letters?app=shop").len()), (0, 0));
}
