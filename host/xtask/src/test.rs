//! `cargo xtask test`: everything that must hold. CI runs this and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result};

use crate::{check, package, python, run, setup, shell, test_server};

/// Turns of five seconds: a minute.
const SOAK_TURNS: &str = "12";
/// Names of the tests that take their count from the variable, or parts of them.
const LONG_TESTS: [&str; 13] = [
    "many::",
    "fairness::",
    "crashes::",
    "s_2_5_every",
    "s_2_6",
    "s_2_9",
    "s_6_1",
    "s_9_2",
    "s_9_3",
    "s_9_5",
    "transfers::",
    "schemathesis::",
    "random::",
];
/// How many of the slowest are shown.
const SLOWEST: usize = 20;

/// Set-up, checks, guest, build, then all tests against a real PostgreSQL. `filter` goes to the test runner.
pub(crate) fn run(workspace: &Path, filter: &[String]) -> Result<()> {
    let started = Instant::now();
    setup::run(setup::For::Testing)?;
    python::prepare(workspace)?;
    // The executor embeds the guest: it comes before whatever looks at the executor.
    crate::guest::build(workspace)?;
    crate::dashboard::build(workspace)?;
    if filter.is_empty() {
        check::run(workspace)?;
    }
    run::build(workspace)?;
    let owned = workspace.to_owned();
    let filter = filter.to_vec();
    let is_whole = filter.is_empty();
    test_server::with(workspace, move |url| tests(&owned, url, &filter))?;
    if is_whole {
        package::test(workspace)?;
    }
    eprintln!("everything holds; {} s", started.elapsed().as_secs());
    Ok(())
}

/// The long tests at full length, one after the other: before a release, not in CI.
pub(crate) fn soak(workspace: &Path) -> Result<()> {
    setup::run(setup::For::Testing)?;
    python::prepare(workspace)?;
    run::build(workspace)?;
    let owned = workspace.to_owned();
    test_server::with(workspace, move |url| {
        let mut tests = cargo(&owned, url);
        tests.args(["test", "--workspace", "--locked", "--lib", "--test", "it", "--"]).args(LONG_TESTS);
        tests.args(["--nocapture", "--test-threads", "1"]);
        shell::run(tests.env("SOAK_TURNS", SOAK_TURNS))
    })
}

fn tests(workspace: &Path, url: &str, filter: &[String]) -> Result<()> {
    let slowest = if has_nextest(workspace) { by_nextest(workspace, url, filter) } else { by_cargo(workspace, url, filter) };
    let documentation = shell::run(cargo(workspace, url).args(["test", "--workspace", "--doc", "--locked"]).args(filter));
    for (seconds, name) in slowest?.into_iter().take(SLOWEST) {
        eprintln!("{seconds:8.2} s  {name}");
    }
    documentation
}

fn has_nextest(workspace: &Path) -> bool {
    shell::cargo(workspace).args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}

/// Queries were checked against the committed description when they were compiled; the server is for the tests.
fn cargo(workspace: &Path, url: &str) -> Command {
    let mut command = shell::cargo(workspace);
    command.env("DATABASE_URL", url).env("SQLX_OFFLINE", "true");
    command
}

/// Runs the tests and returns their times, slowest first.
fn by_nextest(workspace: &Path, url: &str, filter: &[String]) -> Result<Vec<(f64, String)>> {
    shell::run(cargo(workspace, url).args(["nextest", "run", "--workspace", "--locked"]).args(filter))?;
    let report = shell::target(workspace).join("nextest/default/junit.xml");
    let text = fs::read_to_string(&report).with_context(|| format!("reading {}", report.display()))?;
    Ok(slowest_first(text.split("<testcase ").skip(1).filter_map(test_case)))
}

/// `name="..." classname="..." ... time="..."`, as the runner writes it.
fn test_case(text: &str) -> Option<(f64, String)> {
    let attribute = |name: &str| text.split_once(&format!("{name}=\""))?.1.split('"').next();
    Some((attribute("time")?.parse().ok()?, format!("{} {}", attribute("classname")?, attribute("name")?)))
}

/// Without nextest: one test program after the other, and their times.
fn by_cargo(workspace: &Path, url: &str, filter: &[String]) -> Result<Vec<(f64, String)>> {
    let output = shell::cargo(workspace).args(["test", "--workspace", "--locked", "--no-run", "--message-format", "json"]).output()?;
    anyhow::ensure!(output.status.success(), "the tests do not compile:\n{}", String::from_utf8_lossy(&output.stderr));
    let mut times = Vec::new();
    let mut failed = Vec::new();
    for message in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((program, manifest)) = test_program(message) else { continue };
        let started = Instant::now();
        let mut command = Command::new(&program);
        // Where cargo runs tests: in the folder of their crate.
        command.current_dir(manifest.parent().unwrap_or(workspace)).env("CARGO_MANIFEST_DIR", manifest.parent().unwrap_or(workspace));
        command.env("DATABASE_URL", url).args(filter);
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if shell::run(&mut command).is_err() {
            failed.push(name.clone());
        }
        times.push((started.elapsed().as_secs_f64(), name));
    }
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(slowest_first(times.into_iter()))
}

/// A test program and the manifest of its crate, from a message of cargo.
fn test_program(message: &str) -> Option<(PathBuf, PathBuf)> {
    let value: serde_json::Value = serde_json::from_str(message).ok()?;
    if value["profile"]["test"].as_bool() != Some(true) {
        return None;
    }
    Some((value["executable"].as_str()?.into(), value["manifest_path"].as_str()?.into()))
}

fn slowest_first(times: impl Iterator<Item = (f64, String)>) -> Vec<(f64, String)> {
    let mut times: Vec<_> = times.collect();
    times.sort_by(|left, right| right.0.total_cmp(&left.0));
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_from_the_report_slowest_first() {
        let report = "<testsuite><testcase name=\"a::b\" classname=\"store::it\" timestamp=\"x\" time=\"0.5\"></testcase>\
                      <testcase name=\"c\" classname=\"postgres\" time=\"2.25\"/></testsuite>";
        let times = slowest_first(report.split("<testcase ").skip(1).filter_map(test_case));
        assert_eq!(times, [(2.25, "postgres c".to_owned()), (0.5, "store::it a::b".to_owned())]);
    }

    #[test]
    fn only_test_programs_are_run() {
        let message = r#"{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","profile":{"test":true},"executable":"/t/a-1"}"#;
        assert_eq!(test_program(message), Some(("/t/a-1".into(), "/w/a/Cargo.toml".into())));
        assert_eq!(test_program(&message.replace("true", "false")), None);
        assert_eq!(test_program("not json"), None);
    }
}
