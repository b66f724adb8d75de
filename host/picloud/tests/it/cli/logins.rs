//! Who one is, and where.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use super::Person;
use crate::instance::{Instance, PASSWORD, free_port};

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

#[test]
fn a_key_goes_only_where_it_is_meant_for_and_is_never_shown() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    let person = Person::logged_in(&instance);
    // A folder of somebody else names another instance.
    let elsewhere = format!("http://localhost:{}", free_port());
    person.write("picloud.toml", &format!("app = 'hello'\nurl = '{elsewhere}'\n"));
    person.run(&["deployments"]).is(3).told(&format!("you are not logged in at {elsewhere}"));
    person.run_with(&["deployments"], "", &[("PICLOUD_TOKEN", "pic_all_x")]).is(2).told("PICLOUD_URL");
    person
        .run_with(&["deployments"], "", &[("PICLOUD_TOKEN", "pic_all_x"), ("PICLOUD_URL", "http://cloud.example.com")])
        .is(2)
        .told("clear text");
    // The environment comes before the project and the login.
    let here = [("PICLOUD_URL", person.url.as_str()), ("PICLOUD_TOKEN", instance.key())];
    person.run_with(&["deployments"], "", &here).is(0).printed("NUMBER");
    person.run_with(&["deployments", "--app", "nothing"], "", &here).is(4).told("error: ");
    let ended = person.run_with(&["login", &person.url, "--username", "owner", "--password-stdin", "--verbose"], PASSWORD, &[]).is(0);
    let ended = ended.told("> POST").told("/api/v1/admin/api-keys").told("< 201");
    let hidden = [PASSWORD, &person.key(), "sid-dev="];
    assert!(hidden.iter().all(|secret| !ended.err.contains(secret)), "{}", ended.err);
    let ended = person.run_with(&["whoami", "-v"], "", &here).is(0).told("> authorization: Bearer (not shown)");
    assert!(!ended.err.contains(instance.key()));
    fs::set_permissions(person.logins(), fs::Permissions::from_mode(0o640)).unwrap();
    person.run(&["whoami"]).is(2).told("chmod 600");
}

#[test]
fn what_is_wrong_with_the_surroundings_is_said() {
    let instance = Instance::start();
    let person = Person::logged_in(&instance);
    person.run(&["deploy"]).is(2).told("no picloud.toml").told("picloud init");
    person.run(&["deploi"]).is(2).told("deploy");
    person.write("picloud.toml", "app = 'hello'\n[[routes]]\npth = '/'\n");
    person.run(&["deploy"]).is(2).told("picloud.toml:3:1").told("3 | pth = '/'");
    let gone = format!("http://localhost:{}", free_port());
    person
        .run_with(&["whoami"], "", &[("PICLOUD_URL", &gone), ("PICLOUD_TOKEN", "x")])
        .is(1)
        .told("could not reach")
        .told("Connection refused");
    // An app is no instance.
    let app = format!("http://hello.localhost:{}", instance.port);
    person.run_with(&["whoami"], "", &[("PICLOUD_URL", &app), ("PICLOUD_TOKEN", "x")]).is(1).told("next:");
    let plain =
        person.run_with(&["whoami"], "", &[("PICLOUD_URL", &gone), ("PICLOUD_TOKEN", "x"), ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    let colored = person.run_with(&["whoami"], "", &[("PICLOUD_URL", &gone), ("PICLOUD_TOKEN", "x"), ("CLICOLOR_FORCE", "1")]);
    assert!(!plain.err.contains('\u{1b}') && colored.err.contains('\u{1b}'), "{colored:?}");
}
