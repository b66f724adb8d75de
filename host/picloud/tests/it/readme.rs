//! The commands of the README, run as they are written there, in one shell.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::instance::{Instance, PASSWORD, free_port};

/// What its commands print, in this order, with other lines in between.
const PRINTED: &[&str] = &[
    // picloud init, and under picloud dev.
    "scripts/hello.rhai",
    "Hello, Ada!",
    "Good morning, Ada!",
    // Deployed, changed, and back.
    "http://shop.localhost:",
    "Good morning, Ada!",
    "Good evening, Ada!",
    "Good morning, Ada!",
    "OUTCOME",
    "greeting",
    // By HTTP.
    "\"slug\":\"store\"",
    "\"path\":\"/greet/:name\"",
    "{\"got\":{\"cart\":[1,2,3]},\"lang\":\"en\",\"message\":\"Hello, Ada!\"}",
    "\"host\":\"store.example.com\"",
    "Hello, Grace!",
    "let x = ;",
    "Good morning, Ada!",
    "\"number\":2",
    "Hello, Ada!",
    "\"outcome\":\"ok\"",
    "greeting Grace",
];

/// The blocks of commands from one heading to another.
fn blocks(text: &str) -> Vec<&str> {
    let part = &text[text.find("\n## Five minutes\n").unwrap()..text.find("\n## A script\n").unwrap()];
    part.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0).collect()
}

/// The same, with the ports of this test; what a person does besides (another terminal, typing a password, looking) is added.
fn script(blocks: &[&str], instance: &Instance, dev_port: u16) -> String {
    let mut script = "set -e\n".to_owned();
    let mut saves = 1;
    for line in blocks.iter().flat_map(|block| block.lines()) {
        let line = line
            .replace("localhost:8080", &format!("localhost:{}", instance.port))
            .replace("localhost:8787", &format!("localhost:{dev_port}"));
        match line.as_str() {
            "make run" => {}
            line if line.starts_with("PATH=") => {}
            "picloud dev" => {
                script += &format!("picloud dev --port {dev_port} > ../dev.log 2>&1 & dev=$!\ntrap 'kill $dev; wait $dev' EXIT\n");
                script += "until grep -q 'your app' ../dev.log; do kill -0 $dev; sleep 0.05; done\n";
            }
            "password='...'" => script += &format!("password='{PASSWORD}'\n"),
            line if line.starts_with("picloud login") => script += &format!("{line} --password-stdin <<< '{PASSWORD}'\n"),
            line => script += &format!("{line}\n"),
        }
        if line.starts_with("sed -i") {
            saves += 1;
            script += &format!("until grep -q 'live as number {saves}' ../dev.log; do kill -0 $dev; sleep 0.05; done\n");
        }
        // A row is written within a second.
        if line.contains("localhost:") && line.starts_with("curl") {
            script += "sleep 1; echo\n";
        }
    }
    script
}

#[test]
fn the_first_minutes_are_as_the_readme_says() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let blocks = blocks(&text);
    assert!(blocks.len() > 10 && blocks[0] == "make run\n", "{blocks:?}");
    let instance = Instance::start();
    let home = tempfile::tempdir().unwrap();
    // PostgreSQL's user has to enter when the tests run as root.
    fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_picloud")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let mut command = Command::new("bash");
    command.args(["-c", &script(&blocks, &instance, free_port())]).current_dir(home.path()).env_clear();
    command.env("PATH", path).env("HOME", home.path()).env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let log = fs::read_to_string(home.path().join("dev.log")).unwrap_or_default();
    assert!(output.status.success(), "{out}\n{err}\n{log}");
    let mut rest = &*out;
    for text in PRINTED {
        let at = rest.find(text).unwrap_or_else(|| panic!("`{text}` does not come in:\n{rest}\nof\n{out}\n{err}\n{log}"));
        rest = &rest[at + text.len()..];
    }
    assert!(log.contains("/greet/Ada") && log.contains("fuel"), "{log}");
}
