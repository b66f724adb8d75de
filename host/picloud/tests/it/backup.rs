//! Backups: made while others write, put back where nothing is, equal to the row and the byte; and what is no backup is refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use postgres::{Durability, Server, Settings};
use serde_json::{Value, json};

use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually, program},
};

fn run(directory: &Path, arguments: &[&str]) -> Output {
    program(directory).args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn done(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", told(&output));
    told(&output)
}

fn refused(directory: &Path, arguments: &[&str], word: &str) {
    let output = run(directory, arguments);
    assert!(!output.status.success() && told(&output).contains(word), "{arguments:?}: {}", told(&output));
}

/// An app whose script writes a number into a key and a file, together.
fn shop() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.without_rates("shop");
    let write = r#"
        let n = ctx.request.query.n;
        kv::set("n", n); files::write("n", `number ${n}`); files::write(`all/${n}`, `one of all: ${n}`);
    "#;
    instance.script("shop", "write", write, "/write");
    instance.script("shop", "both", r#"[`number ${kv::get("n")}`, files::read_text("n")]"#, "/both");
    instance.script("shop", "secret", r#"secrets::get("TOKEN")"#, "/secret");
    assert_eq!(instance.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "kept in the backup" })).status, 200);
    let asset = "<h1>home</h1>";
    let digest = store::Digest::of(asset.as_bytes()).to_string();
    let headers = ["Host: localhost", "Content-Type: application/octet-stream", &format!("Authorization: Bearer {}", instance.key())];
    assert_eq!(send(instance.port, "PUT", &format!("/api/v1/admin/assets/{digest}?app=shop"), &headers, asset).unwrap().status, 200);
    instance
}

fn write(instance: &Instance, n: u32) {
    let written = instance.visit("shop.localhost", &format!("/write?n={n}"));
    assert!([200, 204, 503].contains(&written.status), "{written:?}");
}

/// Does something while four clients write and replace.
fn while_clients_write(instance: &Instance, work: impl FnOnce() -> String) -> String {
    let (stop, next) = (AtomicBool::new(false), AtomicU32::new(1));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    write(instance, next.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
        eventually(|| next.load(Ordering::Relaxed) > 50);
        let said = work();
        stop.store(true, Ordering::Relaxed);
        said
    })
}

/// What is in the database, with which checksum; the server of the instance is stopped.
fn checksums(data: &Path) -> BTreeMap<String, String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings {
        directory: data.join("postgres"),
        fallback_parent: data.join("elsewhere"),
        search_path: None,
        database: "picloud".to_owned(),
        durability: Durability::Test,
        connections_max: 10,
    };
    let server = runtime.block_on(Server::start(&settings, |_| {})).unwrap();
    let ask = |sql: &str| {
        let output = Command::new("psql").args(["-X", "-A", "-t", "-c", sql, server.url()]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let tables = ask("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')");
    let sum = |table: &str| {
        ask(&format!("select count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) from \"{table}\" t"))
    };
    let mut sums: BTreeMap<String, String> = tables.lines().map(|table| (table.to_owned(), sum(table))).collect();
    let sequences = ask("select string_agg(sequencename || ' ' || coalesce(last_value, 0), ', ' order by sequencename) from pg_sequences");
    sums.insert("(sequences)".to_owned(), sequences);
    let made_of = ask(
        "select md5(string_agg(pg_get_indexdef(indexrelid), ',' order by indexrelid::regclass::text)) from pg_index where indrelid::regclass::text !~ '^pg_|information_schema'",
    );
    sums.insert("(indexes)".to_owned(), made_of);
    runtime.block_on(server.stop()).unwrap();
    sums
}

/// All bytes of files and assets that an app's rows need or not, by their names.
fn blobs(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for kind in ["files", "assets"] {
        for owner in fs::read_dir(data.join(kind)).unwrap() {
            for blob in fs::read_dir(owner.unwrap().path()).unwrap() {
                let path = blob.unwrap().path();
                found.insert(path.strip_prefix(data).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Away with everything but the key, which is kept elsewhere.
fn destroy(data: &Path, key: &Path) {
    if data.join("secrets.key").exists() {
        fs::rename(data.join("secrets.key"), key).unwrap();
    }
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn s_9_6_what_was_backed_up_is_there_again_to_the_row_and_the_byte() {
    let mut instance = shop();
    let (directory, data) = (instance.path().to_owned(), instance.path().join("data"));
    let [live, quiet, key] = ["live.tar", "quiet.tar", "kept.key"].map(|name| directory.join(name));
    let (live_name, quiet_name) = (live.to_str().unwrap(), quiet.to_str().unwrap());
    write(&instance, 0);

    let said = while_clients_write(&instance, || done(&directory, &["backup", live_name]));
    assert!(said.contains("master keys are not in the backup") && said.contains("secrets.key"), "{said}");
    assert_eq!(fs::metadata(&live).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_str().unwrap().contains(".tar.")), "{left:?}");
    let archive = fs::read(&live).unwrap();
    let key_text = fs::read_to_string(data.join("secrets.key")).unwrap();
    let contains = |part: &[u8]| archive.windows(part.len()).any(|window| window == part);
    assert!(!contains(key_text.lines().last().unwrap().as_bytes()) && !contains(b"kept in the backup"), "neither the key nor a secret");

    // Beside the running server, without touching it.
    let said = done(&directory, &["restore", live_name, "--verify"]);
    assert!(said.contains("all secrets open") && said.contains("can be restored"), "{said}");
    assert_eq!(instance.visit("shop.localhost", "/secret").body, "kept in the backup");
    refused(&directory, &["restore", live_name], "not empty");
    refused(&directory, &["backup", live_name], "is there already");

    // A second one while nothing runs.
    assert!(instance.stop().success());
    done(&directory, &["backup", quiet_name]);
    let (sums, bytes) = (checksums(&data), blobs(&data));
    assert!(sums.len() > 30 && !sums["files"].starts_with("0 ") && !sums["executions"].starts_with("0 "), "{sums:?}");

    // The live one, without the key at first.
    destroy(&data, &key);
    let said = done(&directory, &["restore", live_name]);
    assert!(said.contains("secrets can NOT be read") && said.contains("no key file"), "{said}");
    let serve = run(&directory, &["serve", "--bind", "127.0.0.1:0", "--internal-bind", "127.0.0.1:0"]);
    assert!(!serve.status.success() && told(&serve).contains("there is no key file"), "{}", told(&serve));
    fs::copy(&key, data.join("secrets.key")).unwrap();
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/secret").body, "kept in the backup");
    let both: [String; 2] = serde_json::from_value(instance.visit("shop.localhost", "/both").json()).unwrap();
    assert_eq!(both[0], both[1], "key and file are of one moment");
    write(&instance, 1_000_000);
    assert_eq!(instance.visit("shop.localhost", "/both").json(), json!(["number 1000000", "number 1000000"]));
    assert!(instance.stop().success());

    // The quiet one: everything.
    destroy(&data, &key);
    fs::create_dir(&data).unwrap();
    fs::copy(&key, data.join("secrets.key")).unwrap();
    let said = done(&directory, &["restore", quiet_name]);
    assert!(said.contains("all secrets open"), "{said}");
    let restored = blobs(&data);
    assert_eq!(checksums(&data), sums);
    let names = |blobs: &BTreeMap<String, Vec<u8>>| blobs.keys().cloned().collect::<BTreeSet<_>>();
    assert!(names(&restored).is_subset(&names(&bytes)) && restored.iter().all(|(name, content)| bytes[name] == *content));
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/secret").body, "kept in the backup");
    let last = instance.visit("shop.localhost", "/both").json();
    assert_eq!(last[0], last[1]);
}

#[test]
fn what_is_no_backup_or_damaged_is_refused_and_leaves_nothing() {
    let mut instance = shop();
    write(&instance, 7);
    let (directory, data) = (instance.path().to_owned(), instance.path().join("data"));
    let output = run(&directory, &["backup", directory.to_str().unwrap()]);
    let made = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let name = Path::new(&made).file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("picloud-") && name.ends_with("Z.tar"), "{made}");
    let good = fs::read(&made).unwrap();
    assert!(instance.stop().success());
    let key = directory.join("kept.key");
    destroy(&data, &key);
    fs::create_dir(&data).unwrap();
    fs::copy(&key, data.join("secrets.key")).unwrap();

    let place = |part: &[u8]| good.windows(part.len()).position(|window| window == part).unwrap();
    let changed = |at: usize, by: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + by.len()].copy_from_slice(by);
        bytes
    };
    let schema = format!("\"schema\": {}", store::Store::schema_version());
    let cases = [
        ("cut off", good[..place(b"end.json")].to_vec(), "cut off"),
        ("cut in a dump", good[..place(b"PGDMP") + 5_000].to_vec(), ""),
        ("damaged dump", changed(place(b"PGDMP") + 3_000, b"XXXX"), "damaged"),
        ("damaged file", changed(place(b"number 7"), b"NUMBER"), "damaged"),
        (
            "newer schema",
            changed(place(schema.as_bytes()), schema.replace(|digit: char| digit.is_ascii_digit(), "9").as_bytes()),
            "newer PiCloud",
        ),
        ("no archive", b"hello".repeat(1_000), ""),
        ("nothing", Vec::new(), ""),
    ];
    for (what, bytes, word) in cases {
        let archive = directory.join("damaged.tar");
        fs::write(&archive, bytes).unwrap();
        refused(&directory, &["restore", archive.to_str().unwrap()], word);
        refused(&directory, &["restore", archive.to_str().unwrap(), "--verify"], word);
        assert!(!data.join("restored.dump").exists() && !data.join("files").exists(), "{what}");
    }
    refused(&directory, &["restore", "/nonexistent.tar"], "could not open");
    // The way is free for the one that is good, as soon as its key is there.
    let other = directory.join("other.key");
    fs::write(&other, "0123456789abcdef".repeat(4)).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    refused(&directory, &["restore", &made, "--verify", "--secrets-key-file", other.to_str().unwrap()], "has not the master key");
    done(&directory, &["restore", &made]);
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/both").json(), json!(["number 7", "number 7"]));

    // A file that is lost is told, and is no reason to have no backup.
    let lost = blobs(&data).into_iter().find(|(_, bytes)| bytes == b"number 7").unwrap().0;
    fs::remove_file(data.join(&lost)).unwrap();
    let holey = directory.join("holey.tar");
    let said = done(&directory, &["backup", holey.to_str().unwrap()]);
    assert!(said.contains("1 of the files and assets are missing") && said.contains(&lost), "{said}");
    let said = done(&directory, &["restore", holey.to_str().unwrap(), "--verify"]);
    assert!(said.contains("were missing when the backup was made"), "{said}");
}

#[test]
fn a_database_of_ones_own_is_backed_up_as_well() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(store::testing::fresh());
    let mut instance = Instance::node(database.url());
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    let archive = instance.path().join("external.tar");
    let url = ["--database-url", database.url()];
    done(instance.path(), &[&["backup", archive.to_str().unwrap()], &url[..]].concat());
    let said = done(instance.path(), &["restore", archive.to_str().unwrap(), "--verify"]);
    assert!(said.contains("can be restored") && said.contains("there are no secrets"), "{said}");
    // The first app's.
    assert!(said.contains("All 1 scripts of what is active compile."), "{said}");
    assert_eq!(instance.admin("GET", "apps/shop", &Value::Null).status, 200);

    // One that this version does not understand is named.
    instance.script("shop", "hello", "1", "/");
    runtime.block_on(database.execute("update sources set text = 'fn (' where text = '1'"));
    let broken = instance.path().join("broken.tar");
    done(instance.path(), &[&["backup", broken.to_str().unwrap()], &url[..]].concat());
    refused(instance.path(), &["restore", broken.to_str().unwrap(), "--verify"], "can't compile these scripts: hello of shop;");
}
