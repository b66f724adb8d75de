//! Two nodes, each a process of its own, on one PostgreSQL.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Instant};

use serde_json::{Value, json};
use store::testing::{Fresh, fresh};
use tokio::runtime::Runtime;

use crate::instance::{Instance, PASSWORD, eventually, program};

/// A database of the tests' server, and what its connections live on.
pub(crate) struct Database {
    pub(crate) fresh: Fresh,
    _runtime: Runtime,
}

impl Database {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        Self { fresh: runtime.block_on(fresh()), _runtime: runtime }
    }
}

fn two_nodes(database: &Database) -> (Instance, Instance) {
    let mut one = Instance::node(database.fresh.url());
    let mut two = Instance::node(database.fresh.url());
    assert_eq!(one.log_in(PASSWORD).status, 201);
    two.take_key_of(&one);
    (one, two)
}

#[test]
fn what_is_deployed_on_one_node_answers_on_the_other() {
    let database = Database::new();
    let (mut one, two) = two_nodes(&database);
    one.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" }));
    let script = one.script("shop", "hello", "`version 0`", "/");
    eventually(|| two.visit("shop.localhost", "/").body == "version 0");

    let mut slowest_ms = 0;
    for version in 1..=20 {
        let (here, there) = if version % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let source = json!({ "source": format!("`version {version}`") });
        assert_eq!(here.admin("PATCH", &format!("scripts/{script}"), &source).status, 200);
        let answered = Instant::now();
        let expected = format!("version {version}");
        assert_eq!(here.visit("shop.localhost", "/").body, expected, "live on its own node before the answer");
        eventually(|| there.visit("shop.localhost", "/").body == expected);
        slowest_ms = slowest_ms.max(answered.elapsed().as_millis());
    }
    println!("live on the other node after {slowest_ms} ms at most, of 20 deployments (a second is the promise)");

    // Limits go the same way, and a node that ends leaves the other alone.
    one.admin("PATCH", "apps/shop", &json!({ "limits": { "client_requests_per_second": 1, "client_requests_burst": 1 } }));
    eventually(|| two.visit("shop.localhost", "/").status == 429);
    one.admin("PATCH", "apps/shop", &json!({ "limits": null }));
    eventually(|| two.visit("shop.localhost", "/").status == 200);
    assert!(one.stop().success());
    assert_eq!(two.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": "`alone`" })).status, 200);
    assert_eq!(two.visit("shop.localhost", "/").body, "alone");
}

#[test]
fn s_8_7_what_is_revoked_on_one_node_is_refused_on_both() {
    let database = Database::new();
    let (one, two) = two_nodes(&database);
    let session = one.session();
    let apps = |node: &Instance| node.admin("GET", "apps", &Value::Null).status;
    let logged_in = |node: &Instance| node.by_session(session, "GET", "session", &Value::Null).status;
    assert_eq!((apps(&one), apps(&two), logged_in(&one), logged_in(&two)), (200, 200, 200, 200));

    // At the next request: no node remembers a key.
    let keys = two.by_session(session, "GET", "api-keys", &Value::Null).json();
    let key = keys["items"][0]["id"].as_str().unwrap();
    assert_eq!(two.by_session(session, "DELETE", &format!("api-keys/{key}"), &Value::Null).status, 204);
    assert_eq!((apps(&one), apps(&two)), (401, 401));
    assert_eq!(one.by_session(session, "DELETE", "session", &Value::Null).status, 204);
    assert_eq!((logged_in(&one), logged_in(&two)), (401, 401));
}

/// What a node says that does not start.
fn refused(directory: &Path, database: Option<&str>) -> String {
    let mut command = program(directory);
    command
        .args(["serve", "--bind", "127.0.0.1:0", "--internal-bind", "127.0.0.1:0"])
        .envs(database.map(|url| ("PICLOUD_DATABASE_URL", url)));
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn s_6_4_a_node_with_another_key_file_does_not_start() {
    let database = Database::new();
    let url = database.fresh.url();
    let mut one = Instance::node(url);
    // Nothing is sealed yet: still, a second node may not make a key of its own.
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let key = data.join("secrets.key");
    let told = refused(directory.path(), Some(url));
    assert!(told.contains("there is no key file at") && told.contains("copy the key file of one of them"), "{told}");
    assert!(!key.exists(), "one was made all the same");
    let check = || program(directory.path()).args(["doctor", "--database-url", url]).output().unwrap();
    assert!(String::from_utf8(check().stdout).unwrap().contains("and other nodes have one"));

    let write = |digits: &str| {
        fs::write(&key, digits.repeat(4)).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("fedcba9876543210");
    let told = refused(directory.path(), Some(url));
    assert!(told.contains("is not that of this instance") && told.contains("Copy the key file of a node that runs"), "{told}");
    assert!(String::from_utf8(check().stdout).unwrap().contains("is not that of this instance"));

    // With a secret it is the same. The first node goes on meanwhile, and starts again.
    one.log_in(PASSWORD);
    one.admin("POST", "apps", &json!({ "slug": "shop" }));
    one.script("shop", "read", r#"secrets::get("TOKEN")"#, "/read");
    assert_eq!(one.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "ours" })).status, 200);
    assert!(refused(directory.path(), Some(url)).contains("does not fit the database"));
    assert!(one.stop().success());
    one.start_again();
    let two = Instance::node(url);
    assert_eq!([one, two].map(|node| node.visit("shop.localhost", "/read").body), ["ours", "ours"]);
}

#[test]
fn a_key_file_that_sealed_nothing_can_be_lost_where_there_is_one_node() {
    let mut alone = Instance::start();
    assert!(alone.stop().success());
    let key = alone.path().join("data/secrets.key");
    let lost = fs::read_to_string(&key).unwrap();
    fs::write(&key, "0123456789abcdef".repeat(4)).unwrap();
    assert!(refused(alone.path(), None).contains("is not that of this instance"));
    fs::remove_file(&key).unwrap();
    alone.start_again();
    assert_ne!(fs::read_to_string(&key).unwrap(), lost);
    assert!(alone.stop().success());
    alone.start_again();
}
