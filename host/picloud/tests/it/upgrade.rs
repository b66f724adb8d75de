//! Another version of the program: the database of an older one is brought forward, and one that a newer one has brought forward is served on (S-9.1).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    time::Duration,
};

use serde_json::{Value, json};
use store::Store;

use crate::{
    full::Over,
    instance::{Instance, PASSWORD, eventually, program},
    nodes::Database,
};

/// What a newer version adds: each a migration, in a transaction of its own.
const ADDITIONS: [&str; 7] = [
    "alter table apps add column later text",
    "alter table kv add column later integer not null default 7",
    "alter table jobs add column later text default 'x'",
    "alter table executions add column later boolean not null default false",
    "alter table deployments add column later text",
    "alter table instance add column later text",
    "create table later (app_id uuid not null, constraint later_pkey primary key (app_id), constraint later_app_fkey foreign key (app_id) references apps (id) on delete cascade)",
];

fn psql(url: &str, arguments: &[&str]) -> String {
    // What only the driver of the program knows, psql refuses.
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let parameters: Vec<&str> = parameters.split('&').filter(|parameter| !parameter.starts_with("statement-cache")).collect();
    let url = format!("{address}?{}", parameters.join("&"));
    let output = Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]).args(arguments).arg(url).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn bring_forward(url: &str) {
    let known = Store::schema_version();
    let applied = format!(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values ({}, 'later', true, '', 0)",
        known + 1
    );
    for statement in ADDITIONS.iter().copied().chain([applied.as_str()]) {
        psql(url, &["-c", statement]);
    }
}

/// A file that was made by the program when its newest migration was the 21st, with the same directory of the same name.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name)
}

/// An instance of the capability before: an app with two deployments, a key, a secret, a job that waits, an owner, executions.
#[test]
fn s_9_1_a_database_of_the_21st_migration_is_brought_forward_and_everything_answers() {
    let database = Database::new();
    let url = database.fresh.url();
    psql(url, &["-c", "drop schema public cascade", "-c", "create schema public"]);
    psql(url, &["-f", kept("schema-0021.sql").to_str().unwrap()]);
    assert_eq!(psql(url, &["-c", "select max(version) from _sqlx_migrations"]), "21");
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("secrets.key");
    fs::copy(kept("schema-0021.key"), &key).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    let mut instance = Instance::node_with_key(url, &key);
    assert_eq!(psql(url, &["-c", "select max(version) from _sqlx_migrations"]), Store::schema_version().to_string());
    assert_eq!(instance.log_in(PASSWORD).status, 201);
    let visit = |path: &str| instance.visit("shop.localhost", path);
    assert_eq!(visit("/").body, "version 2");
    assert_eq!(visit("/kept").json(), json!({ "name": "Ada", "visits": 3 }));
    assert_eq!(visit("/count").status, 200);
    assert_eq!(visit("/kept").json()["visits"], 4);
    assert_eq!(visit("/secret").body, "sealed by the version before");
    assert_eq!(instance.visit("hello.localhost", "/greet/Ada").json()["message"], "Hello, Ada!");
    // The job that waited is done.
    eventually(|| visit("/job").body == "done");

    // The way back in time is there, and forward again. The second deployment was the first that had the route.
    assert_eq!(instance.admin("POST", "apps/shop/rollback", &json!({ "to": 2 })).status, 200);
    assert_eq!(visit("/").body, "version 1");
    assert_eq!(instance.admin("POST", "apps/shop/rollback", &json!({})).status, 200);
    assert_eq!(visit("/").body, "version 2");
    // What is changed from here on, and what was written down before.
    instance.script("shop", "new", "`new`", "/new");
    assert_eq!(visit("/new").body, "new");
    assert_eq!(instance.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "sealed today" })).status, 200);
    assert_eq!(visit("/secret").body, "sealed today");
    assert_eq!(instance.admin("GET", "executions?app=shop", &Value::Null).status, 200);
    let verified = instance.admin("GET", "audit/verify", &Value::Null);
    assert_eq!((verified.status, &verified.json()["broken"]), (200, &Value::Null), "{verified:?}");
    assert!(instance.stop().success());
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/secret").body, "sealed today");
}

fn shop(instance: &mut Instance) {
    assert_eq!(instance.log_in(PASSWORD).status, 201);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.without_rates("shop");
    instance.script("shop", "count", r#"kv::increment("count"); "counted""#, "/count");
    instance.script("shop", "later", r#"queue::enqueue("done", 1); "enqueued""#, "/later");
    instance.script("shop", "done", r#"kv::increment("jobs")"#, "/never-asked");
    instance.script("shop", "sums", r#"[kv::get("count", 0), kv::get("jobs", 0)]"#, "/sums");
}

#[test]
fn s_9_1_a_node_goes_on_while_a_newer_one_brings_the_schema_forward_and_can_be_started_on_it() {
    let database = Database::new();
    let url = database.fresh.url();
    let mut one = Instance::node(url);
    shop(&mut one);
    assert!(!one.told().contains("newer"), "{}", one.told());
    let (over, counted, enqueued) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for (path, body, count) in [("/count", "counted", &counted), ("/later", "enqueued", &enqueued)] {
            let (one, over) = (&one, &over);
            scope.spawn(move || {
                while !over.load(SeqCst) {
                    let answer = one.visit("shop.localhost", path);
                    if answer.body != body {
                        over.store(true, SeqCst);
                        panic!("{answer:?}");
                    }
                    count.fetch_add(1, SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
        }
        let _end = Over(&over);
        let wait = |more: u32| {
            let until = counted.load(SeqCst) + more;
            eventually(|| over.load(SeqCst) || counted.load(SeqCst) > until);
        };
        wait(50);
        bring_forward(url);
        wait(200);
    });
    let sums = |node: &Instance| node.visit("shop.localhost", "/sums").json();
    eventually(|| sums(&one) == json!([counted.load(SeqCst), enqueued.load(SeqCst)]));
    assert_eq!(one.admin("POST", "apps", &json!({ "slug": "other" })).status, 201);
    one.script("other", "hello", "`hello`", "/");
    assert_eq!(one.visit("other.localhost", "/").body, "hello");

    // The same version can be started on it, and says what it found.
    let two = Instance::node(url);
    let told = two.told();
    assert!(told.contains("a newer PiCloud has brought the schema forward") && told.contains("still good for this one"), "{told}");
    assert_eq!(two.visit("other.localhost", "/").body, "hello");
    assert_eq!(two.visit("shop.localhost", "/count").body, "counted");
    assert_eq!(sums(&two)[0], counted.load(SeqCst) + 1);
    let doctor = || {
        let output = program(two.path()).args(["doctor", "--database-url", url]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(doctor().contains("warning schema: "), "{}", doctor());

    // Until something is taken away that it uses.
    psql(url, &["-c", &format!("update compatibility set schema_min = {}", Store::schema_version() + 1)]);
    let mut serve = program(two.path());
    serve.args(["serve", "--bind", "127.0.0.1:0", "--internal-bind", "127.0.0.1:0", "--database-url", url]);
    let output = serve.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("start the newer version, or restore a backup"), "{told}");
    assert!(doctor().contains("ERROR   schema: "), "{}", doctor());
    assert_eq!(two.visit("shop.localhost", "/count").body, "counted", "what runs is left alone");
}
