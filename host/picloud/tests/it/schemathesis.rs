//! What the program answers is held against its own description by schemathesis, which makes requests out of it: good ones, and ones that are
//! wrong in every way it knows. As an owner, as a viewer, and with a key that is bound to one app.
//!
//! `cargo xtask test` installs it into `target/python`. The cases of a seed are always the same; it is printed, and `SCHEMATHESIS_SEED` sets
//! another one. A failing case is printed with the curl command that repeats it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD},
};

const SEED: &str = "20261125";
/// Cases of an operation, beside those for its examples and its edges; `make soak` makes so many times more.
const CASES: usize = 3;
/// Checks that are not made, each with its reason.
const NOT_CHECKED: &[&str] = &[
    // What a schema can't say (there is no such app, a script does not parse, a name is taken) is refused though it fits the schema.
    "positive_data_acceptance",
    // What is made by one case is deleted by another one on purpose.
    "ensure_resource_availability",
];
/// Not called at all: an answer without an end.
const ENDLESS: &str = "stream_logs";
/// They may end the session or revoke the key that all other cases are sent with (a log-in does, if the examples have made the account): called
/// by themselves, with another session.
const ENDING: [&str; 3] = ["create_session", "delete_session", "delete_one_session"];
/// Ends everything that the next caller could meet: called by the last one only.
const DESTROYING: &str = "delete_app";

/// One of everything, as ids.
struct Things {
    script: String,
    route: String,
    deployment: String,
    domain: String,
    admin: String,
}

fn things(instance: &Instance) -> Things {
    let id = |answer: Answer| answer.json()["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    instance.admin("POST", "apps", &json!({ "slug": "shop", "name": "Shop" }));
    let script = instance.script("shop", "hello", "#{ hello: ctx.request.body }", "/hello/:name");
    let routes = instance.admin("GET", "routes?app=shop", &Value::Null).json();
    let deployments = instance.admin("GET", "deployments?app=shop", &Value::Null).json();
    let first = |list: &Value| list["items"][0]["id"].as_str().unwrap().to_owned();
    let domain = id(instance.admin("POST", "domains", &json!({ "app": "shop", "host": "www.shop.example.com" })));
    let viewer = json!({ "username": "viewer", "role": "member", "password": PASSWORD });
    let admin = id(instance.admin("POST", "admins", &viewer));
    let member = instance.admin("POST", "members", &json!({ "app": "shop", "admin": "viewer", "role": "viewer" }));
    assert_eq!(member.status, 201, "{member:?}");
    Things { script, route: first(&routes), deployment: first(&deployments), domain, admin }
}

/// Requests about one thing are mostly about one that exists; what deletes a thing is not told of it, so that the rest has something to meet.
fn configuration(things: &Things) -> String {
    let Things { script, route, deployment, domain, admin } = things;
    let paths = [
        ("apps/\\\\{app\\\\}", "path.app", "shop"),
        ("scripts/\\\\{id\\\\}", "path.id", script),
        ("execute/\\\\{id\\\\}", "path.id", script),
        ("routes/\\\\{id\\\\}", "path.id", route),
        ("deployments/\\\\{id\\\\}", "path.id", deployment),
        ("domains/\\\\{id\\\\}", "path.id", domain),
        ("members/\\\\{id\\\\}", "path.id", admin),
        // Or the owner would change himself.
        ("admins/\\\\{id\\\\}", "path.id", admin),
    ];
    // A body that does not fit is refused also where a condition or the length of the body refuses first.
    let mut text =
        "[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429]\n".to_owned();
    for (path, parameter, value) in paths {
        text += &format!("[[operations]]\ninclude-path-regex = \"{path}\"\nexclude-method = \"DELETE\"\n");
        text += &format!("parameters = {{ \"{parameter}\" = \"{value}\" }}\n");
    }
    text
}

/// The program that `cargo xtask test` installs.
fn schemathesis() -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python/bin/schemathesis");
    assert!(program.exists(), "{} is missing: `cargo xtask test schemathesis` installs it", program.display());
    program
}

/// Who sends the requests, and which.
struct Caller<'a> {
    who: &'a str,
    headers: &'a [String],
    /// Options that choose operations or checks.
    options: &'a [&'a str],
    /// Checks that say nothing for this caller, beside those of [`NOT_CHECKED`].
    not_checked: &'a [&'a str],
}

fn run(instance: &Instance, configuration: &Path, caller: &Caller<'_>) {
    let who = caller.who;
    let seed = std::env::var("SCHEMATHESIS_SEED").unwrap_or_else(|_| SEED.to_owned());
    let turns: usize = std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse().ok()).unwrap_or(1);
    println!("schemathesis as {who}: SCHEMATHESIS_SEED={seed}, {} cases", CASES * turns);
    let mut command = Command::new(schemathesis());
    command.current_dir(instance.path()).arg("--config-file").arg(configuration).arg("run");
    command.arg(format!("http://127.0.0.1:{}/openapi.json", instance.port));
    command.args(["--seed", &seed, "--max-examples", &(CASES * turns).to_string(), "--phases", "examples,coverage,fuzzing"]);
    command.args(["--checks", "all", "--exclude-checks", &[NOT_CHECKED, caller.not_checked].concat().join(",")]);
    // A made-up Authorization would be refused, and nothing behind it seen.
    command.args(["--generation-database", "none", "--generation-with-security-parameters", "false", "--no-color", "--warnings", "off"]);
    command.args(["--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "60"]);
    command.args(["--exclude-operation-id", ENDLESS]).args(caller.options);
    for header in caller.headers {
        command.args(["--header", header]);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "as {who}, SCHEMATHESIS_SEED={seed}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let tail: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().rev().take(12).map(str::to_owned).collect();
    println!("{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
}

/// The headers of a session of this person.
fn session(instance: &Instance, username: &str) -> Vec<String> {
    let origin = format!("Origin: http://localhost:{}", instance.port);
    let body = json!({ "username": username, "password": PASSWORD }).to_string();
    let headers = ["Host: localhost", "Content-Type: application/json", &origin];
    let answer = send(instance.port, "POST", "/api/v1/admin/session", &headers, &body).unwrap();
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap_or_else(|| panic!("{answer:?}"));
    vec![format!("Cookie: {cookie}"), origin]
}

#[test]
fn the_program_keeps_to_its_description() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    let things = things(&instance);
    let configuration_file = instance.path().join("schemathesis.toml");
    fs::write(&configuration_file, configuration(&things)).unwrap();
    let (owner, viewer) = (session(&instance, "owner"), session(&instance, "viewer"));
    let scopes = ["script:read", "script:write", "script:execute", "route:write", "domain:write", "log:read", "app:admin"];
    let body = json!({ "name": "bound", "app": "shop", "scopes": scopes }).to_string();
    let [cookie, origin] = owner.as_slice() else { panic!("two headers") };
    let headers = ["Host: localhost", "Content-Type: application/json", cookie, origin];
    let key = send(instance.port, "POST", "/api/v1/admin/api-keys", &headers, &body).unwrap().json();
    let bound = vec![format!("Authorization: Bearer {}", key["key"].as_str().unwrap())];

    // Not by the name that the session's cookie has without HTTPS: the check could not take it away.
    let of_session = ["ignored_auth"];
    let no_end = ENDING.map(|operation| ["--exclude-operation-id", operation]).concat();
    let harmless = [no_end.as_slice(), &["--exclude-operation-id", DESTROYING]].concat();
    let ends = ENDING.map(|operation| ["--include-operation-id", operation]).concat();
    let callers = [
        Caller { who: "a viewer", headers: &viewer, options: &no_end, not_checked: &of_session },
        Caller { who: "a key bound to an app", headers: &bound, options: &harmless, not_checked: &[] },
        Caller { who: "an owner", headers: &owner, options: &no_end, not_checked: &of_session },
    ];
    for caller in &callers {
        run(&instance, &configuration_file, caller);
        // Who was locked out on the way saw nothing but that.
        let headers: Vec<&str> = ["Host: localhost"].into_iter().chain(caller.headers.iter().map(String::as_str)).collect();
        let alive = send(instance.port, "GET", "/api/v1/admin/session", &headers, "").unwrap();
        assert_eq!(alive.status, 200, "{}: {alive:?}", caller.who);
    }
    let other = session(&instance, "owner");
    run(&instance, &configuration_file, &Caller { who: "an owner who leaves", headers: &other, options: &ends, not_checked: &of_session });
}
