//! A PostgreSQL server of one's own: found, made, started, supervised, stopped and recovered.
//!
//! Owns a cluster inside one directory that nobody else uses. The server listens on a Unix socket only, in a directory that
//! other users can't enter, and runs as an unprivileged user even when this process is root. A server that outlived its
//! supervisor (`kill -9`) is stopped before a new one starts, one that dies is started again.
//!
//! Deliberately absent: SQL, migrations, and any knowledge of the program whose data it keeps. The cluster that the
//! operating system's package made is neither used nor touched.
//!
//! Reading order: [`Server::start`] below, then `place` (which directory, which user), `binaries`, `cluster` (made once),
//! `postmaster` (one process), `supervise` (its successors).

mod binaries;
mod cluster;
mod configuration;
mod error;
mod leftover;
mod lock;
mod place;
mod postmaster;
mod server_user;
mod supervise;

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

pub use error::ServerError;
pub use supervise::State;
use tokio::sync::watch;

/// What the owner of a private server decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where cluster, socket and lock go; made if absent. Nothing else may be kept here.
    pub directory: PathBuf,
    /// Where the files go instead, in a directory of their own, when this process is root and the server's user can't reach
    /// `directory`. A pointer to them stays in `directory`.
    pub fallback_parent: PathBuf,
    /// The value of `PATH`: looked through before the usual places of packages.
    pub search_path: Option<OsString>,
    /// Name of the database and of its superuser: lower-case letters, digits and `_`, at most 63.
    pub database: String,
    /// Whether data survives a loss of power.
    pub durability: Durability,
    /// Connections the server accepts, 5 to 500.
    pub connections_max: u16,
}

/// Whether data survives a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on the disk before it is acknowledged.
    Full,
    /// Nothing is forced to the disk: for tests, whose data nobody misses.
    Test,
}

/// A running, supervised server. Dropping it asks the server to stop; [`Server::stop`] also waits until it has.
#[derive(Debug)]
pub struct Server {
    url: String,
    data: PathBuf,
    socket: PathBuf,
    supervisor: supervise::Supervisor,
    // Last, so that the directory is free only after the supervisor is gone.
    _lock: lock::Lock,
}

impl Server {
    /// Finds the programs, makes the cluster if there is none, stops a leftover server, starts one and supervises it.
    /// `progress` gets a sentence for a person before each step that takes long.
    ///
    /// Must be called inside a tokio runtime with time and io enabled; the supervisor is a task of it.
    ///
    /// # Errors
    /// [`ServerError`] says which step failed and what to do about it.
    pub async fn start(settings: &Settings, progress: fn(&str)) -> Result<Self, ServerError> {
        settings.check()?;
        let place = place::prepare(settings, progress)?;
        let lock = lock::Lock::take(&place.lock_file())?;
        leftover::stop(&place, progress).await?;
        let binaries = binaries::find(settings.search_path.as_deref(), cluster::major_version(&place)?)?;
        if cluster::is_missing(&place) {
            progress("Making a private PostgreSQL database (once, a few seconds).");
            cluster::make(&place, &binaries, settings).await?;
        }
        configuration::write(&place, settings)?;
        let launch = postmaster::Launch::new(&place, &binaries);
        let supervisor = supervise::start(launch).await?;
        Ok(Self { url: url(settings, &place.socket), data: place.data(), socket: place.socket, supervisor, _lock: lock })
    }

    /// A connection string for libpq and for drivers that read the same form.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The cluster's data directory.
    #[must_use]
    pub fn data_directory(&self) -> &Path {
        &self.data
    }

    /// The directory of the Unix socket: `psql -h <this>`.
    #[must_use]
    pub fn socket_directory(&self) -> &Path {
        &self.socket
    }

    /// The state of the server process and its changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.supervisor.state()
    }

    /// Ends all sessions, writes a checkpoint and waits until the server is gone.
    ///
    /// # Errors
    /// [`ServerError::Stop`] if the process could not be signalled or waited for.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.supervisor.stop().await
    }
}

/// The connection string of the server that another process supervises in `settings.directory`; `None` if no process does. For a
/// command that is run beside a program and needs its data.
///
/// # Errors
/// [`ServerError`]: the directory can't be used.
pub fn running(settings: &Settings) -> Result<Option<String>, ServerError> {
    settings.check()?;
    let place = place::prepare(settings, |_| ())?;
    match lock::Lock::take(&place.lock_file()) {
        Ok(_free_again) => Ok(None),
        Err(ServerError::InUse { .. }) => Ok(Some(url(settings, &place.socket))),
        Err(other) => Err(other),
    }
}

/// The client program of this name (`pg_dump`, `pg_restore`) that fits a server of this major version: no older one, and otherwise the oldest, since what a
/// newer one writes an older server may not understand. `search_path` is the value of `PATH`.
///
/// # Errors
/// [`ServerError::ProgramMissing`].
pub fn program(name: &str, search_path: Option<&OsStr>, major: u32) -> Result<PathBuf, ServerError> {
    binaries::program(name, search_path, major)
}

impl Settings {
    fn check(&self) -> Result<(), ServerError> {
        let name = self.database.as_bytes();
        let starts_well = name.first().is_some_and(|first| first.is_ascii_lowercase() || *first == b'_');
        let rest_is_well = name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_');
        if !starts_well || !rest_is_well || name.len() > 63 {
            return Err(ServerError::Setting {
                name: "database",
                expected: "at most 63 lower-case letters, digits and `_`, no digit first",
            });
        }
        if !(5..=500).contains(&self.connections_max) {
            return Err(ServerError::Setting { name: "connections_max", expected: "a number from 5 to 500" });
        }
        Ok(())
    }
}

/// The user is the database's superuser; the socket is named as a parameter, since a path can't be a URL's host.
fn url(settings: &Settings, socket: &Path) -> String {
    use std::{fmt::Write as _, os::unix::ffi::OsStrExt as _};
    let database = &settings.database;
    let mut url = format!("postgres://{database}@localhost/{database}?host=");
    for byte in socket.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            url.push(char::from(*byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn settings(database: &str) -> Settings {
        Settings {
            directory: PathBuf::from("/nowhere"),
            fallback_parent: PathBuf::from("/nowhere-else"),
            search_path: None,
            database: database.into(),
            durability: Durability::Test,
            connections_max: 10,
        }
    }

    #[test]
    fn a_socket_path_is_escaped_in_the_url() {
        let url = url(&settings("data"), Path::new("/srv/my files/é/run"));
        assert_eq!(url, "postgres://data@localhost/data?host=/srv/my%20files/%C3%A9/run");
    }

    #[test]
    fn database_names_that_need_quoting_are_refused() {
        settings("data_1").check().unwrap();
        for name in ["", "1data", "Data", "da-ta", "da\"ta", &"d".repeat(64)] {
            assert!(settings(name).check().is_err(), "{name}");
        }
    }
}
