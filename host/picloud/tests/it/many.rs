//! Many scripts and many clients at once: five seconds, or with `make soak` a minute.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    instance::{Instance, PASSWORD, eventually},
    outage::figure,
};

const APPS: usize = 4;
const SCRIPTS: usize = 200;
const CLIENTS: usize = 64;
/// How much a server may grow under load that does not grow, beside the rows that wait for the database and what sandboxes keep for the next (both have
/// bounds and figures of their own): slack of the allocator.
const GROWTH_MAX_KIB: u64 = 64 << 10;

#[test]
fn every_answer_is_right_and_memory_is_flat() {
    let turns = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    for app in 0..APPS {
        instance.admin("POST", "apps", &json!({ "slug": format!("app-{app}"), "name": "App" }));
        instance.without_rates(&format!("app-{app}"));
    }
    for number in 0..SCRIPTS {
        let source = format!("let sum = 0; for i in 0..{number} {{ sum += i; }} `{number}: ${{sum}} ${{ctx.request.query.who}}`");
        instance.script(&format!("app-{}", number % APPS), &format!("script-{number}"), &source, &format!("/{number}"));
    }
    let last = SCRIPTS - 1;
    eventually(|| instance.visit(&format!("app-{}.localhost", last % APPS), &format!("/{last}")).status == 200);

    rush(&instance, Duration::from_secs(3));
    let (before, kept_before) = (instance.resident_kib(), instance.figure_kib("pool_kept_bytes"));
    let (mut served, mut waiting) = (0, 0);
    for _ in 0..turns {
        served += rush(&instance, Duration::from_secs(5));
        waiting = instance.figure_kib("rows_waiting_bytes").max(waiting);
    }
    let (after, kept_after) = (instance.resident_kib(), instance.figure_kib("pool_kept_bytes"));
    let told =
        format!("{before} KiB resident before ({kept_before} kept), {after} KiB after ({kept_after} kept, {waiting} of rows at most)");
    println!("{served} right answers, {told}");
    assert!(served > CLIENTS);
    assert!(after < before + kept_after.saturating_sub(kept_before) + waiting + GROWTH_MAX_KIB, "{told}");
}

/// All clients ask for scripts in an order of their own; returns how many answers came, all of them right.
fn rush(instance: &Instance, duration: Duration) -> usize {
    let until = Instant::now() + duration;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(instance, client, until))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    })
}

fn ask(instance: &Instance, client: usize, until: Instant) -> usize {
    let mut draw = client as u64 + 1;
    let mut served = 0;
    while Instant::now() < until {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(draw >> 33).unwrap() % SCRIPTS;
        let answer = instance.visit(&format!("app-{}.localhost", number % APPS), &format!("/{number}?who={client}"));
        let sum = number * number.saturating_sub(1) / 2;
        assert_eq!((answer.status, answer.body), (200, format!("{number}: {sum} {client}")));
        served += 1;
    }
    served
}

impl Instance {
    fn figure_kib(&self, name: &str) -> u64 {
        figure(self, name).parse::<u64>().unwrap() >> 10
    }

    /// Without pages of files, which the system takes back when it needs them.
    fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}
