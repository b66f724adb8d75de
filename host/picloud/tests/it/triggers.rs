//! Triggers of the whole program: each kind sees its script run, and a committed write leads to a run whatever is killed.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// Keeps what it was told, by trigger and what happened.
const SEEN: &str = r#"
    let e = ctx.event;
    let what = if "key" in e { e.key } else if "path" in e { e.path } else { e.job.script };
    kv::set(`seen/${e.trigger}/${what}`, #{ type: ctx.invocation_type, depth: e.depth, event: e });
"#;
const WRITE: &str = r#"
    let q = ctx.request.query;
    if q.what == "key" { kv::set(q.name, 1); }
    if q.what == "count" { kv::increment(q.name); }
    if q.what == "gone" { kv::delete(q.name); }
    if q.what == "file" { files::write(q.name, "text"); }
    if q.what == "job" { queue::enqueue("broken", 7, #{ attempts: 1 }); }
    if q.end == "throw" { throw "not written"; }
"#;

struct Shop {
    instance: Instance,
    seen: String,
}

impl Shop {
    fn open() -> Self {
        let mut instance = Instance::start();
        instance.log_in(PASSWORD);
        assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
        instance.script("shop", "write", WRITE, "/write");
        instance.script("shop", "broken", "throw `broken`", "/broken");
        let seen = instance.script("shop", "seen", SEEN, "/seen");
        instance.without_rates("shop");
        Self { instance, seen }
    }

    fn trigger(&self, name: &str, on: &Value) -> String {
        let body = json!({ "app": "shop", "name": name, "script": self.seen, "on": on, "retry": { "attempts": 3 } });
        let made = self.instance.admin("POST", "triggers", &body);
        assert_eq!(made.status, 201, "{}", made.body);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    fn write(&self, what: &str, name: &str) -> u16 {
        self.instance.visit("shop.localhost", &format!("/write?what={what}&name={name}")).status
    }

    fn seen(&self, trigger: &str, what: &str) -> Option<Value> {
        let key = format!("seen/{trigger}/{what}").replace('/', "%2F");
        let answer = self.instance.admin("GET", &format!("kv/{key}?app=shop"), &Value::Null);
        (answer.status == 200).then(|| answer.json()["value"].clone())
    }

    fn sees(&self, trigger: &str, what: &str) -> Value {
        eventually(|| self.seen(trigger, what).is_some());
        self.seen(trigger, what).unwrap()
    }

    fn jobs(&self) -> usize {
        self.instance.admin("GET", "queue?app=shop", &Value::Null).json()["items"].as_array().unwrap().len()
    }
}

#[test]
fn a_script_runs_on_a_key_a_file_and_a_job_that_failed() {
    let shop = Shop::open();
    shop.trigger("orders", &json!({ "kind": "kv", "prefix": "orders/" }));
    shop.trigger("images", &json!({ "kind": "file", "prefix": "images/" }));
    shop.trigger("undone", &json!({ "kind": "dead_letter" }));

    assert_eq!(shop.write("key", "orders/1"), 204);
    let told = shop.sees("orders", "orders/1");
    assert_eq!((&told["type"], &told["depth"], &told["event"]["operation"]), (&json!("trigger"), &json!(1), &json!("set")));
    assert_eq!(shop.write("count", "orders/2"), 204);
    assert_eq!(shop.sees("orders", "orders/2")["event"]["operation"], "increment");
    assert_eq!(shop.write("file", "images/a.png"), 204);
    assert_eq!(shop.sees("images", "images/a.png")["event"]["operation"], "write");
    assert_eq!(shop.write("job", ""), 204);
    let told = shop.sees("undone", "broken");
    assert_eq!((&told["event"]["job"]["payload"], &told["event"]["job"]["outcome"]), (&json!(7), &json!("error")));

    // A person's change counts as well.
    assert_eq!(shop.instance.admin("PUT", "kv/orders%2F3?app=shop", &json!({ "value": 1 })).status, 200);
    assert_eq!(shop.sees("orders", "orders/3")["event"]["operation"], "set");

    // What was rolled back has not happened, and what no trigger waits for starts nothing.
    let thrown = shop.instance.visit("shop.localhost", "/write?what=key&name=orders/4&end=throw");
    assert_eq!(thrown.status, 502);
    assert_eq!(shop.write("key", "other/1"), 204);
    assert_eq!(shop.write("gone", "orders/1"), 204);
    eventually(|| shop.seen("orders", "orders/1").is_some_and(|told| told["event"]["operation"] == "delete"));
    eventually(|| shop.jobs() == 0);
    assert_eq!((shop.seen("orders", "orders/4"), shop.seen("orders", "other/1")), (None, None));
}

#[test]
fn s_2_7_triggers_that_lead_to_each_other_come_to_an_end() {
    let shop = Shop::open();
    // Its own writes are under this prefix.
    shop.trigger("endless", &json!({ "kind": "kv", "prefix": "" }));
    assert_eq!(shop.write("key", "a"), 204);
    let dead = || shop.instance.admin("GET", "dead-letters?app=shop", &Value::Null).json()["items"].as_array().unwrap().clone();
    eventually(|| dead().len() == 1);
    let dead = &dead()[0];
    assert_eq!((&dead["failure"]["outcome"], &dead["failure"]["execution_id"]), (&json!("loop"), &Value::Null));
    assert!(dead["failure"]["message"].as_str().unwrap().contains("queue_depth"), "{dead}");
    assert_eq!(shop.jobs(), 0);
}

#[test]
fn a_paused_trigger_and_one_that_is_not_deployed_start_nothing() {
    let shop = Shop::open();
    let id = shop.trigger("orders", &json!({ "kind": "kv", "prefix": "orders/" }));
    assert_eq!(shop.instance.admin("POST", &format!("triggers/{id}/pause"), &Value::Null).status, 200);
    assert_eq!((shop.write("key", "orders/1"), shop.jobs()), (204, 0));
    assert_eq!(shop.instance.admin("POST", &format!("triggers/{id}/resume"), &Value::Null).status, 200);
    assert_eq!(shop.write("key", "orders/2"), 204);
    shop.sees("orders", "orders/2");
    assert_eq!(shop.instance.admin("DELETE", &format!("triggers/{id}"), &Value::Null).status, 204);
    assert_eq!((shop.write("key", "orders/3"), shop.jobs()), (204, 0));
    assert_eq!((shop.seen("orders", "orders/1"), shop.seen("orders", "orders/3")), (None, None));
    for (name, on, pointer) in [
        ("t", json!({ "kind": "email" }), "/on/kind"),
        ("t", json!({ "kind": "kv", "topic": "t" }), "/on/topic"),
        ("t", json!({ "kind": "topic" }), "/on/topic"),
        ("t", json!({ "kind": "kv", "prefix": "x".repeat(600) }), "/on/prefix"),
        ("t", json!({ "kind": "kv", "retry": {} }), "/on/retry"),
        ("", json!({ "kind": "kv" }), "/name"),
    ] {
        let body = json!({ "app": "shop", "name": name, "script": shop.seen, "on": on });
        let answer = shop.instance.admin("POST", "triggers", &body);
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (400, &json!(pointer)), "{}", answer.body);
    }
}

/// Writes with a trigger under random `kill -9`. Four kills for each of `SOAK_TURNS`.
#[test]
fn s_9_5_each_committed_write_leads_to_a_run_and_each_rolled_back_one_to_none() {
    const CLIENTS: u64 = 8;
    let kills = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).map_or(2, |turns: u64| 4 * turns);
    let mut shop = Shop::open();
    shop.instance.script(
        "shop",
        "counts",
        r#"let n = ctx.request.query.n; [kv::get(`w/${n}`), kv::get(`seen/each/w/${n}`) != ()]"#,
        "/counts",
    );
    shop.trigger("each", &json!({ "kind": "kv", "prefix": "w/" }));
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    for kill in 0..=kills {
        stop.store(false, Ordering::Release);
        let port = shop.instance.port;
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !stop.load(Ordering::Acquire) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let end = if n % 3 == 0 { "&end=throw" } else { "" };
                        // Whether it was acknowledged does not matter: the database knows.
                        let _ = send(port, "GET", &format!("/write?what=key&name=w/{n}{end}"), &["Host: shop.localhost"], "");
                    }
                });
            }
            thread::sleep(Duration::from_millis(700 + 130 * (kill % 10)));
            stop.store(true, Ordering::Release);
            if kill < kills {
                shop.instance.kill_in_use();
            }
        });
        if kill < kills {
            shop.instance.kill();
            shop.instance.start_again();
        }
    }
    let started = Instant::now();
    while shop.jobs() > 0 {
        assert!(started.elapsed() < Duration::from_secs(120), "{} jobs are left", shop.jobs());
        thread::sleep(Duration::from_millis(300));
    }
    let asked = next.load(Ordering::Relaxed);
    let mut written = 0;
    for n in 0..asked {
        let counts = shop.instance.visit("shop.localhost", &format!("/counts?n={n}")).json();
        let (is_written, has_run) = (counts[0] == 1, counts[1] == true);
        assert_eq!(is_written, has_run, "write {n} of {asked}");
        assert!(!(is_written && n % 3 == 0), "write {n} threw");
        written += u64::from(is_written);
    }
    assert!(written > 0 && written < asked);
    println!("{written} writes of {asked}, each with a run; {kills} kills");
}
