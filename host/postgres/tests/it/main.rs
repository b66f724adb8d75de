//! The supervisor against real servers. Needs an installed PostgreSQL with `psql`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod life;
mod places;
mod recovery;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use postgres::{Durability, Server, Settings};
use tempfile::TempDir;

/// A directory that the server's user can enter even when the tests run as root.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn settings(parent: &Path) -> Settings {
    Settings {
        directory: parent.join("postgres"),
        fallback_parent: parent.join("fallback"),
        search_path: None,
        database: "test".into(),
        durability: Durability::Test,
        connections_max: 10,
    }
}

async fn start(settings: &Settings) -> Server {
    Server::start(settings, |_| ()).await.unwrap()
}

/// The first column of the first row.
fn query(url: &str, sql: &str) -> String {
    let output = psql(url, sql);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn psql(url: &str, sql: &str) -> Output {
    Command::new("psql").args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]).output().unwrap()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
