//! Scripts that go too far, against the whole program: each has its own end, its developer is told, and nobody else notices.

use serde_json::{Value, json};

use crate::instance::{Instance, PASSWORD, eventually};

/// Name, source, status for the visitor, outcome and a word of the message for the developer.
const SCRIPTS: &[(&str, &str, u16, &str, &str)] = &[
    ("loop", "loop {}", 507, "fuel", "instructions"),
    ("string", "let s = \"x\"; loop { s += s; }", 507, "memory", "MiB"),
    ("list", "let a = [0]; loop { a += a; }", 507, "memory", "MiB"),
    // Small values: the fuel is used up before the memory is.
    ("slow-list", "let a = []; loop { a.push(a.len()); }", 507, "fuel", "instructions"),
    ("log", "for i in 0..10000000 { print(i); }", 507, "fuel", "instructions"),
    ("recursion", "fn f(x) { f(x + 1) }\nf(0)", 502, "error", "Stack overflow"),
    ("large", "blob(9 * 1024 * 1024, 65)", 502, "invalid_response", "8388608"),
    ("throw", "let secret = 7;\nthrow `the secret is ${secret}`", 502, "error", "the secret is 7"),
    ("calls", "loop { rand::float(); }", 507, "host_calls", "host"),
    ("wrong", "#{ statusCode: 999 }", 502, "invalid_response", "statusCode"),
];

#[test]
fn each_ends_with_its_own_status_and_the_next_request_is_served() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    instance.admin("POST", "apps", &json!({ "slug": "hostile", "name": "Hostile" }));
    for (name, source, ..) in SCRIPTS {
        instance.script("hostile", name, source, &format!("/{name}"));
    }
    eventually(|| instance.visit("hostile.localhost", "/wrong").status == 502);

    for (name, _, status, outcome, word) in SCRIPTS {
        let answer = instance.visit("hostile.localhost", &format!("/{name}"));
        assert_eq!(answer.status, *status, "{name}: {answer:?}");
        let problem = answer.json();
        let names: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["execution_id", "status", "title", "type"], "nothing else is for a visitor: {name}");
        assert!(!answer.body.contains("secret"), "{answer:?}");
        assert_eq!(instance.visit("hello.localhost", "/greet/Ada").status, 200, "after {name}");

        let id = problem["execution_id"].as_str().unwrap().to_owned();
        eventually(|| instance.admin("GET", &format!("executions/{id}"), &Value::Null).status == 200);
        let row = instance.admin("GET", &format!("executions/{id}"), &Value::Null);
        assert_eq!(row.json()["outcome"], *outcome, "{name}: {row:?}");
        assert!(row.body.contains(word), "{name}: {row:?}");
    }
}

#[test]
fn a_developer_sees_place_and_trace() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" }));
    instance.script("shop", "main", "fn price(item) {\n    item.price * 2\n}\nprice(())", "/");
    eventually(|| instance.visit("shop.localhost", "/").status == 502);
    let id = instance.visit("shop.localhost", "/").json()["execution_id"].as_str().unwrap().to_owned();
    eventually(|| instance.admin("GET", &format!("executions/{id}"), &Value::Null).status == 200);
    let row = instance.admin("GET", &format!("executions/{id}"), &Value::Null);
    for part in ["\"main\"", "\"price\"", "    item.price * 2"] {
        assert!(row.body.contains(part), "{part}: {row:?}");
    }
}
