//! A PostgreSQL for tests: fast, and its data worthless.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use postgres::{Durability, Server, Settings};

use crate::shell;

/// Runs `work` with the URL of a server, and stops the server afterwards, also on Ctrl-C.
pub(crate) fn with<T>(workspace: &Path, work: impl FnOnce(&str) -> Result<T> + Send + 'static) -> Result<T>
where
    T: Send + 'static,
{
    let directory = shell::target(workspace).join("test-postgres");
    forget_what_is_gone(&directory)?;
    let settings = Settings {
        directory,
        // A clone that the server's user can't enter.
        fallback_parent: std::env::temp_dir().join("picloud-test"),
        search_path: std::env::var_os("PATH"),
        database: "test".into(),
        durability: Durability::Test,
        connections_max: 200,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let server = Server::start(&settings, |step| eprintln!("{step}")).await?;
        let url = server.url().to_owned();
        let result = tokio::select! {
            result = tokio::task::spawn_blocking(move || work(&url)) => result.context("the task stopped")?,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        };
        server.stop().await?;
        result
    })
}

/// Test data elsewhere that somebody has cleaned away is no loss: start anew.
fn forget_what_is_gone(directory: &Path) -> Result<()> {
    let Ok(pointer) = fs::read_to_string(directory.join("location")) else { return Ok(()) };
    if !PathBuf::from(pointer.trim_end()).is_dir() {
        fs::remove_dir_all(directory).with_context(|| format!("removing {}", directory.display()))?;
    }
    Ok(())
}
