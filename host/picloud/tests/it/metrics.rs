//! The figures for Prometheus: they can be read, they are right, and they tell no name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Value, json};

use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// What of a text was understood: families by name, with their kind, and samples by name and labels.
#[derive(Debug, Default)]
struct Scrape {
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, BTreeMap<String, String>), f64>,
}

impl Scrape {
    fn of(instance: &Instance) -> Self {
        let answer = send(instance.internal_port, "GET", "/metrics", &["Host: x"], "").unwrap();
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::parse(&answer.body)
    }

    /// By the rules of the format, and stricter: each family once, HELP before TYPE before samples, nothing between.
    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has an end");
        let mut scrape = Self::default();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                assert!(is_name(name) && !help.is_empty() && !help.contains('\\'), "{line}");
                family = name.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, family, "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(scrape.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            } else {
                let (name, labels, value) = sample(line);
                let own = match scrape.kinds[&family].as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].iter().any(|end| name == format!("{family}{end}")),
                    _ => name == family,
                };
                assert!(own, "not of {family}: {line}");
                assert!(scrape.samples.insert((name, labels), value).is_none(), "twice: {line}");
            }
        }
        scrape.check_histograms();
        scrape
    }

    /// Counts don't fall from bound to bound, and the last one is all.
    fn check_histograms(&self) {
        for (name, _) in self.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
            let bucket = format!("{name}_bucket");
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter(|((other, _), _)| *other == bucket)
                .map(|((_, labels), count)| (labels["le"].replace("+Inf", "inf").parse().unwrap(), *count))
                .collect();
            buckets.sort_by(|left, right| left.partial_cmp(right).unwrap());
            assert!(buckets.len() > 2 && buckets.is_sorted_by_key(|(_, count)| *count), "{name}: {buckets:?}");
            let (last, all) = *buckets.last().unwrap();
            assert_eq!((last, all), (f64::INFINITY, self.one(&format!("{name}_count"))));
            assert!(self.one(&format!("{name}_sum")) >= 0.0);
        }
    }

    fn one(&self, name: &str) -> f64 {
        self.of_labels(name, &[])
    }

    fn of_labels(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
        *self.samples.get(&(name.to_owned(), labels)).unwrap_or(&f64::NAN)
    }
}

/// `name{label="value",...} number`.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (left, number) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("{line}"));
    let (name, labels) = match left.split_once('{') {
        None => (left, ""),
        Some((name, labels)) => (name, labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"))),
    };
    assert!(is_name(name), "{line}");
    let mut found = BTreeMap::new();
    for pair in labels.split(',').filter(|pair| !pair.is_empty()) {
        let (label, value) = pair.split_once('=').unwrap_or_else(|| panic!("{line}"));
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(label) && !value.contains(['"', '\\', '\n']), "{line}");
        assert!(found.insert(label.to_owned(), value.to_owned()).is_none(), "{line}");
    }
    (name.to_owned(), found, number)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// An app with an id, whose scripts end in several ways.
fn shop(instance: &mut Instance) -> String {
    instance.log_in(PASSWORD);
    let app = instance.admin("POST", "apps", &json!({ "slug": "quiet-shop", "name": "Whispered Name" }));
    instance.script("quiet-shop", "unheard-script", "let a = 0; for n in 0..1000 { a += n; } a", "/hidden-path/:id");
    instance.script("quiet-shop", "thrower", r#"log::info("murmured line"); throw "muffled error""#, "/throws");
    instance.script("quiet-shop", "enqueues", r#"queue::enqueue("job-script", 1)"#, "/enqueues");
    instance.script("quiet-shop", "job-script", r#"kv::set("muted-key", 1)"#, "/never-asked");
    app.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_has_happened_is_counted() {
    let mut instance = Instance::start();
    let app = shop(&mut instance);
    let before = Scrape::of(&instance);
    for _ in 0..5 {
        assert_eq!(instance.visit("quiet-shop.localhost", "/hidden-path/7").status, 200);
    }
    assert_eq!(instance.visit("quiet-shop.localhost", "/throws").status, 502);
    assert_eq!(instance.visit("quiet-shop.localhost", "/enqueues").status, 200);
    assert_eq!(instance.visit("quiet-shop.localhost", "/nowhere").status, 404);
    assert_eq!(instance.visit("nobody.localhost", "/").status, 421);

    eventually(|| Scrape::of(&instance).of_labels("picloud_jobs_total", &[("result", "done")]) >= 1.0);
    let after = Scrape::of(&instance);
    let outcome = |outcome| after.of_labels("picloud_executions_total", &[("app", &app), ("outcome", outcome)]);
    // Five visits, the one that enqueues, and its job.
    assert_eq!((outcome("ok"), outcome("error")), (7.0, 1.0));
    assert!(after.of_labels("picloud_fuel_total", &[("app", &app)]) > 10_000.0);
    let grown = |name: &str, by: f64| assert_eq!(after.one(name) - before.one(name), by, "{name}");
    grown("picloud_request_seconds_count", 7.0);
    grown("picloud_execution_seconds_count", 8.0);
    grown("picloud_execution_fuel_count", 8.0);
    for (reason, by) in [("not_found", 1.0), ("host.unknown", 1.0), ("app.busy", 0.0)] {
        let of = |scrape: &Scrape| scrape.of_labels("picloud_refusals_total", &[("reason", reason)]);
        assert_eq!(of(&after) - of(&before), by, "{reason}");
    }
    assert!(after.of_labels("picloud_connections_total", &[("result", "served")]) >= 9.0);
    assert_eq!((after.one("picloud_sandboxes"), after.one("picloud_free_sandboxes"), after.one("picloud_running")), (64.0, 64.0, 0.0));
    assert_eq!((after.one("picloud_database_up"), after.one("picloud_ready"), after.one("picloud_changes_followed")), (1.0, 1.0, 1.0));
    assert_eq!((after.one("picloud_jobs_due"), after.one("picloud_dead_letters"), after.one("picloud_jobs_running")), (0.0, 0.0, 0.0));
    assert_eq!(after.of_labels("picloud_pool_slots_in_use", &[("kind", "memory")]), 0.0);
    assert!(after.of_labels("picloud_database_connections", &[("pool", "data"), ("state", "max")]) > 1.0);
    assert!(after.one("picloud_resident_bytes") > 10_000_000.0);
}

#[test]
fn what_waits_is_seen_while_it_waits() {
    let mut instance = Instance::start();
    shop(&mut instance);
    // A job that fails for good.
    let enqueue = |body: &Value| assert_eq!(instance.admin("POST", "queue", body).status, 201);
    enqueue(&json!({ "app": "quiet-shop", "script": "thrower", "payload": 1, "attempts": 1 }));
    eventually(|| Scrape::of(&instance).one("picloud_dead_letters") == 1.0);
    let scrape = Scrape::of(&instance);
    assert_eq!(scrape.of_labels("picloud_jobs_total", &[("result", "dead")]), 1.0);
    // A connection that is open counts as long as it is.
    let open = |instance: &Instance| Scrape::of(instance).one("picloud_connections");
    eventually(|| open(&instance) == 0.0);
    let connection = std::net::TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
    eventually(|| open(&instance) == 1.0);
    drop(connection);
    eventually(|| open(&instance) == 0.0);
    // A sandbox that is held, too, for a tenth of a second: somebody looks in time, if not the first time.
    instance.script("quiet-shop", "long", "let n = 0; while true { n += 1; }", "/long");
    eventually(|| most_running(&instance) == 1.0);
}

/// Executions that were seen at once while a script ran until its fuel ended.
fn most_running(instance: &Instance) -> f64 {
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| instance.visit("quiet-shop.localhost", "/long").status);
        let mut most = 0.0_f64;
        while !asked.is_finished() {
            let scrape = Scrape::of(instance);
            most = most.max(scrape.one("picloud_running"));
            assert_eq!(scrape.one("picloud_running") + scrape.one("picloud_free_sandboxes"), 64.0);
        }
        assert_eq!(asked.join().unwrap(), 507);
        most
    })
}

#[test]
fn s_9_9_figures_tell_no_name_host_or_path() {
    let mut instance = Instance::start();
    let app = shop(&mut instance);
    for target in ["/hidden-path/7?secret-query=1", "/throws", "/enqueues", "/unrouted-path"] {
        instance.visit("quiet-shop.localhost", target);
    }
    instance.visit("unclaimed-host.example", "/");
    eventually(|| Scrape::of(&instance).of_labels("picloud_jobs_total", &[("result", "done")]) >= 1.0);
    let text = send(instance.internal_port, "GET", "/metrics", &["Host: x"], "").unwrap().body;
    assert!(text.contains(&app), "the app's id is the one thing that is told");
    let words = [
        "quiet",
        "shop",
        "Whispered",
        "unheard",
        "thrower",
        "murmured",
        "muffled",
        "muted",
        "hidden",
        "secret-query",
        "unrouted",
        "unclaimed",
        "localhost",
        "127.0.0.1",
        "owner",
        "/",
    ];
    for word in words {
        // The kinds and what they are are ours; only what is counted could be somebody's.
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(samples.filter(|line| line.contains(word)).collect::<Vec<_>>(), Vec::<&str>::new(), "{word}");
    }
    let public = instance.visit("localhost", "/metrics");
    assert_eq!(public.status, 404, "only the internal listener tells them");
}

#[test]
fn the_grafana_dashboard_names_figures_that_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/grafana/picloud.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut named = BTreeSet::new();
    let panels = dashboard["panels"].as_array().unwrap();
    for target in panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap()) {
        let words = target["expr"].as_str().unwrap().split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let before = named.len();
        named.extend(words.filter(|word| word.starts_with("picloud_")).map(str::to_owned));
        assert!(named.len() > before || target["expr"].as_str().unwrap().contains("picloud_"), "{target}");
    }
    let instance = Instance::start();
    let scrape = Scrape::of(&instance);
    let mut missing = named.clone();
    missing.retain(|name| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        !scrape.kinds.contains_key(name) && base.is_none_or(|base| scrape.kinds.get(base).is_none_or(|kind| kind != "histogram"))
    });
    assert!(named.len() > 20 && missing.is_empty(), "{missing:?}");
    // Labels that it selects by are there as well.
    for (name, label) in [("picloud_connections_total", "result"), ("picloud_database_connections", "state"), ("picloud_waiting", "for")] {
        assert!(scrape.samples.keys().any(|(other, labels)| other == name && labels.contains_key(label)), "{name} {label}");
    }
}
