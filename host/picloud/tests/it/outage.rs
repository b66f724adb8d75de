//! The database goes away under load, and comes back: what needs none does not notice, what needs it is told, and all recovers by itself (S-9.3).
//! Some seconds, or with `make soak` a minute.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

use postgres::{Durability, Server, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, eventually},
};

/// A server of our own, which can be stopped.
pub(crate) struct Database {
    runtime: Runtime,
    directory: TempDir,
    server: Option<Server>,
}

impl Database {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // PostgreSQL's user has to enter when the tests run as root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut database = Self { runtime: Runtime::new().unwrap(), directory, server: None };
        database.go_on();
        database
    }

    fn go_on(&mut self) {
        let settings = Settings {
            directory: self.directory.path().join("postgres"),
            fallback_parent: self.directory.path().join("elsewhere"),
            search_path: None,
            database: "outage".to_owned(),
            durability: Durability::Full,
            connections_max: 60,
        };
        self.server = Some(self.runtime.block_on(Server::start(&settings, |_| {})).unwrap());
    }

    pub(crate) fn stop(&mut self) {
        self.runtime.block_on(self.server.take().unwrap().stop()).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        self.server.as_ref().unwrap().url().to_owned()
    }
}

/// What there is at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Before,
    Away,
    After,
    Over,
}

impl Phase {
    fn of(number: u8) -> Self {
        [Self::Before, Self::Away, Self::After, Self::Over][usize::from(number)]
    }
}

/// An answer, and in which phase its request began and ended.
struct Seen {
    began: Phase,
    ended: Phase,
    answer: Answer,
    took: Duration,
}

/// Asks for one path until all is over.
fn ask(instance: &Instance, target: &str, phase: &AtomicU8) -> Vec<Seen> {
    let mut seen = Vec::new();
    loop {
        let began = Phase::of(phase.load(Ordering::SeqCst));
        if began == Phase::Over {
            return seen;
        }
        let started = Instant::now();
        let answer = send(instance.port, "GET", target, &["Host: shop.localhost"], "").unwrap();
        let (took, ended) = (started.elapsed(), Phase::of(phase.load(Ordering::SeqCst)));
        seen.push(Seen { began, ended, answer, took });
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn shop(instance: &mut Instance) {
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    for (name, source, path) in [
        ("stateless", r#"`hello ${ctx.request.query.n}`"#, "/stateless"),
        ("careful", r#"try { kv::get("count"); } catch (e) { return e.error; } "found""#, "/careful"),
        ("counts", r#"kv::increment("count"); "counted""#, "/counts"),
        ("later", r#"queue::enqueue("counted", 1); "enqueued""#, "/later"),
        ("counted", r#"kv::increment("jobs")"#, "/never-asked"),
        ("sums", r#"[kv::get("count", 0), kv::get("jobs", 0)]"#, "/sums"),
    ] {
        instance.script("shop", name, source, path);
    }
    instance.without_rates("shop");
}

/// Five clients, each with a path of its own, while the database is stopped and started again.
fn under_load(instance: &Instance, database: &mut Database, seconds_away: u64) -> Vec<Vec<Seen>> {
    let phase = AtomicU8::new(0);
    let targets = ["/stateless?n=1", "/stateless?n=2", "/careful", "/counts", "/later"];
    std::thread::scope(|scope| {
        let clients = targets.map(|target| {
            let phase = &phase;
            scope.spawn(move || ask(instance, target, phase))
        });
        let enter = |number: u8, seconds: u64| {
            phase.store(number, Ordering::SeqCst);
            std::thread::sleep(Duration::from_secs(seconds));
        };
        enter(0, 2);
        database.stop();
        enter(1, seconds_away);
        assert_eq!(degraded(instance), (200, true), "it goes on serving and says what is missing");
        assert_eq!(["database_up", "changes_followed", "ready"].map(|name| figure(instance, name)), ["0", "0", "1"]);
        phase.store(2, Ordering::SeqCst);
        database.go_on();
        enter(2, 3);
        phase.store(3, Ordering::SeqCst);
        clients.map(|client| client.join().unwrap()).into()
    })
}

#[test]
fn s_9_3_a_database_that_goes_away_is_missed_only_by_what_needs_it() {
    let turns: u64 = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let mut database = Database::start();
    let mut instance = Instance::node(&database.url());
    shop(&mut instance);
    let seen = under_load(&instance, &mut database, 6 * turns.min(10));
    let [one, two, careful, counts, later] = &seen[..] else { panic!("five clients") };

    // What needs no database: each answer right, whenever it came.
    for (n, client) in [(1, one), (2, two)] {
        assert!(client.iter().all(|seen| seen.answer.status == 200 && seen.answer.body == format!("hello {n}")));
        assert!(client.iter().any(|seen| seen.began == Phase::Away));
    }
    // What reads is told, and can go on.
    let away = |client: &'_ [Seen]| client.iter().filter(|seen| seen.began == Phase::Away && seen.ended == Phase::Away).count();
    assert!(away(careful) > 0);
    for seen in careful.iter() {
        assert_eq!(seen.answer.status, 200, "{}", seen.answer.body);
        match seen.began == Phase::Away && seen.ended == Phase::Away {
            true => assert_eq!(seen.answer.body, "kv.unavailable"),
            false => assert!(["found", "kv.unavailable"].contains(&seen.answer.body.as_str()), "{}", seen.answer.body),
        }
    }
    // What writes is refused, and says when to come again.
    for client in [counts, later] {
        assert!(away(client) > 0);
        for seen in client {
            let is_refused = seen.answer.status == 503 && seen.answer.header("retry-after").is_some();
            assert!(is_refused || seen.answer.status == 200, "{} {}", seen.answer.status, seen.answer.body);
            assert!(is_refused || !(seen.began == Phase::Away && seen.ended == Phase::Away));
        }
        assert_eq!(client.last().map(|seen| seen.answer.status), Some(200), "it has recovered by itself");
    }
    // What was acknowledged is there; what was not may be, if the connection broke at the very end.
    let done = |client: &[Seen]| client.iter().filter(|seen| seen.answer.status == 200).count() as u64;
    let unsure = |client: &[Seen]| client.iter().filter(|seen| seen.answer.status != 200 && seen.began != seen.ended).count() as u64;
    let sums = || serde_json::from_value::<[u64; 2]>(instance.visit("shop.localhost", "/sums").json()).unwrap_or_default();
    eventually(|| sums()[1] >= done(later));
    let [count, jobs] = sums();
    assert!((done(counts)..=done(counts) + unsure(counts)).contains(&count), "{count} of {}", done(counts));
    assert!((done(later)..=done(later) + unsure(later)).contains(&jobs), "{jobs} of {}", done(later));
    assert_eq!(degraded(&instance), (200, false));
    // The listener has pauses of its own before it comes back.
    eventually(|| ["database_up", "changes_followed", "ready"].map(|name| figure(&instance, name)) == ["1"; 3]);
    // The rows of what ran meanwhile come when they can.
    let asked = one.len() + two.len();
    let rows = || instance.admin("GET", "executions?app=shop&limit=200", &Value::Null).json()["items"].as_array().unwrap().len();
    eventually(|| rows() == asked.min(200));
    let slowest = |phase| one.iter().chain(two).filter(|seen| seen.began == phase).map(|seen| seen.took).max().unwrap_or_default();
    println!(
        "{asked} stateless answers, the slowest after {:?} before, {:?} while it was away; {} refused, {count} counted, {jobs} jobs",
        slowest(Phase::Before),
        slowest(Phase::Away),
        counts.len() + later.len() - usize::try_from(done(counts) + done(later)).unwrap(),
    );
}

/// A figure without labels.
pub(crate) fn figure(instance: &Instance, name: &str) -> String {
    let text = send(instance.internal_port, "GET", "/metrics", &["Host: localhost"], "").unwrap().body;
    let start = format!("picloud_{name} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name} in {text}")).to_owned()
}

/// What `/readyz` answers, and whether it says that something is missing.
fn degraded(instance: &Instance) -> (u16, bool) {
    let ready = send(instance.internal_port, "GET", "/readyz", &["Host: localhost"], "").unwrap();
    (ready.status, ready.body.contains("degraded"))
}
