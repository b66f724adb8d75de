//! One server process, from its start to its end.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStderr, Command},
    time::{Instant, sleep, timeout},
};

use crate::{binaries::Binaries, error::ServerError, place::Place, server_user::Change};

/// A recovery after a crash is part of the start: with 512 MB of log it takes a minute on a slow card.
const READY_PATIENCE: Duration = Duration::from_secs(300);
/// Time for the last checkpoint, then for an end without one.
const FAST_PATIENCE: Duration = Duration::from_secs(60);
const IMMEDIATE_PATIENCE: Duration = Duration::from_secs(10);
/// Lines of the server's log that an error shows.
const LINES_KEPT: usize = 20;

/// Everything needed to start the server, again and again.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    place: Place,
    postgres: PathBuf,
}

/// A server process that is a child of this one. Dropping it asks the server to stop.
#[derive(Debug)]
pub(crate) struct Postmaster {
    child: Child,
    lines: LastLines,
}

/// The end of the server's log.
#[derive(Debug, Clone, Default)]
struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl Launch {
    pub(crate) fn new(place: &Place, binaries: &Binaries) -> Self {
        Self { place: place.clone(), postgres: binaries.postgres() }
    }

    /// Starts the server and waits until it accepts connections.
    pub(crate) async fn start(&self) -> Result<Postmaster, ServerError> {
        let data = self.place.data();
        let mut command = command(&self.postgres, &self.place);
        command.arg("-D").arg(&data);
        // On the command line, where no file can undo them: the socket is the only way in.
        command.args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"]);
        command.arg("-c").arg(format!("unix_socket_directories={}", quoted(&self.place.socket)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| ServerError::Run { program: self.postgres.clone(), source })?;
        let lines = LastLines::default();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(forward(stderr, lines.clone()));
        }
        let mut postmaster = Postmaster { child, lines };
        match postmaster.ready(&data).await {
            Ok(()) => Ok(postmaster),
            Err(reason) => Err(ServerError::Start { directory: data, reason, output: postmaster.lines.text() }),
        }
    }
}

impl Postmaster {
    /// The process number, while there is a process.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends all sessions, lets the server write a checkpoint, and waits until the process is gone.
    pub(crate) async fn stop(mut self) -> Result<(), ServerError> {
        for (signal, patience) in [(Signal::INT, FAST_PATIENCE), (Signal::QUIT, IMMEDIATE_PATIENCE), (Signal::KILL, IMMEDIATE_PATIENCE)] {
            let Some(pid) = self.pid() else { return Ok(()) };
            let stop_error = |source| ServerError::Stop { pid: pid.as_raw_nonzero().get(), source };
            kill_process(pid, signal).map_err(|errno| stop_error(errno.into()))?;
            match timeout(patience, self.child.wait()).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(source)) => return Err(stop_error(source)),
                Err(_) => tracing::warn!("PostgreSQL did not stop within {} s", patience.as_secs()),
            }
        }
        let pid = self.pid().map_or(0, |pid| pid.as_raw_nonzero().get());
        Err(ServerError::Stop { pid, source: std::io::ErrorKind::TimedOut.into() })
    }

    /// The server records its state in the eighth line of its pid file.
    async fn ready(&mut self, data: &Path) -> Result<(), String> {
        let pid_file = data.join("postmaster.pid");
        let deadline = Instant::now() + READY_PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                // The last lines of the log may still be on their way.
                sleep(Duration::from_millis(50)).await;
                return Err(format!("the server ended ({status})"));
            }
            let text = fs::read_to_string(&pid_file).unwrap_or_default();
            let mut fields = text.lines();
            let recorded = fields.next().and_then(|line| line.trim().parse().ok());
            if recorded == self.child.id() && fields.nth(6).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Err(format!("it was not ready after {} s", READY_PATIENCE.as_secs()))
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        // Without a runtime nobody can wait, but the server stops by itself when asked.
        if let Some(pid) = self.pid() {
            let _ = kill_process(pid, Signal::INT);
        }
    }
}

impl LastLines {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// A command that runs as the server's user, in its directory, with an empty environment (this process's may hold secrets) and
/// in a process group of its own (Ctrl-C in a terminal must not end the server before its clients).
pub(crate) fn command(program: &Path, place: &Place) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/local/bin:/usr/bin:/bin").env("TZ", "UTC");
    command.current_dir(&place.home).process_group(0);
    if place.user.change == Change::Become {
        command.uid(place.user.uid).gid(place.user.gid);
    }
    command
}

/// Takes the server's log until the server closes it.
async fn forward(stderr: ChildStderr, last: LastLines) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("FATAL:") || line.contains("PANIC:") {
            tracing::warn!(target: "postgres", "{line}");
        } else {
            tracing::debug!(target: "postgres", "{line}");
        }
        last.push(line);
    }
}

/// A path as an item of a list of names in a setting: a comma or a quote would end it.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let lines = LastLines::default();
        for number in 0..LINES_KEPT + 2 {
            lines.push(number.to_string());
        }
        assert!(lines.text().starts_with("2\n3\n"));
        assert!(lines.text().ends_with("\n21"));
    }

    #[test]
    fn a_socket_directory_with_comma_and_quote_is_one_item() {
        assert_eq!(quoted(Path::new("/a,b\"c")), "\"/a,b\"\"c\"");
    }
}
