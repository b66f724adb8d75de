//! `picloud doctor`: what it says of an instance that is well, and of several that are not.

use std::{fs, net::UdpSocket, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::{Value, json};

use crate::instance::{Instance, PASSWORD, program};

/// Exit code and findings.
fn doctor(directory: &Path, arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = program(directory).args(["doctor", "--json"]).args(arguments).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(told["ok"], output.status.success(), "{told:#}");
    (output.status.code().unwrap(), told["findings"].as_array().unwrap().clone())
}

/// How a check ended: the worst of its findings.
fn state<'a>(findings: &'a [Value], check: &str) -> &'a str {
    let states = || findings.iter().filter(|finding| finding["check"] == check).map(|finding| finding["state"].as_str().unwrap());
    let worst = ["error", "warning", "ok"].into_iter().find(|state| states().any(|other| other == *state));
    worst.unwrap_or_else(|| panic!("no {check} in {findings:#?}"))
}

fn found<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings.iter().find(|finding| finding["check"] == check && finding["state"] != "ok").unwrap()
}

#[test]
fn an_instance_that_is_well_and_one_whose_key_is_lost() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    assert_eq!(instance.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "hunter2hunter2" })).status, 200);
    let internal = format!("127.0.0.1:{}", instance.internal_port);
    let look = || doctor(instance.path(), &["--internal-bind", &internal]);
    let (code, findings) = look();
    assert_eq!(code, 0, "{findings:#?}");
    for check in [
        "configuration",
        "names",
        "data_directory",
        "kernel_openat2",
        "database",
        "database_writes",
        "schema",
        "clock",
        "secrets",
        "server",
    ] {
        assert_eq!(state(&findings, check), "ok", "{findings:#?}");
    }
    // What is not well says why and what to do, whatever this machine is like.
    for finding in findings.iter().filter(|finding| finding["state"] != "ok") {
        assert!(!finding["why"].as_str().unwrap().is_empty() && !finding["todo"].as_str().unwrap().is_empty(), "{finding}");
    }
    assert!(!json!(findings).to_string().contains("hunter2"));

    let key = instance.path().join("data/secrets.key");
    let (right, other) = (fs::read_to_string(&key).unwrap(), "0123456789abcdef".repeat(4));
    for (text, mode) in [(other.as_str(), 0o600), (right.as_str(), 0o644), ("not a key", 0o600)] {
        fs::write(&key, text).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let (code, findings) = look();
        assert_eq!((code, state(&findings, "secrets")), (1, "error"), "{text}");
        assert!(!json!(findings).to_string().contains(&right[right.len() - 65..right.len() - 1]), "the key itself is not told");
    }
    fs::remove_file(&key).unwrap();
    let (code, findings) = look();
    assert_eq!((code, state(&findings, "secrets"), state(&findings, "server")), (1, "error", "ok"));
    let what = found(&findings, "secrets")["what"].as_str().unwrap();
    assert!(what.contains("no key file") && what.contains("secrets.key"), "{what}");
    fs::write(&key, &right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(look().0, 0);

    fs::set_permissions(instance.path().join("data"), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(state(&look().1, "data_directory"), "warning");
    // It is a warning that nothing runs, no error: so it is before the first start.
    assert!(instance.stop().success());
    let (code, findings) = doctor(instance.path(), &["--internal-bind", &internal]);
    assert_eq!((code, state(&findings, "server"), state(&findings, "database")), (0, "warning", "warning"));
}

#[test]
fn what_is_wrong_before_there_is_an_instance() {
    let directory = tempfile::tempdir().unwrap();
    let (code, findings) = doctor(directory.path(), &["--concurrency", "many"]);
    assert_eq!((code, state(&findings, "configuration")), (1, "error"));
    assert!(found(&findings, "configuration")["what"].as_str().unwrap().contains("`concurrency`"));

    // Nobody is there, and nothing comes into being.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolver = silent.local_addr().unwrap().to_string();
    let names = ["--host", "cloud.example.com", "--base-domain", "apps.example.com", "--dns-resolvers", &resolver];
    let (code, findings) = doctor(directory.path(), &[&names[..], &["--internal-bind", "127.0.0.1:1"]].concat());
    assert_eq!(code, 0, "{findings:#?}");
    for check in ["names", "data_directory", "database", "secrets", "resolver", "server"] {
        assert_eq!(state(&findings, check), "warning", "{check}: {findings:#?}");
    }
    assert!(found(&findings, "resolver")["what"].as_str().unwrap().contains(&resolver));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "looking changes nothing");

    let url = "postgres://nobody@127.0.0.1:1/none";
    let (code, findings) = doctor(directory.path(), &["--database-url", url]);
    assert_eq!((code, state(&findings, "database")), (1, "error"));
    // For people, with the same end.
    let output = program(directory.path()).args(["doctor", "--database-url", url]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && text.contains("ERROR   database: the database can't be reached"), "{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("found something wrong"));

    // A start says what the names come to, without being asked.
    let told = |base: &str| {
        let names = ["--host", "cloud.example.com", "--base-domain", base, "--database-url", url];
        let output =
            program(directory.path()).args(["serve", "--bind", "127.0.0.1:0", "--internal-bind", "127.0.0.1:0"]).args(names).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert!(told("apps.example.com").contains("warning: the instance (cloud.example.com) and the apps (*.apps.example.com) share"));
    assert!(!told("example.net").contains("warning"));
}
