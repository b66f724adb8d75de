//! The pages for operators: what their commands say is done, against an instance, in the order of the page.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use crate::instance::{Instance, PASSWORD, eventually};

/// The fenced blocks of a page that are commands: `sh`, or a kind of their own if they are to be run elsewhere.
fn commands(page: &str, kind: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while lines.by_ref().any(|line| line.strip_prefix("```") == Some(kind)) {
        blocks.push(lines.by_ref().take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"));
    }
    blocks
}

/// Runs all of a kind in one shell, which ends at the first that fails. Addresses and the key are the instance's; all else is as it stands there.
pub(crate) fn follow(name: &str, kind: &str, instance: &Instance) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operate").join(name);
    let blocks = commands(&fs::read_to_string(&path).unwrap(), kind);
    assert!(!blocks.is_empty(), "{name} has commands in blocks of `{kind}`");
    let numbered = blocks.iter().zip(1..).map(|(block, number)| format!("echo '--- block {number}'\n{block}\n"));
    let script: String = std::iter::once("set -eu\n".to_owned()).chain(numbered).collect();
    let script = script.replace("127.0.0.1:9180", &format!("127.0.0.1:{}", instance.internal_port));
    let script = script.replace("localhost:8080", &format!("localhost:{}", instance.port)).replace("pic_all_...", instance.key());
    let program = Path::new(env!("CARGO_BIN_EXE_picloud"));
    let work = instance.path().join("work");
    fs::create_dir_all(&work).unwrap();
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&work)
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.parent().unwrap().display()))
        .env("PICLOUD_DATA_DIR", instance.path().join("data"))
        .env("PICLOUD_INTERNAL_BIND", format!("127.0.0.1:{}", instance.internal_port))
        .env_remove("PICLOUD_DATABASE_URL")
        .output()
        .unwrap();
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}:\n{said}\n{told}");
    format!("{said}{told}")
}

/// An instance as the pages have it: with the app `shop`, and a secret.
fn shop() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    assert_eq!(instance.admin("PUT", "secrets/TOKEN?app=shop", &json!({ "value": "a value of a secret" })).status, 200);
    instance.script("shop", "hello", "1", "/");
    eventually(|| instance.visit("shop.localhost", "/").status == 200);
    instance
}

#[test]
fn the_page_on_observing_does_what_it_says() {
    let said = follow("observe.md", "sh", &shop());
    for word in ["ready", "picloud_executions_total{", "\"items\"", "ok      database:"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn the_page_on_backups_does_what_it_says() {
    let instance = shop();
    let said = follow("back-up.md", "sh", &instance);
    for word in ["The backup can be restored.", "Restored.", "all secrets open"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(instance.path().join("work/restored/postgres").is_dir());
}

#[test]
fn the_page_on_upgrades_does_what_it_says() {
    let said = follow("upgrade.md", "sh", &shop());
    for word in ["The backup can be restored.", "ok      schema:", "ready", "picloud_ready 1"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn the_page_on_incidents_does_what_it_says() {
    let instance = shop();
    let said = follow("incidents.md", "sh", &instance);
    for word in
        ["picloud_database_up 1", "free_space", "picloud_fuel_total{", "\"concurrency\":1", "app.updated", "The new password of owner"]
    {
        assert!(said.contains(word), "{word} in {said}");
    }
    // The last thing that it does is to take all credentials away.
    assert_eq!(instance.admin("GET", "apps/shop", &serde_json::Value::Null).status, 401);
}
