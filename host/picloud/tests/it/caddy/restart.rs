//! Two nodes behind Caddy are restarted one after the other under load, and nobody notices (S-9.2). With `make soak` at the full rate, and often.

use std::{
    collections::HashSet,
    io::{Read as _, Write as _},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Caddy, File, Tls};
use crate::{
    instance::{Instance, PASSWORD, eventually},
    operate,
    outage::Database,
};

const HOST: &str = "cloud.example.net";
const SHOP: &str = "shop.example.org";
/// Connections, each with a request at a time.
const CLIENTS: usize = 20;
/// Requests a second over all of them: what a soak asks for, and what shares two cores with other tests.
const RATE_OF_SOAK: usize = 500;
const RATE: usize = 100;

/// What one client was answered.
#[derive(Default)]
struct Told {
    /// Ids of acknowledged executions.
    executions: Vec<String>,
    counted: u64,
    failed: Vec<String>,
    slowest: Duration,
}

/// A connection to Caddy that stays open, as a browser's does.
struct Client<'c> {
    caddy: &'c Caddy,
    connection: Option<Tls>,
}

impl Client<'_> {
    /// One request and its whole answer.
    fn ask(&mut self, request: &str) -> std::io::Result<String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.caddy.connect(SHOP)?,
        };
        connection.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !is_whole(&answer) {
            match connection.read(&mut buffer)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => answer.extend_from_slice(&buffer[..read]),
            }
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if header(&answer, "connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

/// Whether head and body are there.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length: usize = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    body.len() >= length
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Asks at an even rate until it is over: every second request counts, and may not be sent twice.
fn ask(caddy: &Caddy, rate: usize, is_over: &AtomicBool) -> Told {
    let pause = Duration::from_secs(1) * u32::try_from(CLIENTS).unwrap() / u32::try_from(rate).unwrap();
    let mut client = Client { caddy, connection: None };
    let mut told = Told::default();
    let mut next = Instant::now();
    while !is_over.load(Ordering::SeqCst) {
        let counts = told.executions.len() % 2 == 0;
        let line = if counts { "POST /count" } else { "GET /hello" };
        let started = Instant::now();
        let answer = client.ask(&format!("{line} HTTP/1.1\r\nHost: {SHOP}\r\nContent-Length: 0\r\n\r\n"));
        told.slowest = told.slowest.max(started.elapsed());
        match answer {
            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => {
                told.executions.push(header(&answer, "picloud-execution-id").unwrap().to_owned());
                told.counted += u64::from(counts);
            }
            other => told.failed.push(format!("{line}: {other:?}")),
        }
        next += pause;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    told
}

/// Tells the clients that it is over, also when a restart fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Ids of all rows that there are.
fn rows(instance: &Instance) -> HashSet<String> {
    let mut ids = HashSet::new();
    let mut cursor = String::new();
    loop {
        let page = instance.admin("GET", &format!("executions?app=shop&limit=200{cursor}"), &Value::Null).json();
        ids.extend(page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

/// Some nodes of one instance that the world can reach, the shop, and Caddy in front of them.
struct Nodes {
    caddy: Caddy,
    nodes: Vec<Instance>,
    // After those that use them.
    _database: Database,
    _keys: TempDir,
}

impl Nodes {
    fn start(count: usize) -> Self {
        let database = Database::start();
        let keys = tempfile::tempdir().unwrap();
        let node = || Instance::public_node(&database.url(), &keys.path().join("secrets.key"), HOST, "example.org");
        let mut nodes: Vec<Instance> = (0..count).map(|_| node()).collect();
        let one = &mut nodes[0];
        one.log_in(PASSWORD);
        assert_eq!(one.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
        one.script("shop", "count", r#"kv::increment("count"); "counted""#, "/count");
        one.script("shop", "hello", r#""hello""#, "/hello");
        one.script("shop", "sum", r#"`${kv::get("count", 0)}`"#, "/sum");
        one.without_rates("shop");
        eventually(|| nodes.iter().all(|node| node.visit(SHOP, "/sum").status == 200));
        let caddy = Caddy::start(File::Production, HOST, &nodes.iter().collect::<Vec<_>>());
        Self { caddy, nodes, _database: database, _keys: keys }
    }

    /// Restarts them one after the other, some times, while clients ask.
    fn restart_under_load(&mut self, rate: usize, rounds: usize) -> Vec<Told> {
        let (nodes, caddy, is_over) = (&mut self.nodes, &self.caddy, AtomicBool::new(false));
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| ask(caddy, rate, &is_over))).collect();
            let over = Over(&is_over);
            for _ in 0..rounds {
                std::thread::sleep(Duration::from_secs(1));
                for node in nodes.iter_mut() {
                    assert!(node.stop().success());
                    node.start_again();
                    operate::follow("upgrade.md", "sh node", node);
                }
            }
            std::thread::sleep(Duration::from_secs(1));
            drop(over);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        })
    }
}

fn nobody_notices(nodes: usize) {
    let turns: usize = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    let (rate, rounds) = if turns > 1 { (RATE_OF_SOAK, turns.div_ceil(4)) } else { (RATE, 1) };
    let mut nodes = Nodes::start(nodes);
    let told = nodes.restart_under_load(rate, rounds);
    let one = &nodes.nodes[0];

    let failed: Vec<&String> = told.iter().flat_map(|told| &told.failed).collect();
    assert!(failed.is_empty(), "{} failed: {:?}", failed.len(), &failed[..failed.len().min(5)]);
    let counted: u64 = told.iter().map(|told| told.counted).sum();
    assert_eq!(one.visit(SHOP, "/sum").body, counted.to_string(), "each was counted once");
    let acknowledged: HashSet<String> = told.iter().flat_map(|told| told.executions.iter().cloned()).collect();
    assert!(acknowledged.len() > CLIENTS);
    eventually(|| acknowledged.is_subset(&rows(one)));
    let slowest = told.iter().map(|told| told.slowest).max().unwrap_or_default();
    println!("{} requests over {} restarts, none failed, the slowest after {slowest:?}", acknowledged.len(), nodes.nodes.len() * rounds);
}

#[test]
fn s_9_2_a_rolling_restart_fails_no_request_and_loses_nothing() {
    nobody_notices(2);
}

#[test]
fn s_9_2_a_restart_of_the_only_node_is_a_pause() {
    nobody_notices(1);
}
