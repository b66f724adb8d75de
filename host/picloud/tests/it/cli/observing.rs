//! What runs, seen from the command line.

use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};

use super::Person;
use crate::instance::{Instance, eventually};

/// An app whose script logs, answers, and fails if it is told to.
fn with_an_app(instance: &Instance) -> Person {
    let person = Person::logged_in(instance);
    person.write("picloud.toml", "app = 'shop'\n\n[[routes]]\npath = '/'\nscript = 'say'\n");
    let source = "let name = if type_of(ctx.request.body) == \"map\" { ctx.request.body.name } else { \"nobody\" };\nlog::warn(\"asked\", #{ name: name });\nif name == \"eve\" {\n    throw \"not eve\";\n}\n`Hello, ${name}!`\n";
    person.write("scripts/say.rhai", source);
    person.run(&["deploy", "--create"]).is(0);
    person
}

#[test]
fn a_script_is_called_by_its_name_and_a_failure_shows_the_line() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    let ended = person.run(&["invoke", "say", "--data", r#"{ "name": "ada" }"#]).is(0).told("200 OK, execution ");
    assert_eq!(ended.out, "Hello, ada!");
    assert_eq!(person.run_with(&["invoke", "say", "-d", "-"], r#"{ "name": "bob" }"#, &[]).is(0).out, "Hello, bob!");
    person.run(&["invoke", "sey"]).is(4).told("it has say");
    let shown = person.json(&["invoke", "say"]);
    assert_eq!((&shown["status"], &shown["body"]), (&json!(200), &json!("Hello, nobody!")));

    let ended = person.run(&["invoke", "say", "-d", r#"{ "name": "eve" }"#]).is(1);
    let ended = ended
        .told("error: The script failed")
        .told("scripts/say.rhai:4:5: ")
        .told("not eve")
        .told("4 |     throw \"not eve\";")
        .told("      |     ^");
    assert!(ended.out.is_empty(), "{ended:?}");

    let failed = || person.json(&["executions", "--outcome", "error"])["items"].as_array().unwrap().clone();
    eventually(|| failed().len() == 1);
    let id = failed()[0]["id"].as_str().unwrap().to_owned();
    person.run(&["executions", &id]).is(0).printed("scripts/say.rhai:4:5").printed("warn  asked {\"name\":\"eve\"}");
    person.run(&["executions"]).is(0).printed("OUTCOME").printed("error").printed("say");
    let counted = |filter: &[&str]| person.json(&[&["executions"], filter].concat())["items"].as_array().unwrap().len();
    assert_eq!((counted(&["--status", "502"]), counted(&["--status", "5xx"]), counted(&["--status", "404"])), (1, 1, 0));
    assert_eq!((counted(&["--since", "1h", "--status", "2xx"]), counted(&["--since", "2999-01-01"])), (3, 0));
    let request = failed()[0]["request_id"].as_str().unwrap().to_owned();
    assert_eq!(counted(&["--request-id", &request]), 1);
    person.run(&["executions", "--status", "6xx"]).is(1).told("1xx to 5xx");
    person.run(&["executions", "--since", "soon"]).is(2).told("write 30m");
    let logged = person.run(&["logs", "--request-id", &request]).is(0);
    assert_eq!((logged.out.lines().count(), logged.out.contains("\"eve\"")), (1, true), "{logged:?}");
    person.run(&["logs", "--request-id", "nobody's"]).is(4).told("no execution of the request");
    eventually(|| person.run(&["replay", &id]).status == 0);
    person.run(&["replay", &id]).is(0).printed("answer  the same").printed("fuel    the same");
    // By other code it comes out otherwise.
    person.write("scripts/say.rhai", "1");
    person.run(&["deploy"]).is(0);
    person.run(&["replay", &id, "--deployment", "2"]).is(1).printed("answer  different").told("otherwise");
    person.run(&["executions", "019a7635-5c2e-7c31-9d5b-0f4c5a1e7b20"]).is(4);
}

#[test]
fn logs_are_read_and_followed() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    person.run(&["logs"]).is(0).told("(none)");
    person.run(&["invoke", "say", "-d", r#"{ "name": "one" }"#]).is(0);
    eventually(|| person.run(&["logs"]).out.contains("warn  say: asked {\"name\":\"one\"}"));
    person.run(&["logs", "--level", "error"]).is(0).told("(none)");
    person.run(&["logs", "--since", "2999-01-01"]).is(0).told("(none)");
    person.run(&["logs", "--level", "warn", "--since", "1h"]).is(0).printed("asked");
    assert_eq!(person.json(&["logs"])["items"][0]["fields"]["name"], "one");

    // Somebody's words are shown and not obeyed.
    person.run(&["invoke", "say", "-d", "{ \"name\": \"\\u001b]0;owned\\u0007\" }"]).is(0);
    eventually(|| person.run(&["logs"]).out.contains("owned"));
    assert!(!person.run(&["logs"]).out.contains(['\u{1b}', '\u{7}']));

    let mut following = person.command(&["logs", "--follow", "--json"]).spawn().unwrap();
    let mut lines =
        BufReader::new(following.stdout.take().unwrap()).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    assert_eq!(lines.next().unwrap()["fields"]["name"], "one", "it begins with what there is");
    assert_eq!(lines.next().unwrap()["fields"]["name"], "\u{1b}]0;owned\u{7}", "as it was written");
    person.run(&["invoke", "say", "-d", r#"{ "name": "two" }"#]).is(0);
    assert_eq!(lines.next().unwrap()["fields"]["name"], "two");
    following.kill().unwrap();
    following.wait().unwrap();
}

#[test]
fn the_rest_tells_where_things_are() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    let url = format!("http://shop.localhost:{}/", instance.port);
    person.run(&["status"]).is(0).printed("ready").printed("number 1, since").printed(&url);
    let status = person.json(&["status"]);
    assert_eq!((&status["app"]["slug"], &status["readiness"]["status"]), (&json!("shop"), &json!("ready")));
    assert_eq!(person.run(&["open"]).is(0).out, format!("{url}\n"));
    person.run(&["open", "--dashboard"]).is(0).printed("/apps/shop");
    for shell in ["bash", "zsh", "fish"] {
        person.run(&["completions", shell]).is(0).printed("deploy").printed("doctor");
    }
    assert_eq!(person.json(&["init", "--list"])["items"][0]["name"], "hello");
}
