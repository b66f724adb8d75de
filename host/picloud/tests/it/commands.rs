//! What the program says before it serves.

use std::{fs, process::Output};

use crate::instance::program;

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    program(directory.path()).args(arguments).envs(variables.iter().copied()).current_dir(directory.path()).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_value_names_its_key_wherever_it_comes_from() {
    for (arguments, variables) in [
        (&["config", "check", "--concurrency", "many"][..], &[][..]),
        (&["config", "check"], &[("PICLOUD_CONCURRENCY", "many")]),
        (&["serve", "--concurrency", "0"], &[]),
    ] {
        let output = run(arguments, variables);
        assert!(!output.status.success());
        let text = errors(&output);
        assert!(text.contains("`concurrency`") && text.contains("PICLOUD_CONCURRENCY") && text.contains("1 to 1000"), "{text}");
    }
}

#[test]
fn a_misspelt_variable_or_key_is_found() {
    let output = run(&["config", "check"], &[("PICLOUD_BIMD", "x")]);
    assert!(!output.status.success() && errors(&output).contains("PICLOUD_BIMD"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("picloud.toml");
    fs::write(&file, "bimd = 'x'\n").unwrap();
    let output = program(directory.path()).args(["config", "check", "--config"]).arg(&file).output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("bimd"), "{}", errors(&output));
}

#[test]
fn check_shows_what_the_configuration_comes_to_but_no_secret() {
    let output = run(&["config", "check"], &[("PICLOUD_BIND", "127.0.0.1:9"), ("PICLOUD_DATABASE_URL", "postgres://u:hunter2@h/d")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("127.0.0.1:9") && text.contains("external"), "{text}");
    assert!(!text.contains("hunter2"));
}

#[test]
fn check_shows_and_checks_what_scripts_may_call() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("picloud.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        program(directory.path()).args(["config", "check", "--config"]).arg(&file).output().unwrap()
    };
    let output = check("[egress]\nallow_private = ['10.1.0.0/16:8080']\ndeny = ['evil.example']\n");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("opened  10.1.0.0/16:8080") && text.contains("denied  evil.example"), "{text}");
    let output = check("[egress]\nallow_private = ['10.0.0.0']\nallow = []\n");
    assert!(!output.status.success() && errors(&output).contains("allow_private"), "{}", errors(&output));
    let output = check("[egress]\nallow_private = ['::/0']\n");
    assert!(!output.status.success() && errors(&output).contains("egress.allow_private"), "{}", errors(&output));
}

#[test]
fn s_3_5_ceilings_of_limits_are_checked_and_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("picloud.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        program(directory.path()).args(["config", "check", "--config"]).arg(&file).output().unwrap()
    };
    let output = check("[limits]\nconcurrency = 16\nfuel = 2_000_000_000\n");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("limits         concurrency 16, fuel 2000000000\n"), "{text}");
    for (text, told) in [("[limits]\nconcurrency = 5000\n", "from 1 to 1000 executions"), ("[limits]\nfule = 1\n", "`fule`")] {
        let output = check(text);
        assert!(!output.status.success() && errors(&output).contains(told), "{}", errors(&output));
    }
}

#[test]
fn version_names_every_surface() {
    let text = String::from_utf8(run(&["version"], &[]).stdout).unwrap();
    for surface in ["picloud", "api", "schema", "script-sdk"] {
        assert!(text.contains(surface), "{text}");
    }
}

#[test]
fn an_address_in_use_is_reported_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["serve", "--bind", &address], &[]);
    let text = errors(&output);
    assert!(!output.status.success() && text.contains(&address) && text.contains("in use"), "{text}");
}
