//! From a first start over a crash to an orderly end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, program},
};

#[test]
fn deploys_survive_a_kill_and_a_stop() {
    let mut instance = Instance::start();
    assert_eq!(instance.log_in(PASSWORD).status, 201);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" })).status, 201);
    let source = "#{ hello: ctx.request.params.name }";
    let script = instance.admin("POST", "scripts", &json!({ "app": "shop", "name": "greet", "source": source }));
    assert_eq!(script.status, 201, "{script:?}");
    let route = json!({ "app": "shop", "script": script.json()["id"], "path": "/greet/:name" });
    assert_eq!(instance.admin("POST", "routes", &route).status, 201);
    assert_eq!(until(&instance, 200).json(), json!({ "hello": "Ada" }));

    instance.kill();
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/greet/Ada").json(), json!({ "hello": "Ada" }));

    assert!(instance.stop().success());
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/greet/Ada").json(), json!({ "hello": "Ada" }));
    assert_eq!(instance.admin("GET", "apps/shop", &Value::Null).json()["slug"], "shop");
}

#[test]
fn the_first_app_answers_and_its_rows_are_kept_over_a_stop() {
    let mut instance = Instance::start();
    let hello = instance.visit("hello.localhost", "/greet/Ada");
    assert_eq!((hello.status, &hello.json()["message"]), (200, &json!("Hello, Ada!")));
    let posted = send(instance.port, "POST", "/", &["Host: hello.localhost", "Content-Type: application/json"], r#"{"greeting":"Moin"}"#);
    assert_eq!(posted.unwrap().json()["message"], "Moin, world!");
    assert_eq!(instance.visit("hello.localhost", &format!("/?name={}", "x".repeat(101))).status, 400);

    // The batch that has not been written yet is written before the end.
    assert!(instance.stop().success());
    instance.start_again();
    instance.log_in(PASSWORD);
    let rows = instance.admin("GET", "executions?app=hello", &Value::Null).json();
    assert_eq!(rows["items"].as_array().unwrap().len(), 3, "{rows}");
    let id = hello.header("picloud-execution-id").unwrap();
    assert_eq!(instance.admin("GET", &format!("executions/{id}"), &Value::Null).json()["outcome"], "ok");
}

#[test]
fn hosts_are_kept_apart() {
    let instance = Instance::start();
    assert_eq!(instance.visit("nobody.localhost", "/").status, 421);
    assert_eq!(instance.visit("hello.localhost", "/api/v1/admin/apps").status, 404, "no path of the instance on an app's host");
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(instance.visit(host, "/healthz").body, "ok");
        assert_eq!(instance.visit(host, "/greet/Ada").status, 404, "no app on the instance's host");
    }
    let figures = send(instance.internal_port, "GET", "/metrics", &["Host: x"], "").unwrap().body;
    assert!(figures.contains("\npicloud_apps 1\n") && figures.contains("\npicloud_scripts 1\n"), "{figures}");
    assert_eq!(send(instance.internal_port, "GET", "/readyz", &["Host: x"], "").unwrap().body, "ready\n");
}

#[test]
fn s_7_1_the_proxy_is_told_for_which_names_it_may_get_certificates() {
    let instance = Instance::start();
    let ask = |port, domain: &str| send(port, "GET", &format!("/internal/tls-allowed?domain={domain}"), &["Host: x"], "").unwrap().status;
    for (domain, status) in
        [("localhost", 200), ("hello.localhost", 200), ("1--hello.localhost", 200), ("nobody.localhost", 403), ("a%20b", 400)]
    {
        assert_eq!(ask(instance.internal_port, domain), status, "{domain}");
    }
    assert_eq!(send(instance.internal_port, "GET", "/internal/tls-allowed", &["Host: x"], "").unwrap().status, 400);
    let flood = (0..40).map(|_| ask(instance.internal_port, "flood.localhost")).collect::<Vec<_>>();
    assert!(flood.iter().all(|status| [403, 429].contains(status)) && flood.contains(&429), "{flood:?}");
    let public = send(instance.port, "GET", "/internal/tls-allowed?domain=hello.localhost", &["Host: localhost"], "").unwrap();
    assert_eq!(public.status, 404, "not on the public listener");
}

#[test]
fn a_new_password_from_the_machine_itself_while_it_runs() {
    let mut instance = Instance::start();
    let output = program(instance.path()).args(["admin", "reset-password", "owner"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let password = told.lines().find_map(|line| line.strip_prefix("    ")).unwrap().to_owned();
    assert_eq!(instance.log_in(PASSWORD).status, 401);
    assert_eq!(instance.log_in(&password).status, 201);
    // His keys went with the old password, unless told otherwise.
    let reset = |arguments: &[&str]| program(instance.path()).args(["admin", "reset-password", "owner"]).args(arguments).output().unwrap();
    assert!(reset(&["--keep-keys"]).status.success());
    assert_eq!(instance.admin("GET", "apps", &Value::Null).status, 200);
    assert!(reset(&[]).status.success());
    assert_eq!(instance.admin("GET", "apps", &Value::Null).status, 401);
    assert_eq!(instance.visit("localhost", "/healthz").status, 200, "the command leaves the running server alone");
}

/// Asks until the change is live: that takes less than a second, but no test is decided by it.
fn until(instance: &Instance, status: u16) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = instance.visit("shop.localhost", "/greet/Ada");
        if answer.status == status || Instant::now() > deadline {
            return answer;
        }
    }
}
