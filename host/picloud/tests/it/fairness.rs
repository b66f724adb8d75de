//! Those who ask for too much, and those beside them: an app that asks for little (S-3.2) is refused nothing, the owner is answered (S-3.3), and scripts that
//! never end all end (S-2.1). Some seconds, or with `make soak` a minute. How long answers take is printed; the tests are decided by the answers.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    full::Over,
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// Connections of the greedy one, each with a request at a time; the quiet one has one.
const GREEDY: usize = 50;
/// Of the quiet one: ten requests a second.
const EVERY: Duration = Duration::from_millis(100);
/// A millisecond of the processor, without a pause.
const WORK: &str = "let sum = 0; for n in 0..5_000 { sum += n; } `${sum}`";
const SUM: &str = "12497500";

/// The quiet one asks so often, on time whatever the last answer took; how long each answer took, shortest first.
fn ask_quietly(instance: &Instance, times: u32) -> Vec<Duration> {
    let began = Instant::now();
    let mut took: Vec<_> = (0..times)
        .map(|n| {
            std::thread::sleep((EVERY * n).saturating_sub(began.elapsed()));
            let asked = Instant::now();
            let answer = instance.visit("quiet.localhost", &format!("/?n={n}"));
            assert_eq!((answer.status, answer.body), (200, format!("hello {n}")), "{}", answer.head);
            asked.elapsed()
        })
        .collect();
    took.sort();
    took
}

/// One of the greedy one's connections. Whatever it is refused is its own affair.
fn ask_greedily(instance: &Instance, served: &AtomicUsize, over: &AtomicBool) {
    while !over.load(SeqCst) {
        let answer = send(instance.port, "GET", "/", &["Host: greedy.localhost"], "").unwrap();
        if answer.status == 200 {
            assert_eq!(answer.body, SUM);
            served.fetch_add(1, SeqCst);
        }
    }
}

fn p99(sorted: &[Duration]) -> Duration {
    sorted[sorted.len() * 99 / 100]
}

#[test]
fn s_3_2_a_quiet_app_beside_a_greedy_one_is_refused_nothing() {
    let turns: u32 = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    for (app, source) in [("greedy", WORK), ("quiet", "`hello ${ctx.request.query.n}`")] {
        assert_eq!(instance.admin("POST", "apps", &json!({ "slug": app })).status, 201);
        instance.without_rates(app);
        instance.script(app, "main", source, "/");
    }
    ask_quietly(&instance, 10);
    let alone = ask_quietly(&instance, 50 * turns);
    let (served, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let beside = std::thread::scope(|scope| {
        let _over = Over(&over);
        for _ in 0..GREEDY {
            scope.spawn(|| ask_greedily(&instance, &served, &over));
        }
        eventually(|| served.load(SeqCst) > GREEDY);
        ask_quietly(&instance, 50 * turns)
    });
    let greedy = served.load(SeqCst);
    assert!(greedy > beside.len(), "it was greedy: {greedy} answers beside {}", beside.len());
    println!(
        "the quiet app's p99 {:?} alone and {:?} beside {greedy} answers of the greedy one: {:.2} times (medians {:?} and {:?})",
        p99(&alone),
        p99(&beside),
        p99(&beside).as_secs_f64() / p99(&alone).as_secs_f64(),
        alone[alone.len() / 2],
        beside[beside.len() / 2],
    );
}

/// Apps whose scripts never end, and how often each is asked at once.
const ENDLESS: usize = 4;

/// Asks an endless script until the owner has had his answers; returns how often it ran to a limit.
fn ask_endlessly(instance: &Instance, app: usize, over: &AtomicBool) -> usize {
    let mut ended = 0;
    while !over.load(SeqCst) {
        let answer = send(instance.port, "GET", "/", &[&format!("Host: endless-{app}.localhost")], "").unwrap();
        // Those that find no place are told so; on a machine that is too full, the deadline comes before the end of the fuel.
        assert!([507, 504, 429, 503].contains(&answer.status), "{answer:?}");
        ended += usize::from([507, 504].contains(&answer.status));
    }
    ended
}

#[test]
fn s_2_1_endless_scripts_end_and_their_owner_is_answered() {
    let turns: usize = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let at_once = if turns > 1 { 250 } else { 25 };
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    for app in 0..ENDLESS {
        let slug = format!("endless-{app}");
        assert_eq!(instance.admin("POST", "apps", &json!({ "slug": slug })).status, 201);
        instance.without_rates(&slug);
        instance.script(&slug, "main", "loop {}", "/");
    }
    let over = AtomicBool::new(false);
    let (ended, mut took) = std::thread::scope(|scope| {
        let _over = Over(&over);
        let asking: Vec<_> = (0..ENDLESS * at_once)
            .map(|number| {
                let (instance, over) = (&instance, &over);
                scope.spawn(move || ask_endlessly(instance, number % ENDLESS, over))
            })
            .collect();
        eventually(|| [507, 504].contains(&instance.visit("endless-0.localhost", "/").status));
        let took: Vec<_> = (0..100 * turns)
            .map(|number| {
                let asked = Instant::now();
                assert_eq!(instance.visit("localhost", "/healthz").body, "ok");
                let took = asked.elapsed();
                if number % 10 == 0 {
                    assert_eq!(instance.admin("GET", "apps", &serde_json::Value::Null).status, 200);
                }
                took
            })
            .collect();
        over.store(true, SeqCst);
        (asking.into_iter().map(|asking| asking.join().unwrap()).sum::<usize>(), took)
    });
    assert!(ended > ENDLESS, "{ended}");
    took.sort();
    println!(
        "{} endless at once, {ended} ran to a limit; /healthz meanwhile: median {:?}, p99 {:?}",
        ENDLESS * at_once,
        took[took.len() / 2],
        p99(&took)
    );
}
