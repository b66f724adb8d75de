//! Money that must not be lost: clients move amounts between accounts while scripts die at any point and the server is killed. A few seconds, or
//! with `make soak` a minute.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::instance::{Instance, PASSWORD};

const CLIENTS: usize = 64;
const ACCOUNTS: u64 = 20;
const BALANCE: i64 = 1_000;

/// Moves an amount, and writes down that it did. Dies on its way when it is told to: by throwing, or by its fuel or deadline.
const TRANSFER: &str = r#"
    let q = ctx.request.query;
    let from = kv::get(`account/${q.from}`);
    if from < 5 { return #{ statusCode: 409, body: "poor" }; }
    kv::set(`account/${q.from}`, from - 5);
    if q.end == "throw" { throw "on its way"; }
    if q.end == "loop" { loop {} }
    let to = kv::get(`account/${q.to}`);
    kv::set(`account/${q.to}`, to + 5);
    kv::set(`done/${q.id}`, true);
    kv::increment("count");
    "moved"
"#;
/// Sees everything in several steps, and must see one moment.
const SUM: &str = r#"
    let sum = 0; let accounts = 0; let next = "";
    loop {
        let page = kv::list("account/", #{ limit: 7, after: next });
        for item in page.items { sum += item.value; accounts += 1; }
        if page.next == () { break; }
        next = page.next;
    }
    [accounts, sum]
"#;

/// What the clients were told.
#[derive(Default)]
struct Told {
    moved: Vec<String>,
    refused: usize,
    died: usize,
    sums: usize,
    conflicts: usize,
    away: usize,
}

#[test]
fn nothing_is_lost_and_nothing_is_half_done() {
    let turns: u64 = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "bank" })).status, 201);
    let fill = format!(r#"for n in 0..{ACCOUNTS} {{ kv::set(`account/${{n}}`, {BALANCE}); }}"#);
    for (name, source, path) in [
        ("fill", fill.as_str(), "/fill"),
        ("transfer", TRANSFER, "/transfer"),
        ("sum", SUM, "/sum"),
        ("done", r#"kv::get(`done/${ctx.request.query.id}`) == true"#, "/done"),
        ("count", r#"kv::get("count", 0)"#, "/count"),
    ] {
        instance.script("bank", name, source, path);
    }
    // A loop ends by its fuel, or on a busy machine by its deadline; so does whatever waits too long for the database.
    let limits = json!({ "limits": { "fuel": 200_000_000, "wall_ms": 1_000 } });
    assert_eq!(instance.admin("PATCH", "apps/bank", &limits).status, 200);
    instance.without_rates("bank");
    assert_eq!(instance.visit("bank.localhost", "/fill").status, 204);

    let told = Mutex::new(Told::default());
    for turn in 0..2 * turns {
        rush(&instance, turn, Duration::from_secs(3), &told);
        if turn % 2 == 0 {
            // In the middle of whatever is under way.
            std::thread::scope(|scope| {
                scope.spawn(|| rush(&instance, 1_000 + turn, Duration::from_secs(1), &told));
                std::thread::sleep(Duration::from_millis(500));
                instance.kill_in_use();
            });
            instance.kill();
            instance.start_again();
        }
    }

    let told = told.into_inner().unwrap();
    let Told { moved, refused, died, sums, conflicts, away } = &told;
    println!("{} moved, {refused} refused, {died} died, {sums} sums, {conflicts} conflicts, {away} unanswered", moved.len());
    assert_eq!(instance.visit("bank.localhost", "/sum").json(), json!([ACCOUNTS, i64::try_from(ACCOUNTS).unwrap() * BALANCE]));
    assert!(moved.len() > CLIENTS && *died > 0 && *sums > 0 && *away > 0, "every way to end took place");
    for id in moved {
        assert_eq!(instance.visit("bank.localhost", &format!("/done?id={id}")).body, "true", "{id} was acknowledged");
    }
    let count = instance.visit("bank.localhost", "/count").json().as_u64().unwrap();
    assert!(count >= moved.len() as u64 && count <= (moved.len() + away + conflicts) as u64, "{count} of {}", moved.len());
    let again = |row: &Value| row["attempts"].as_u64().unwrap() > 1;
    let rows = instance.admin("GET", "executions?app=bank&limit=200", &Value::Null).json();
    println!("{} of the last 200 were run again", rows["items"].as_array().unwrap().iter().filter(|row| again(row)).count());
}

fn rush(instance: &Instance, turn: u64, duration: Duration, told: &Mutex<Told>) {
    let until = Instant::now() + duration;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let mut draw = (turn << 32) + client as u64 + 1;
                let mut is_there = true;
                // Whoever finds nobody there any more goes home.
                while is_there && Instant::now() < until {
                    draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    is_there = ask(instance, draw >> 20, &format!("{turn}-{client}-{draw:x}"), told);
                }
            });
        }
    });
}

/// Returns whether somebody answered.
fn ask(instance: &Instance, draw: u64, id: &str, told: &Mutex<Told>) -> bool {
    if draw.is_multiple_of(16) {
        let Ok(answer) = get(instance, "/sum") else { return false };
        if answer.status == 200 {
            assert_eq!(answer.json(), json!([ACCOUNTS, i64::try_from(ACCOUNTS).unwrap() * BALANCE]));
            told.lock().unwrap().sums += 1;
        }
        return true;
    }
    let (from, to) = (draw / 16 % ACCOUNTS, (draw / 16 + 1 + draw / 512 % (ACCOUNTS - 1)) % ACCOUNTS);
    let end = ["", "", "", "", "", "throw", "loop", ""][usize::try_from(draw / 7 % 8).unwrap()];
    let answer = get(instance, &format!("/transfer?from={from}&to={to}&id={id}&end={end}"));
    let mut told = told.lock().unwrap();
    let is_there = answer.is_ok();
    match answer.map(|answer| (answer.status, answer.body)) {
        Ok((200, body)) if body == "moved" => told.moved.push(id.to_owned()),
        Ok((409, _)) => told.refused += 1,
        Ok((502 | 504 | 507, _)) => told.died += 1,
        Ok((503, body)) if body.contains("conflict") => told.conflicts += 1,
        Ok((429 | 503, _)) | Err(_) => told.away += 1,
        Ok(other) => panic!("{other:?}"),
    }
    is_there
}

fn get(instance: &Instance, target: &str) -> std::io::Result<crate::http::Answer> {
    crate::http::send(instance.port, "GET", target, &["Host: bank.localhost"], "")
}
