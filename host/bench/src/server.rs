//! PiCloud itself, as a user starts it, with a private database in a directory of the benchmark's.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use crate::http::Client;

/// Where the program under measurement listens.
pub(crate) const ADDRESS: &str = "127.0.0.1:18080";
const INTERNAL_ADDRESS: &str = "127.0.0.1:19180";
const PASSWORD: &str = "only for the benchmark";
const READY_AFTER_MAX: Duration = Duration::from_secs(120);

/// A running `picloud serve`.
pub(crate) struct Server {
    child: Child,
    pub(crate) pid: u32,
    /// From the start of the process until `/readyz` said 200.
    pub(crate) ready_after: Duration,
}

/// Where the server's output goes.
const LOG: &str = "target/bench/server.log";

/// An empty data directory, where PostgreSQL's user can enter even if the clone is in a private directory.
pub(crate) fn fresh_data_dir() -> Result<PathBuf> {
    let path = std::env::temp_dir().join("picloud-bench");
    remove_data_dir(&path)?;
    std::fs::create_dir(&path)?;
    Ok(path)
}

/// Removes it, if it is there.
pub(crate) fn remove_data_dir(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).with_context(|| format!("removing {}", path.display())),
        _ => Ok(()),
    }
}

impl Server {
    pub(crate) async fn start(data_dir: &Path) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("picloud");
        let log = std::fs::File::create(LOG).with_context(|| format!("creating {LOG}"))?;
        let started = Instant::now();
        let child = Command::new(&program)
            .args(["serve", "--bind", ADDRESS, "--internal-bind", INTERNAL_ADDRESS])
            .env("PICLOUD_DATA_DIR", data_dir)
            .env("PICLOUD_ADMIN_USERNAME", "owner")
            .env("PICLOUD_ADMIN_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let pid = child.id().context("the server has a process id")?;
        let mut server = Self { child, pid, ready_after: Duration::ZERO };
        server.wait_until_ready(started).await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self, started: Instant) -> Result<()> {
        let client = Client::new(INTERNAL_ADDRESS);
        loop {
            if client.get("/readyz", "localhost").await.is_ok_and(|answer| answer.status == 200) {
                self.ready_after = started.elapsed();
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}; its output is in {LOG}");
            }
            if started.elapsed() > READY_AFTER_MAX {
                bail!("the server was not ready after {READY_AFTER_MAX:?}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends it as a user does, so that the next start finds a database that was shut down.
    pub(crate) async fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.pid.to_string()).status().await?;
        self.child.wait().await?;
        Ok(())
    }

    /// An administrator's session and key.
    pub(crate) async fn api(&self) -> Result<Client> {
        let client = Client::new(ADDRESS);
        client.log_in("owner", PASSWORD).await
    }
}
