//! A disk that is full, and has room again: what needs none does not notice, what needs some is told, and nothing is half written.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, eventually},
};

/// Takes all the room there is, until it goes.
struct Balloon(PathBuf);

impl Balloon {
    fn blow(disk: &Path) -> Self {
        let path = disk.join("balloon");
        let mut file = File::create(&path).unwrap();
        loop {
            match file.write_all(&[0; 4096]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Self(path),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn prick(self) {
        fs::remove_file(self.0).unwrap();
    }
}

/// Lets others end too when one fails.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn shop(mut instance: Instance) -> Instance {
    assert_eq!(instance.log_in(PASSWORD).status, 201);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.without_rates("shop");
    instance.script("shop", "stateless", r#"`hello ${ctx.request.query.n}`"#, "/stateless");
    instance.script("shop", "count", r#"kv::increment("count"); "counted""#, "/count");
    instance.script("shop", "counted", r#"kv::get("count", 0)"#, "/counted");
    instance
}

fn ask(instance: &Instance, target: &str) -> Answer {
    send(instance.port, "GET", target, &["Host: shop.localhost"], "").unwrap()
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 503 && answer.header("retry-after").is_some()
}

/// Names of all blobs and of what is to become one.
fn blobs(disk: &Path) -> Vec<String> {
    let owners = fs::read_dir(disk).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    owners
        .flat_map(|owner| fs::read_dir(owner).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn files_that_find_no_room_are_not_written_and_nothing_else_minds() {
    let instance = shop(Instance::on_a_small_disk("files", 4));
    let write =
        r#"let text = ctx.request.query.text; kv::set("text", text); files::write("a", text); files::write("b", "b: " + text); text"#;
    instance.script("shop", "write", write, "/write");
    instance.script("shop", "read", r#"[kv::get("text"), files::read_text("a"), files::read_text("b")]"#, "/read");
    let read = || ask(&instance, "/read").json();
    let disk = instance.small_disk();
    assert_eq!(ask(&instance, "/write?text=one").status, 200);
    let before = blobs(&disk);
    assert_eq!(before.len(), 2);

    let balloon = Balloon::blow(&disk);
    for _ in 0..3 {
        let refused = ask(&instance, "/write?text=two");
        assert!(is_refused(&refused), "{refused:?}");
        assert_eq!(read(), json!(["one", "one", "b: one"]));
    }
    assert_eq!(instance.admin("PUT", "files/a/content?app=shop", &json!(2)).status, 503);
    assert_eq!(blobs(&disk), before, "nothing is half written");
    // What writes no files goes on.
    assert_eq!(ask(&instance, "/stateless?n=1").body, "hello 1");
    assert_eq!(ask(&instance, "/count").body, "counted");
    let outcomes = || {
        let rows = instance.admin("GET", "executions?app=shop&outcome=state_unavailable", &Value::Null).json();
        rows["items"].as_array().unwrap().len()
    };
    eventually(|| outcomes() == 3);

    balloon.prick();
    assert_eq!(ask(&instance, "/write?text=two").status, 200);
    assert_eq!(read(), json!(["two", "two", "b: two"]));
    assert_eq!(instance.admin("PUT", "files/a/content?app=shop", &json!(3)).status, 200);
    assert_eq!(read(), json!(["two", "3", "b: two"]));
}

/// The log that PostgreSQL writes before anything else finds no room: it ends, and can't start again until there is some.
fn fill_the_log(disk: &Path) {
    let url = format!("postgres://picloud@localhost/picloud?host={}", disk.join("run").display());
    let write = "select pg_logical_emit_message(false, 'full', repeat('x', 1000000))";
    let ask = |sql: &str| Command::new("psql").args(["-X", "-q", "-c", sql, &url]).output().unwrap();
    let answer = ask("select 1");
    assert!(answer.status.success(), "{answer:?}");
    assert!((0..200).any(|_| !ask(write).status.success()), "there was room for 200 MB");
}

#[test]
fn a_database_that_finds_no_room_is_missed_only_by_what_needs_it() {
    let instance = shop(Instance::on_a_small_disk("postgres", 160));
    instance.script("shop", "keep", r#"kv::set(ctx.request.query.key, ctx.request.body.to_string()); "kept""#, "/keep");
    instance.script("shop", "kept", r#"kv::get(ctx.request.query.key, "").len()"#, "/kept");
    let disk = instance.small_disk();
    let keep = |key: u64| {
        let headers = ["Host: shop.localhost", "Content-Type: text/plain"];
        send(instance.port, "POST", &format!("/keep?key={key}"), &headers, &format!("{key:020000}")).unwrap()
    };
    assert_eq!(keep(0).body, "kept");

    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(vec![0]));
    let (counted, unsure) = (AtomicU64::new(0), AtomicU64::new(0));
    let count = || {
        let answer = ask(&instance, "/count");
        assert!(answer.status == 200 || is_refused(&answer), "{answer:?}");
        if answer.status == 200 { &counted } else { &unsure }.fetch_add(1, SeqCst);
        answer.status == 200
    };
    std::thread::scope(|scope| {
        // Each answer is right, or says when to come again.
        scope.spawn(|| {
            while !over.load(SeqCst) {
                assert_eq!(ask(&instance, "/stateless?n=1").body, "hello 1");
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        scope.spawn(|| {
            for key in (1..).take_while(|_| !over.load(SeqCst)) {
                let answer = keep(key);
                assert!(answer.status == 200 || is_refused(&answer), "{answer:?}");
                if answer.status == 200 {
                    acknowledged.lock().unwrap().push(key);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        scope.spawn(|| {
            while !over.load(SeqCst) {
                count();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let end = Over(&over);
        eventually(|| acknowledged.lock().unwrap().len() > 20);
        let balloon = Balloon::blow(&disk);
        eventually(|| is_refused(&keep(u64::MAX)));
        fill_the_log(&disk);
        eventually(|| ready(&instance).contains("degraded"));
        assert!(!count() && is_refused(&keep(u64::MAX)));
        assert_eq!(instance.admin("GET", "apps/shop", &Value::Null).status, 503);
        std::thread::sleep(Duration::from_secs(3));
        balloon.prick();
        eventually(|| count() && keep(u64::MAX).status == 200);
        drop(end);
    });
    assert_eq!(ready(&instance), "ready\n");
    let acknowledged = acknowledged.into_inner().unwrap();
    for key in &acknowledged {
        assert_eq!(ask(&instance, &format!("/kept?key={key}")).body, "20000", "{key} of {acknowledged:?}");
    }
    // What was refused when the connection broke may be there as well.
    let (there, counted, unsure) = (ask(&instance, "/counted").body.parse().unwrap(), counted.into_inner(), unsure.into_inner());
    assert!((counted..=counted + unsure).contains(&there), "{there} of {counted} and {unsure}");
    println!("{} kept, {there} counted, {unsure} refused", acknowledged.len());
}

fn ready(instance: &Instance) -> String {
    send(instance.internal_port, "GET", "/readyz", &["Host: localhost"], "").unwrap().body
}
