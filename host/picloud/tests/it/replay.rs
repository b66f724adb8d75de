//! Executions run again from their recordings: the same answer, the same fuel, and nobody notices.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use serde_json::{Value, json};

use crate::instance::{Instance, PASSWORD, eventually};

/// The newest execution of the shop that is recorded and was not known before.
fn recorded(instance: &Instance, known: &[String]) -> String {
    let mut found = None;
    eventually(|| {
        let listed = instance.admin("GET", "recordings?app=shop", &Value::Null).json();
        let newest = listed["items"][0]["execution_id"].as_str().map(str::to_owned);
        found = newest.filter(|id| !known.contains(id));
        found.is_some()
    });
    found.unwrap()
}

fn replay(instance: &Instance, id: &str, body: &Value) -> Value {
    let answer = instance.admin("POST", &format!("executions/{id}/replay"), body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn shop(file: &str) -> Instance {
    let mut instance = Instance::configured(file);
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance
}

/// A server that says a price, 0 first and one more each time, and how often it was asked.
fn priced() -> (SocketAddr, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let (counted, upstream) = (Arc::clone(&calls), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = upstream.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in upstream.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let body = format!("{{\"price\":{number}}}");
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    (address, calls)
}

#[test]
fn a_failure_is_run_again_to_the_same_end_and_by_mended_code_to_another() {
    let (address, calls) = priced();
    let mut instance = shop(&format!("[egress]\nallow_private = ['{address}']\n"));
    let rule = json!({ "app": "shop", "host": address.ip().to_string(), "port": address.port() });
    assert_eq!(instance.admin("POST", "egress", &rule).status, 201);
    assert_eq!(instance.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "a secret of the shop" })).status, 200);
    assert_eq!(instance.admin("PUT", "kv/stock?app=shop", &json!({ "value": 3 })).status, 200);
    let source = format!(
        r#"
        let dice = rand::int(1, 1000000);
        let stock = kv::get("stock");
        let price = http::get("http://{address}/", #{{ headers: #{{ Authorization: secrets::get("TOKEN") }} }}).body.price;
        log::info(`rolled ${{dice}} at ${{time::now()}}`, #{{ stock: stock }});
        kv::set("stock", stock - 1);
        [stock / price, dice]
        "#
    );
    let script = instance.script("shop", "buy", &source, "/buy");
    // The first price is 0.
    assert_eq!(instance.visit("shop.localhost", "/buy").status, 502);
    let failed = recorded(&instance, &[]);

    let again = replay(&instance, &failed, &json!({}));
    assert_eq!((&again["equal"], &again["equal_fuel"], &again["comparable_fuel"]), (&json!(true), &json!(true), &json!(true)), "{again}");
    assert_eq!((&again["recorded"]["outcome"], &again["calls"]), (&json!("error"), &json!(3)), "{again}");
    assert!(again["replayed"]["message"].as_str().unwrap().contains("zero"), "{again}");
    // Also after a restart.
    instance.stop();
    instance.start_again();
    assert_eq!(replay(&instance, &failed, &json!({}))["equal"], true);

    // Mended: the same story, told to other code.
    let mended = source.replace("stock / price", "if price == 0 { 0 } else { stock / price }");
    assert_eq!(instance.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": mended })).status, 200);
    let number = instance.admin("GET", "deployments?app=shop", &Value::Null).json()["items"][0]["number"].clone();
    let other = replay(&instance, &failed, &json!({ "deployment": number }));
    assert_eq!(
        (&other["equal"], &other["equal_result"], &other["replayed"]["outcome"]),
        (&json!(false), &json!(false), &json!("ok")),
        "{other}"
    );
    assert_eq!((&other["divergence"], &other["unanswered"], &other["equal_logs"]), (&Value::Null, &json!([]), &json!(true)), "{other}");
    assert!(other["replayed"]["answer"]["body"].as_str().unwrap().starts_with("[0,"), "{other}");

    // Nobody was called, and nothing was written.
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(instance.admin("GET", "kv/stock?app=shop", &Value::Null).json()["value"], 3);
    assert_eq!(instance.admin("GET", "executions?app=shop", &Value::Null).json()["items"].as_array().unwrap().len(), 1);
    // The secret is nowhere in what is shown.
    let shown = instance.admin("GET", &format!("recordings/{failed}"), &Value::Null);
    assert!(shown.body.contains("TOKEN@") && !shown.body.contains("a secret of the shop"), "{shown:?}");
    assert!(!again.to_string().contains("a secret of the shop") && !other.to_string().contains("a secret of the shop"));

    // When it has changed, that is said.
    assert_eq!(instance.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "another secret" })).status, 200);
    let refused = instance.admin("POST", &format!("executions/{failed}/replay"), &json!({}));
    assert_eq!((refused.status, &refused.json()["type"]), (409, &json!("/problems/execution.not_replayable")), "{refused:?}");
    assert!(refused.json()["detail"].as_str().unwrap().contains("TOKEN@"), "{refused:?}");
}

#[test]
fn whatever_goes_wrong_our_stores_keep_nothing_of_it() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = upstream.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in upstream.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    let instance = shop(&format!("[egress]\nallow_private = ['{address}']\n"));
    let rule = json!({ "app": "shop", "host": address.ip().to_string(), "port": address.port() });
    assert_eq!(instance.admin("POST", "egress", &rule).status, 201);
    assert_eq!(instance.admin("PATCH", "apps/shop", &json!({ "limits": { "recordings_per_mille": 1_000 } })).status, 200);
    let source = format!(
        r#"
        let paid = kv::get("paid", 0);
        kv::set("paid", paid + 1);
        http::post("http://{address}/pay", #{{ order: paid }});
        let lines = -1;
        try {{ lines = kv::list("log/").items.len(); }} catch {{ }}
        kv::set(`log/${{lines}}`, true);
        lines
        "#
    );
    instance.script("shop", "pay", &source, "/pay");
    assert_eq!(instance.visit("shop.localhost", "/pay").body, "0");
    let paid = recorded(&instance, &[]);
    let answer = instance.admin("POST", &format!("executions/{paid}/faults"), &json!({}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let runs = answer.json()["runs"].as_array().unwrap().clone();
    let of = |fault: &str| runs.iter().filter(|run| run["fault"] == fault).collect::<Vec<_>>();
    let seen = |run: &Value| (run["outcome"].as_str().unwrap().to_owned(), run["writes"].as_u64().unwrap(), run["sent"].as_u64().unwrap());
    let calls: Vec<_> = of("call").into_iter().map(seen).collect();
    // The store is away; the other server does not answer; the script goes on without the list.
    assert_eq!(calls, [("error".to_owned(), 0, 0), ("error".to_owned(), 0, 1), ("ok".to_owned(), 2, 1)], "{runs:?}");
    let fuels: Vec<_> = of("fuel").into_iter().map(seen).collect();
    assert!(fuels.len() == 4 && fuels.iter().all(|(outcome, writes, _)| outcome == "fuel" && *writes == 0), "{fuels:?}");
    assert_eq!(of("conflict").into_iter().map(seen).collect::<Vec<_>>(), [("conflict".to_owned(), 0, 1)]);
    // What stays behind is with others, never with us.
    let leaving: Vec<_> = runs.iter().filter(|run| run["leaves_something"] == true).collect();
    assert_eq!(answer.json()["leaving"], leaving.len());
    assert!(leaving.len() >= 2 && leaving.iter().all(|run| run["writes"] == 0 && run["sent"] == 1), "{leaving:?}");
    assert_eq!(instance.admin("GET", "kv/paid?app=shop", &Value::Null).json()["value"], 1);
}

/// A secret that reads like a word of the report itself, which has no form any more with a mark in its place.
#[test]
fn s_6_4_a_trial_that_can_t_be_told_without_a_secret_is_counted_and_not_shown() {
    let (address, _) = priced();
    let instance = shop(&format!("[egress]\nallow_private = ['{address}']\n"));
    let rule = json!({ "app": "shop", "host": address.ip().to_string(), "port": address.port() });
    assert_eq!(instance.admin("POST", "egress", &rule).status, 201);
    assert_eq!(instance.admin("PATCH", "apps/shop", &json!({ "limits": { "recordings_per_mille": 1_000 } })).status, 200);
    assert_eq!(instance.admin("PUT", "secrets/WORD?app=shop", &json!({ "value": "conflict" })).status, 200);
    let source = format!(r#"secrets::get("WORD"); kv::set("asked", true); http::get("http://{address}/").body.price"#);
    instance.script("shop", "ask", &source, "/ask");
    assert_eq!(instance.visit("shop.localhost", "/ask").body, "0");
    let asked = recorded(&instance, &[]);
    let answer = instance.admin("POST", &format!("executions/{asked}/faults"), &json!({}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let report = answer.json();
    // Two calls and three shares of the fuel are told; the conflict at the end is not.
    let faults: Vec<_> = report["runs"].as_array().unwrap().iter().map(|run| run["fault"].as_str().unwrap()).collect();
    assert_eq!((faults, &report["not_shown"]), (vec!["call", "call", "fuel", "fuel", "fuel"], &json!(1)), "{report}");
    assert!(!answer.body.contains("conflict"), "{answer:?}");
}

#[test]
fn what_does_not_fail_is_recorded_as_often_as_the_app_says() {
    let instance = shop("");
    let source = r#"kv::increment("n"); kv::get("n")"#;
    let script = instance.script("shop", "count", source, "/count");
    let limits = |per_mille: u32, bytes: u64| {
        let limits = json!({ "limits": { "recordings_per_mille": per_mille, "recordings_bytes": bytes } });
        assert_eq!(instance.admin("PATCH", "apps/shop", &limits).status, 200);
    };
    limits(1_000, 1 << 20);
    assert_eq!(instance.visit("shop.localhost", "/count").body, "1");
    let first = recorded(&instance, &[]);
    let again = replay(&instance, &first, &json!({}));
    assert_eq!((&again["equal"], &again["replayed"]["answer"]["body"]), (&json!(true), &json!("1")), "{again}");
    assert_eq!((&again["equal_effects"], &again["comparable_effects"]), (&json!(true), &json!(true)), "{again}");
    // None of them, and nothing at all.
    for (per_mille, bytes) in [(0, 1 << 20), (1_000, 0)] {
        limits(per_mille, bytes);
        instance.visit("shop.localhost", "/count");
    }
    limits(1_000, 1 << 20);
    instance.visit("shop.localhost", "/count");
    let second = recorded(&instance, std::slice::from_ref(&first));
    let listed = instance.admin("GET", "recordings?app=shop", &Value::Null).json();
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["execution_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [second, first.clone()]);

    // The same answer, but something else is left behind: that is a change.
    let source = format!("kv::set(`seen`, true); {source}");
    assert_eq!(instance.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": source })).status, 200);
    let newest = instance.admin("GET", "deployments?app=shop", &Value::Null).json()["items"][0].clone();
    let other = replay(&instance, &first, &json!({ "deployment": newest["number"] }));
    assert_eq!((&other["equal_result"], &other["equal_effects"], &other["equal"]), (&json!(true), &json!(false), &json!(false)), "{other}");
    let gate = |body: &Value| instance.admin("POST", &format!("deployments/{}/gate", newest["id"].as_str().unwrap()), body).json();
    let report = gate(&json!({ "changed_percent_max": 0 }));
    let figures = ["runs", "changed", "changed_effects", "new_failures"].map(|name| report[name].as_u64().unwrap());
    assert_eq!((figures, &report["passed"]), ([2, 2, 2, 0], &json!(false)), "{report}");
    assert_eq!(report["differences"][0]["changed_effects"], true);
}

#[test]
fn a_deployment_is_held_against_the_past_before_it_is_active() {
    let instance = shop("");
    let limits = json!({ "limits": { "recordings_per_mille": 1_000 } });
    assert_eq!(instance.admin("PATCH", "apps/shop", &limits).status, 200);
    let source = |price: &str| format!("let n = parse_int(ctx.request.query.n); #{{ total: n * {price} }}");
    instance.script("shop", "price", &source("2"), "/price");
    for n in ["1", "2", "x", "4"] {
        instance.visit("shop.localhost", &format!("/price?n={n}"));
    }
    eventually(|| instance.admin("GET", "recordings?app=shop", &Value::Null).json()["items"].as_array().unwrap().len() == 4);

    let deploy = |source: &str| {
        let manifest = json!({
            "app": "shop", "message": "next", "activate": false, "scripts": [{ "name": "price", "source": source }], "routes": [{ "script": "price", "path": "/price" }],
        });
        let made = instance.admin("POST", "deployments", &manifest);
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let gate = |id: &str, body: &Value| {
        let answer = instance.admin("POST", &format!("deployments/{id}/gate"), body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let figures = |report: &Value| ["runs", "changed", "new_failures", "mended", "skipped"].map(|name| report[name].as_u64().unwrap());

    // Another text with the same answers.
    let same = gate(&deploy(&source("(n - n + 2)")), &json!({ "changed_percent_max": 0 }));
    assert_eq!((figures(&same), &same["passed"], &same["activated"]), ([4, 0, 0, 0, 0], &json!(true), &json!(false)), "{same}");
    // More work for the same.
    assert!(same["fuel_replayed"].as_u64() > same["fuel_recorded"].as_u64(), "{same}");

    // Half of them are others, and one that failed does not.
    let lenient = "let n = ctx.request.query.n; #{ total: if n == \"x\" { 0 } else { parse_int(n) * 2 + if n == \"4\" { 1 } else { 0 } } }";
    let id = deploy(lenient);
    let report = gate(&id, &json!({ "changed_percent_max": 25, "activate": true }));
    assert_eq!((figures(&report), &report["passed"]), ([4, 2, 0, 1, 0], &json!(false)), "{report}");
    assert_eq!(report["differences"].as_array().unwrap().len(), 2);
    assert_eq!(instance.visit("shop.localhost", "/price?n=4").body, r#"{"total":8}"#);
    let report = gate(&id, &json!({ "changed_percent_max": 50, "activate": true }));
    assert_eq!((&report["passed"], &report["activated"]), (&json!(true), &json!(true)), "{report}");
    assert_eq!(instance.visit("shop.localhost", "/price?n=4").body, r#"{"total":9}"#);

    // One that fails where nothing failed is refused unless that is allowed.
    let worse = deploy("if ctx.request.query.n == \"1\" { throw \"no\" } let n = parse_int(ctx.request.query.n); #{ total: n * 2 }");
    let report = gate(&worse, &json!({ "activate": true, "recordings": 100 }));
    assert_eq!((&report["passed"], &report["activated"], &report["new_failures"]), (&json!(false), &json!(false), &json!(1)), "{report}");
    assert_eq!(gate(&worse, &json!({ "new_failures_max": 1 }))["passed"], true);
    // Without the script there is nothing to compare.
    let manifest =
        json!({ "app": "shop", "message": "empty", "activate": false, "scripts": [{ "name": "other", "source": "1" }], "routes": [] });
    let empty = instance.admin("POST", "deployments", &manifest).json()["id"].as_str().unwrap().to_owned();
    assert!(gate(&empty, &json!({}))["skipped"].as_u64().unwrap() > 3);
}
