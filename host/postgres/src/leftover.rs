//! A server that outlived its supervisor, and the files that one left behind.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::{
    error::{FileContext, ServerError},
    place::Place,
};

/// How long an earlier server may take to write its last checkpoint, and then to end at once.
const FAST: Duration = Duration::from_secs(60);
const IMMEDIATE: Duration = Duration::from_secs(10);

/// Stops an earlier server, if one runs in this cluster, and removes what would keep a new one from starting. Only called with
/// the lock held: no other supervisor is concerned.
pub(crate) async fn stop(place: &Place, progress: fn(&str)) -> Result<(), ServerError> {
    let data = place.data();
    let pid_file = data.join("postmaster.pid");
    let Some(pid) = recorded_pid(&pid_file) else { return Ok(()) };
    if runs_in(pid, &data) {
        progress("Stopping the PostgreSQL of an earlier start, which did not end in order.");
        end(pid, &data).await?;
    }
    // SCAR: after a restart of the machine or container another process may have the recorded number; a server of the same
    // user would then refuse to start. Nothing runs here any more, so the files mean nothing.
    for stale in [pid_file, place.socket.join(".s.PGSQL.5432.lock"), place.socket.join(".s.PGSQL.5432")] {
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).context("remove", stale),
            _ => {}
        }
    }
    Ok(())
}

/// The first line of `postmaster.pid`.
fn recorded_pid(file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(file).ok()?;
    // A server in single-user mode records itself with a minus sign.
    let number: i32 = text.lines().next()?.trim().trim_start_matches('-').parse().ok()?;
    Pid::from_raw(number)
}

/// Whether the process is a server of this cluster: servers work inside their data directory.
fn runs_in(pid: Pid, data: &Path) -> bool {
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    let directory = fs::read_link(format!("{process}/cwd")).ok();
    let name = fs::read_to_string(format!("{process}/comm")).unwrap_or_default();
    // Linux marks a directory that is gone, so a cluster that was removed and made again is not mistaken for its predecessor.
    directory.as_deref() == Some(data) && name.trim() == "postgres"
}

async fn end(pid: Pid, data: &Path) -> Result<(), ServerError> {
    // SIGINT: end all sessions, write a checkpoint. SIGQUIT: end at once; the next start recovers from the log.
    for (signal, patience) in [(Signal::INT, FAST), (Signal::QUIT, IMMEDIATE)] {
        // A process that has ended meanwhile can't be signalled, which the loop below finds out.
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !runs_in(pid, data) {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    Err(ServerError::Leftover { directory: data.to_owned(), pid: pid.as_raw_nonzero().get() })
}
