//! `kill -9` under load (S-2.17): it is back, what was acknowledged is there, and what was running has left nothing half written. Twice, or with `make soak`
//! for a minute.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    full::Over,
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// What is asked, each by clients of its own.
const SCRIPTS: &[(&str, &str)] = &[
    ("stateless", "`hello ${ctx.request.query.n}`"),
    ("count", r#"kv::increment("count"); "counted""#),
    // Half of it is written long before the end.
    ("halves", r#"kv::increment("first"); let sum = 0; for n in 0..50_000 { sum += n; } kv::increment("second"); "both""#),
    ("later", r#"queue::enqueue("work", 1); "enqueued""#),
    ("work", r#"let sum = 0; for n in 0..20_000 { sum += n; } kv::increment("jobs")"#),
    ("sums", r#"["count", "first", "second", "jobs"].map(|key| kv::get(key, 0))"#),
];

/// What the clients of one path were told, and how many heard nothing.
#[derive(Default)]
struct Told {
    good: AtomicU64,
    unsure: AtomicU64,
}

/// Asks until all is over; while nothing answers, again and again.
fn ask(port: u16, target: &str, body: &str, told: &Told, over: &AtomicBool) {
    while !over.load(SeqCst) {
        match send(port, "GET", target, &["Host: shop.localhost"], "") {
            Ok(answer) if answer.status == 200 => {
                assert_eq!(answer.body, body, "{target}");
                told.good.fetch_add(1, SeqCst);
            }
            // While it ends or begins, and where a machine is too full, it may be refused.
            answer => {
                assert!(
                    answer.as_ref().is_ok_and(|answer| [429, 503, 504].contains(&answer.status)) || answer.is_err(),
                    "{target}: {answer:?}"
                );
                told.unsure.fetch_add(1, SeqCst);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn sums(instance: &Instance) -> [u64; 4] {
    serde_json::from_value(instance.visit("shop.localhost", "/sums").json()).unwrap()
}

#[test]
fn s_2_17_what_is_killed_is_back_and_nothing_is_half_written() {
    let turns: u32 = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.without_rates("shop");
    for (name, source) in SCRIPTS {
        instance.script("shop", name, source, &format!("/{name}"));
    }
    let asked = [("/stateless?n=7", "hello 7"), ("/count", "counted"), ("/halves", "both"), ("/later", "enqueued")];
    let (told, over, port) = (asked.map(|_| Told::default()), AtomicBool::new(false), instance.port);
    let mut slowest = Duration::ZERO;
    std::thread::scope(|scope| {
        let _over = Over(&over);
        for ((target, body), told) in asked.into_iter().zip(&told) {
            for _ in 0..3 {
                scope.spawn(|| ask(port, target, body, told, &over));
            }
        }
        for turn in 0..2 * turns {
            let before = told.each_ref().map(|told| told.good.load(SeqCst));
            eventually(|| told.iter().zip(before).all(|(told, before)| told.good.load(SeqCst) > before + 3));
            std::thread::sleep(Duration::from_millis(u64::from(turn * 37 % 100)));
            instance.kill_in_use();
            instance.kill();
            let killed = Instant::now();
            instance.start_again();
            slowest = slowest.max(killed.elapsed());
        }
        let before = told.each_ref().map(|told| told.good.load(SeqCst));
        eventually(|| told.iter().zip(before).all(|(told, before)| told.good.load(SeqCst) > before));
    });
    let [_, counted, halves, later] = told.map(|told| [told.good.into_inner(), told.unsure.into_inner()]);
    let within = |sum: u64, [good, unsure]: [u64; 2]| (good..=good + unsure).contains(&sum);
    // Until nobody counts any more: who reads what others change all the time may be told to come again.
    eventually(|| instance.admin("GET", "queue?app=shop", &Value::Null).json()["items"].as_array().unwrap().is_empty());
    let [count, first, second, jobs] = sums(&instance);
    assert!(within(count, counted), "{count} of {counted:?}");
    assert!(first == second && within(second, halves), "{first} and {second} of {halves:?}");
    // Each job that was acknowledged is done once, also those that were running.
    assert!(within(jobs, later), "{jobs} of {later:?}");
    println!("{} kills, ready again after {slowest:?} at most; {count} counted, {second} both, {jobs} jobs", 2 * turns);
}
