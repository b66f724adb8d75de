//! The cluster: made once, whole or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    Durability, Settings,
    binaries::Binaries,
    configuration,
    error::{FileContext, ServerError},
    place::Place,
    postmaster,
};

/// Whether there is no cluster yet.
pub(crate) fn is_missing(place: &Place) -> bool {
    !place.data().join("PG_VERSION").exists()
}

/// The major version that made the cluster, and where it is; `None` if there is no cluster.
pub(crate) fn major_version(place: &Place) -> Result<Option<(PathBuf, String)>, ServerError> {
    if is_missing(place) {
        return Ok(None);
    }
    let file = place.data().join("PG_VERSION");
    let text = fs::read_to_string(&file).context("read", &file)?;
    Ok(Some((place.data(), text.trim().to_owned())))
}

/// Makes a cluster with one database. It is made beside its place and then renamed, so that one that was interrupted is
/// never taken for a whole one.
pub(crate) async fn make(place: &Place, binaries: &Binaries, settings: &Settings) -> Result<(), ServerError> {
    let unfinished = place.home.join("data.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context("remove", &unfinished)?;
    }
    initdb(place, binaries, settings, &unfinished).await?;
    configuration::write_once(place, &unfinished)?;
    fs::write(unfinished.join("defaults.conf"), "").context("write", unfinished.join("defaults.conf"))?;
    create_database(place, binaries, settings, &unfinished).await?;
    fs::rename(&unfinished, place.data()).context("rename to its final name", &unfinished)
}

async fn initdb(place: &Place, binaries: &Binaries, settings: &Settings, data: &Path) -> Result<(), ServerError> {
    let mut command = postmaster::command(&binaries.initdb(), place);
    command.arg("--pgdata").arg(data).args(["--username", &settings.database, "--encoding=UTF8", "--locale=C.UTF-8"]);
    command.args(["--auth-local=peer", "--auth-host=reject", "--data-checksums", "--no-instructions"]);
    if settings.durability == Durability::Test {
        command.arg("--no-sync");
    }
    finish(binaries.initdb(), command, "").await
}

/// By the server's single-user mode, which needs neither a client nor a running server.
async fn create_database(place: &Place, binaries: &Binaries, settings: &Settings, data: &Path) -> Result<(), ServerError> {
    let mut command = postmaster::command(&binaries.postgres(), place);
    command.args(["--single", "-j", "-D"]).arg(data).args(["-c", "log_min_messages=warning", "postgres"]);
    // `settings.check` has made sure that the name needs no quotes.
    finish(binaries.postgres(), command, &format!("create database {};\n\n", settings.database)).await
}

/// Runs a command to its end with `input`; its output is only for the error.
async fn finish(program: PathBuf, mut command: Command, input: &str) -> Result<(), ServerError> {
    let run_error = |source| ServerError::Run { program: program.clone(), source };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(run_error)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early has closed its input; what it printed says why.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(run_error)?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Single-user mode reports a failed statement but ends with success.
    if output.status.success() && !text.contains("ERROR:") {
        return Ok(());
    }
    Err(ServerError::Failed { program, status: output.status.to_string(), output: text.trim().to_owned() })
}
