//! Who one is, and where.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use super::Person;
use crate::instance::{Instance, PASSWORD};

#[test]
fn logging_in_leaves_a_key_and_no_session_and_logging_out_revokes_it() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    let person = Person::at(&instance);
    person.run(&["whoami"]).is(3).told("picloud login");
    person.run(&["login", &person.url, "--username", "owner"]).is(2).told("--password-stdin");
    person.run_with(&["login", &person.url, "--username", "owner", "--password-stdin"], "wrong", &[]).is(3).told("password");
    assert!(!person.logins().exists());

    let sessions = |instance: &Instance| {
        let listed = instance.by_session(instance.session(), "GET", "sessions", &Value::Null);
        listed.json()["items"].as_array().unwrap().len()
    };
    let before = sessions(&instance);
    person.log_in().is(0).told("Logged in as owner until");
    assert_eq!(sessions(&instance), before, "its session has ended");
    assert_eq!(fs::metadata(person.logins()).unwrap().permissions().mode() & 0o777, 0o600);
    person.run(&["whoami"]).is(0).printed("owner (owner)").printed("instance:admin");
    let listed = person.json(&["context", "list"]);
    assert_eq!((&listed["items"][0]["current"], &listed["items"][0]["url"]), (&json!(true), &json!(person.url)));
    person.run(&["context", "use", "elsewhere"]).is(4).told(&format!("there is: localhost:{}", instance.port));

    // A second login replaces the key of the first.
    let first = person.key();
    person.log_in().is(0);
    let second = person.key();
    let variables = |key| [("PICLOUD_URL", person.url.clone()), ("PICLOUD_TOKEN", key)];
    let whoami = |key: &str| {
        let variables = variables(key.to_owned());
        person.run_with(&["whoami"], "", &variables.each_ref().map(|(name, value)| (*name, value.as_str())))
    };
    whoami(&first).is(3).told("picloud login");
    whoami(&second).is(0);
    let keys = instance.by_session(instance.session(), "GET", "api-keys", &Value::Null).json();
    let live = keys["items"].as_array().unwrap().iter().filter(|key| key["name"].as_str().unwrap().starts_with("picloud on "));
    assert_eq!(live.filter(|key| key["revoked_at"].is_null()).count(), 1, "{keys}");

    person.run(&["logout"]).is(0);
    whoami(&second).is(3);
    person.run(&["whoami"]).is(3);
    person.run(&["logout"]).is(3);
    assert!(!fs::read_to_string(person.logins()).unwrap().contains("pic_"));
}
