//! Secrets from the command line: set where nobody looks over the shoulder, never shown again.

use serde_json::json;

use super::{
    Person,
    Typing::{Seen, Unseen},
};
use crate::instance::Instance;

const VALUE: &str = "hunter2 'and\" more";

/// An app whose script tells how long its secret is.
fn with_an_app(instance: &Instance) -> Person {
    let person = Person::logged_in(instance);
    person.write("picloud.toml", "app = 'shop'\n");
    person.write("scripts/tell.rhai", "let name = ctx.request.query.name;\n`${secrets::get(name)}`.len");
    person.run(&["deploy", "--create"]).is(0);
    person
}

fn names(person: &Person) -> Vec<String> {
    let listing = person.json(&["secrets", "list"]);
    listing["items"].as_array().unwrap().iter().map(|secret| secret["name"].as_str().unwrap().to_owned()).collect()
}

/// As the script sees it.
fn length(person: &Person, name: &str) -> String {
    person.run(&["invoke", "tell", "--query", &format!("name={name}")]).is(0).out
}

#[test]
fn a_secret_is_set_unseen_and_taken_away_if_that_is_meant() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    person.run(&["secrets", "list"]).is(0).told("(none)");
    let ended = person.run_with(&["secrets", "set", "TOKEN", "--verbose"], &format!("{VALUE}\n"), &[]).is(0).told("shop has TOKEN now");
    assert!(!ended.err.contains("hunter2"), "{ended:?}");
    assert_eq!(length(&person, "TOKEN"), VALUE.len().to_string());
    person.run_with(&["secrets", "set", "TOKEN"], "a\nb\r\n", &[]).is(0);
    assert_eq!(length(&person, "TOKEN"), "3", "only the last line end is no part of it");
    let typed = person.at_a_terminal(&["secrets", "set", "TYPED"], ("Value of TYPED: ", Unseen, &format!("{VALUE}\n"))).is(0);
    assert!(!typed.out.contains("hunter2"), "{typed:?}");
    assert_eq!(length(&person, "TYPED"), VALUE.len().to_string());
    person.run(&["secrets", "list"]).is(0).printed("NAME").printed("TOKEN").printed("TYPED");
    assert_eq!(person.run_with(&["secrets", "set", "TOKEN", "--json"], "x", &[]).is(0).out.matches("hunter2").count(), 0);

    person.run(&["secrets", "set", "TOKEN", VALUE]).is(2);
    person.run(&["secrets", "set", "TOKEN"]).is(2).told("no value for TOKEN");
    person.run_with(&["secrets", "set", "A-B"], "x", &[]).is(1).told("begins with a letter or _");
    person.run_with(&["secrets", "set", "TOKEN", "--app", "shop2"], "x", &[]).is(4);

    person.run(&["secrets", "unset", "TOKEN"]).is(2).told("Remove the secret TOKEN of shop").told("--yes");
    person.at_a_terminal(&["secrets", "unset", "TOKEN"], ("[y/N]", Seen, "n\n")).is(1).printed("nothing was done");
    assert_eq!(names(&person), ["TOKEN", "TYPED"]);
    person.at_a_terminal(&["secrets", "unset", "TOKEN"], ("[y/N]", Seen, "y\n")).is(0);
    person.run(&["secrets", "unset", "TOKEN", "--yes"]).is(4).told("has no secret `TOKEN`: it has TYPED");
    person.run(&["secrets", "unset", "TYPED", "--yes"]).is(0);
    assert!(names(&person).is_empty());
}

#[test]
fn a_file_of_secrets_is_set_as_a_whole_or_not_at_all() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    let wrong = "# mine\nA=1\nB-C=hunter2\nD='\n\nA=hunter2\nE=\n";
    person.write(".env.wrong", wrong);
    let ended = person.run(&["secrets", "import", ".env.wrong"]).is(2).told("no secret was set").told(".env.wrong:4: the quote");
    assert!(!ended.err.contains("hunter2"), "{ended:?}");
    let wrong = wrong.replace('\'', "''");
    let ended = person.run_with(&["secrets", "import", "-"], &wrong, &[]).is(2);
    let ended = ended.told("standard input:3: `B-C`").told("standard input:4: the value of D has 0 bytes");
    let ended = ended.told("standard input:6: A is in line 2 already").told("standard input:7: the value of E");
    assert!(!ended.err.contains("hunter2"), "{ended:?}");
    person.run(&["secrets", "import", "nowhere"]).is(1).told("nowhere");
    assert!(names(&person).is_empty());

    person.write(".env", &format!("# mine\nexport A=1 # one\nKEY=\"-----BEGIN\n{}\n-----END\"\n", "x".repeat(60)));
    person.run(&["secrets", "import", ".env"]).is(0).told("shop has A, KEY now");
    assert_eq!((length(&person, "A"), length(&person, "KEY")), ("1".to_owned(), (10 + 1 + 60 + 1 + 8).to_string()));
    let again = person.run_with(&["secrets", "import", "-", "--json"], "A=22\n", &[]).is(0);
    let again: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&again["items"][0]["name"], &again["next_cursor"]), (&json!("A"), &json!(null)));
    assert_eq!(length(&person, "A"), "2");
    assert_eq!(names(&person), ["A", "KEY"]);
}
