//! Servers and supervisors that are killed.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use postgres::{Durability, Settings, State};
use rustix::process::{Pid, Signal, kill_process};

use crate::{directory, query, settings, start};

#[tokio::test]
async fn a_killed_server_is_started_again() {
    let parent = directory();
    let server = start(&Settings { durability: Durability::Full, ..settings(parent.path()) }).await;
    query(server.url(), "create table kept as select 7 as number");
    let mut state = server.state();
    let State::Running { pid, .. } = *state.borrow_and_update() else { unreachable!("it has just been started") };
    kill(pid);
    state.wait_for(|state| matches!(state, State::Running { restarts: 1, .. })).await.unwrap();
    assert_eq!(query(server.url(), "select number from kept"), "7");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_outlived_its_supervisor_is_replaced() {
    let parent = directory();
    let settings = settings(parent.path());
    let mut supervisor = supervisor(&settings.directory);
    let url = url(&settings.directory);
    query(&url, "create table kept as select 7 as number");
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    assert_eq!(query(&url, "select number from kept"), "7", "the server lives on");

    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select number from kept"), "7");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn both_killed_at_once() {
    let parent = directory();
    let settings = settings(parent.path());
    let mut supervisor = supervisor(&settings.directory);
    query(&url(&settings.directory), "create table kept as select 7 as number");
    let pid_file = fs::read_to_string(settings.directory.join("data/postmaster.pid")).unwrap();
    supervisor.kill().unwrap();
    kill(pid_file.lines().next().unwrap().parse().unwrap());
    supervisor.wait().unwrap();

    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select number from kept"), "7");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_recorded_number_that_now_belongs_to_somebody_else() {
    let parent = directory();
    let settings = settings(parent.path());
    start(&settings).await.stop().await.unwrap();
    // This very process: alive, and not a server.
    fs::write(settings.directory.join("data/postmaster.pid"), format!("{}\n/somewhere\n", std::process::id())).unwrap();
    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select 1"), "1");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_behind() {
    let parent = directory();
    let settings = settings(parent.path());
    fs::create_dir_all(settings.directory.join("data.unfinished")).unwrap();
    fs::write(settings.directory.join("data.unfinished/PG_VERSION"), "15\n").unwrap();
    let server = start(&settings).await;
    assert_eq!(query(server.url(), "select 1"), "1");
    server.stop().await.unwrap();
}

/// Another process that supervises a server in `directory`, which runs when this returns.
fn supervisor(directory: &Path) -> Child {
    let program = env!("CARGO_BIN_EXE_postgres-test-supervisor");
    let mut child = Command::new(program).arg(directory).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

fn url(directory: &Path) -> String {
    format!("postgres://test@localhost/test?host={}", directory.join("run").display())
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}
