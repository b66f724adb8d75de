//! Two nodes, each a process of its own, on one PostgreSQL.

use std::time::Instant;

use serde_json::{Value, json};
use store::testing::{Fresh, fresh};
use tokio::runtime::Runtime;

use crate::instance::{Instance, PASSWORD, eventually};

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
