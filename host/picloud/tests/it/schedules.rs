//! Schedules of the whole program: made by the API, run at their times, and each slot once, whatever is killed (S-9.5).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    instance::{Instance, PASSWORD, eventually},
    nodes::Database,
};

/// Notes each slot, and how often it was run.
const REPORT: &str = r#"
    let e = ctx.event;
    kv::increment(`slot/${e.scheduled_at}`);
    kv::set("last", #{ type: ctx.invocation_type, schedule: e.schedule, payload: e.payload, by_hand: e.by_hand, id: e.id });
"#;

fn shop(instance: &mut Instance) -> String {
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    let limits = json!({ "limits": { "schedule_slots_per_hour": 3600 } });
    assert_eq!(instance.admin("PATCH", "apps/shop", &limits).status, 200);
    instance.script("shop", "last", r#"kv::get("last")"#, "/last");
    instance.script("shop", "report", REPORT, "/report");
    let scripts = instance.admin("GET", "scripts?app=shop", &Value::Null).json();
    let scripts = scripts["items"].as_array().unwrap();
    scripts.iter().find(|script| script["name"] == "report").unwrap()["id"].as_str().unwrap().to_owned()
}

fn listed(instance: &Instance, path: &str) -> Vec<Value> {
    instance.admin("GET", path, &Value::Null).json()["items"].as_array().unwrap().clone()
}

/// How often each slot was run, by slot.
fn slots_run(instance: &Instance) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = instance.admin("GET", &format!("kv?app=shop&prefix=slot/&limit=200{cursor}"), &Value::Null).json();
        for item in page["items"].as_array().unwrap() {
            let slot = item["key"].as_str().unwrap().trim_start_matches("slot/").parse().unwrap();
            let value = instance.admin("GET", &format!("kv/slot%2F{slot}?app=shop"), &Value::Null).json()["value"].as_i64().unwrap();
            found.push((slot, value));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[test]
fn a_schedule_runs_at_its_times_and_by_hand_and_rests_when_it_is_paused() {
    let mut instance = Instance::start();
    let script = shop(&mut instance);
    let body = json!({ "app": "shop", "name": "every-second", "script": script, "on": { "cron": "* * * * * *", "payload": { "n": 1 } } });
    let made = instance.admin("POST", "schedules", &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["next"].as_array().unwrap().len(), 5);
    eventually(|| slots_run(&instance).len() >= 2);
    let last = instance.visit("shop.localhost", "/last").json();
    assert_eq!((&last["type"], &last["schedule"], &last["payload"]), (&json!("schedule"), &json!("every-second"), &json!({ "n": 1 })));
    eventually(|| {
        let executions = listed(&instance, &format!("executions?app=shop&script={script}&limit=200"));
        executions.iter().any(|row| row["invocation_type"] == "schedule" && row["outcome"] == "ok")
    });

    let paused = instance.admin("POST", &format!("schedules/{id}/pause"), &Value::Null).json();
    assert!(paused["paused_at"].is_string() && paused["next"] == json!([]), "{paused}");
    eventually(|| listed(&instance, "queue?app=shop").is_empty());
    let before = slots_run(&instance).len();
    let run = instance.admin("POST", &format!("schedules/{id}/run"), &Value::Null);
    assert_eq!((run.status, run.json()["by_hand"] == true), (200, true), "{}", run.body);
    eventually(|| instance.visit("shop.localhost", "/last").json()["by_hand"] == true);
    assert_eq!(slots_run(&instance).len(), before + 1, "paused, it has no slots");
    let resumed = instance.admin("POST", &format!("schedules/{id}/resume"), &Value::Null).json();
    assert_eq!(resumed["paused_at"], Value::Null);
    eventually(|| slots_run(&instance).len() > before + 1);
    let runs = listed(&instance, &format!("schedules/{id}/runs?limit=5"));
    assert!(runs[0]["scheduled_at"].as_str() > runs[1]["scheduled_at"].as_str(), "{runs:?}");

    // It is part of what is deployed: gone and back with its deployment.
    assert_eq!(instance.admin("DELETE", &format!("schedules/{id}"), &Value::Null).status, 204);
    assert_eq!(listed(&instance, "schedules?app=shop"), Vec::<Value>::new());
    assert_eq!(instance.admin("POST", "apps/shop/rollback", &json!({})).status, 200);
    assert_eq!(listed(&instance, "schedules?app=shop")[0]["id"], id.as_str());
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_and_nothing_is_deployed() {
    let mut instance = Instance::start();
    let script = shop(&mut instance);
    let good = json!({ "app": "shop", "name": "nightly", "script": script, "on": { "cron": "@daily" } });
    for (pointer, value, said) in [
        ("/on/cron", json!("61 * * * *"), "`61 * * * *` is no cron expression"),
        ("/on/cron", json!("0 0 30 2 *"), "never comes"),
        ("/on/time_zone", json!("Europe/Nowhere"), "There is no time zone `Europe/Nowhere`"),
        ("/name", json!("Night ly"), "A name has 1 to 64"),
        ("/on/overlap", json!("maybe"), "unknown variant"),
        ("/on/jitter_seconds", json!(3601), "at most 3600"),
        ("/retry/attempts", json!(0), "1 to 20"),
        ("/script", json!("019a7635-9b1d-7a55-8f03-64d1c0a2e9f7"), "no script"),
    ] {
        let mut body = good.clone();
        let fields: Vec<_> = pointer.split('/').skip(1).collect();
        fields.iter().fold(&mut body, |value, field| &mut value[*field]).clone_from(&value);
        let answer = instance.admin("POST", "schedules", &body);
        assert_eq!(answer.status, 400, "{pointer}: {}", answer.body);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.body);
        assert!(answer.body.contains(said), "{pointer}: {}", answer.body);
    }
    assert_eq!(instance.admin("POST", "schedules", &good).status, 201);
    assert_eq!(instance.admin("POST", "schedules", &good).status, 409);
    let often = json!({ "limits": { "schedule_slots_per_hour": 60 } });
    assert_eq!(instance.admin("PATCH", "apps/shop", &often).status, 200);
    let answer = instance.admin(
        "POST",
        "schedules",
        &json!({ "app": "shop", "name": "often", "script": script, "on": { "cron": "*/30 * * * * *" } }),
    );
    assert_eq!((answer.status, answer.body.contains("at most 60 times an hour")), (400, true), "{}", answer.body);
    assert_eq!(listed(&instance, "schedules?app=shop").len(), 1);
}

/// Three nodes, one database, one schedule for each second; somebody is killed at random moments. 17 kills for each of `SOAK_TURNS` (204 in `make soak`).
#[test]
fn s_9_5_three_nodes_run_each_slot_once_and_lose_none_whoever_is_killed() {
    let kills = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).map_or(6, |turns: u32| 17 * turns);
    let database = Database::new();
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("secrets.key");
    let mut nodes = [(); 3].map(|()| Instance::node_with_key(database.fresh.url(), &key));
    let script = shop(&mut nodes[0]);
    let body = json!({ "app": "shop", "name": "every-second", "script": script, "on": { "cron": "* * * * * *", "overlap": "allow", "catch_up": "all" } });
    let id = nodes[0].admin("POST", "schedules", &body).json()["id"].as_str().unwrap().to_owned();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(100 + (random >> 40) % 1_400));
        let node = &mut nodes[usize::try_from(random >> 33).unwrap() % 3];
        node.kill();
        node.start_again();
    }
    let paused = nodes[0].admin("POST", &format!("schedules/{id}/pause"), &Value::Null);
    assert_eq!(paused.status, 200, "{}", paused.body);
    // What a killed node ran is delivered again when its lease is over.
    let started = Instant::now();
    while !listed(&nodes[0], "queue?app=shop").is_empty() {
        assert!(started.elapsed() < Duration::from_secs(150), "jobs are left: {:?}", listed(&nodes[0], "queue?app=shop"));
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(listed(&nodes[0], "dead-letters?app=shop"), Vec::<Value>::new());
    let run = slots_run(&nodes[0]);
    let (first, last) = (run.iter().map(|(slot, _)| *slot).min().unwrap(), run.iter().map(|(slot, _)| *slot).max().unwrap());
    let missing: Vec<i64> = (first..=last).step_by(1_000).filter(|slot| !run.iter().any(|(run, _)| run == slot)).collect();
    assert_eq!(missing, Vec::<i64>::new(), "of {} slots", run.len());
    assert!(run.iter().all(|(_, times)| *times == 1), "{run:?}");
    println!("{} slots, {kills} kills", run.len());
}
