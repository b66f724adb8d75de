//! Files through the program: written by scripts and people, and whole after every end.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

fn shop() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance
}

#[test]
fn scripts_and_people_see_the_same_files() {
    let mut instance = shop();
    let source = r#"
        let path = "notes/" + ctx.request.params.name;
        if ctx.request.query.contains("text") { files::write(path, ctx.request.query.text); kv::set("last", path); }
        if files::exists(path) { files::read_text(path) } else { "nothing" }
    "#;
    instance.script("shop", "note", source, "/note/:name");
    let note = |instance: &Instance, target: &str| instance.visit("shop.localhost", target).body;
    assert_eq!(note(&instance, "/note/a"), "nothing");
    assert_eq!(note(&instance, "/note/a?text=one"), "one");
    let listed = instance.admin("GET", "files?app=shop", &Value::Null).json();
    assert_eq!((&listed["items"][0]["path"], &listed["items"][0]["size"]), (&json!("notes/a"), &json!(3)));
    // The body of an upload is whatever it is; here it happens to be JSON.
    assert_eq!(instance.admin("PUT", "files/notes%2Fb/content?app=shop", &json!([1])).status, 200);
    assert_eq!(note(&instance, "/note/b"), "[1]");
    instance.kill();
    instance.start_again();
    assert_eq!(note(&instance, "/note/a"), "one");
    assert_eq!(instance.admin("GET", "files/notes%2Fa/content?app=shop", &Value::Null).body, "one");
    // Another app has its own tree.
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "other" })).status, 201);
    instance.script("other", "note", source, "/note/:name");
    assert_eq!(instance.visit("other.localhost", "/note/a").body, "nothing");
    assert_eq!(instance.admin("DELETE", "files/notes%2Fa?app=shop", &Value::Null).status, 204);
    assert_eq!(note(&instance, "/note/a"), "nothing");
}

#[test]
fn s_6_1_what_is_planted_in_the_directory_is_not_given_out() {
    let instance = shop();
    instance.script("shop", "read", r#"try { return files::read_text("a"); } catch (e) { return e.error; }"#, "/read");
    assert_eq!(instance.admin("PUT", "files/a/content?app=shop", &json!(1)).status, 200);
    assert_eq!(instance.visit("shop.localhost", "/read").body, "1");
    let directories: Vec<_> = fs::read_dir(instance.path().join("data/files")).unwrap().collect();
    let blobs: Vec<_> = fs::read_dir(directories[0].as_ref().unwrap().path()).unwrap().map(|blob| blob.unwrap().path()).collect();
    assert_eq!((directories.len(), blobs.len()), (1, 1));
    let outside = instance.path().join("outside");
    fs::write(&outside, "2").unwrap();
    fs::remove_file(&blobs[0]).unwrap();
    std::os::unix::fs::symlink(&outside, &blobs[0]).unwrap();
    assert_eq!(instance.visit("shop.localhost", "/read").body, "files.unavailable");
    assert_eq!(instance.admin("GET", "files/a/content?app=shop", &Value::Null).status, 503);
    // A write mends it, and goes through nothing.
    assert_eq!(instance.admin("PUT", "files/a/content?app=shop", &json!(1)).status, 200);
    assert_eq!(instance.visit("shop.localhost", "/read").body, "1");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "2");
}

/// Bytes are written, then the row: wherever between the two the process is killed, no row is without its bytes, and what was answered is there.
#[test]
fn a_kill_at_any_moment_leaves_no_file_without_its_bytes() {
    let mut instance = shop();
    instance.without_rates("shop");
    let source = r#"let n = ctx.request.params.n; let text = n + " "; text.pad(20000, "x"); files::write("w/" + n, text); n"#;
    instance.script("shop", "write", source, "/w/:n");
    eventually(|| instance.visit("shop.localhost", "/w/first").status == 200);
    let (next, answered) = (AtomicU32::new(0), Mutex::new(BTreeSet::from(["first".to_owned()])));
    for round in 0..4 {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let port = instance.port;
                let (next, answered, over) = (&next, &answered, &over);
                scope.spawn(move || {
                    while !over.load(Relaxed) {
                        let number = next.fetch_add(1, Relaxed).to_string();
                        let answer = send(port, "GET", &format!("/w/{number}"), &["Host: shop.localhost"], "");
                        if answer.is_ok_and(|answer| answer.status == 200 && answer.body == number) {
                            answered.lock().unwrap().insert(number);
                        }
                    }
                });
            }
            let before = answered.lock().unwrap().len();
            eventually(|| answered.lock().unwrap().len() > before + 10);
            std::thread::sleep(Duration::from_millis(37 * round));
            instance.kill();
            over.store(true, Relaxed);
        });
        instance.start_again();
        let listed = listed(&instance);
        let missing: Vec<_> = answered.lock().unwrap().difference(&listed).cloned().collect();
        assert!(missing.is_empty(), "answered, and not there: {missing:?}");
        for number in &listed {
            let content = instance.admin("GET", &format!("files/w%2F{number}/content?app=shop"), &Value::Null);
            assert_eq!((content.status, content.body.len()), (200, 20_000), "{number}");
            assert!(content.body.starts_with(&format!("{number} ")), "{number}");
        }
    }
}

/// The numbers of all files.
fn listed(instance: &Instance) -> BTreeSet<String> {
    let (mut all, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = instance.admin("GET", &format!("files?app=shop&limit=200{cursor}"), &Value::Null).json();
        let items = page["items"].as_array().unwrap();
        all.extend(items.iter().map(|item| item["path"].as_str().unwrap().strip_prefix("w/").unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}
