//! Why there is no server.

use std::{io, path::PathBuf};

/// Each case names the step, the place and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A setting that this crate can't work with: a defect of the caller.
    #[error("the private PostgreSQL's setting `{name}` must be {expected}")]
    Setting { name: &'static str, expected: &'static str },
    /// No PostgreSQL is installed.
    #[error(
        "PostgreSQL is not installed (no `postgres` and `initdb` in PATH or /usr/lib/postgresql). Install it, on Debian or Ubuntu: \
         apt-get install postgresql; on Fedora: dnf install postgresql-server; on Arch: pacman -S postgresql. \
         Or name a server that is already running"
    )]
    NotInstalled,
    /// The cluster was made by a major version whose programs are gone.
    #[error(
        "the database in {} was made by PostgreSQL {needed}, and only {} is installed. Install it again, on Debian: apt-get install postgresql-{needed}",
        directory.display(), found.join(", ")
    )]
    VersionMissing { directory: PathBuf, needed: String, found: Vec<String> },
    /// A client program is not there, or only an older one.
    #[error(
        "{name} of PostgreSQL {needed} or newer is not installed (neither in PATH nor in /usr/lib/postgresql). Install it, on Debian or Ubuntu: \
         apt-get install postgresql-client-{needed}; on Fedora: dnf install postgresql; on Arch: pacman -S postgresql"
    )]
    ProgramMissing { name: String, needed: u32 },
    /// Another process supervises this directory.
    #[error("{} is in use by another running process; stop it first, or use another data directory", directory.display())]
    InUse { directory: PathBuf },
    /// The pointer names a directory that is gone.
    #[error(
        "{} says that the database is in {}, which does not exist. Bring it back, or remove the pointer file to start with an empty database",
        pointer.display(), target.display()
    )]
    Dangling { pointer: PathBuf, target: PathBuf },
    /// Root, and no user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither a user `postgres` nor `nobody`; add one: useradd --system postgres"
    )]
    NoUser,
    /// A file operation.
    #[error("could not {operation} {}", path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    /// A program could not be started at all.
    #[error("could not run {}", program.display())]
    Run { program: PathBuf, source: io::Error },
    /// A program ran and failed.
    #[error("{} failed ({status}):\n{output}", program.display())]
    Failed { program: PathBuf, status: String, output: String },
    /// The server ended, or did not get ready in time.
    #[error("PostgreSQL did not start in {}: {reason}\n{output}", directory.display())]
    Start { directory: PathBuf, reason: String, output: String },
    /// A server from an earlier start is still there.
    #[error("an earlier PostgreSQL (process {pid}) still runs in {} and can't be stopped; end it: kill -INT {pid}", directory.display())]
    Leftover { directory: PathBuf, pid: i32 },
    /// The server could not be stopped.
    #[error("could not stop PostgreSQL (process {pid})")]
    Stop { pid: i32, source: io::Error },
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random { source: getrandom::Error },
}

/// Adds operation and path to what the file system answered.
pub(crate) trait FileContext<T> {
    fn context(self, operation: &'static str, path: impl Into<PathBuf>) -> Result<T, ServerError>;
}

impl<T, E: Into<io::Error>> FileContext<T> for Result<T, E> {
    fn context(self, operation: &'static str, path: impl Into<PathBuf>) -> Result<T, ServerError> {
        self.map_err(|source| ServerError::File { operation, path: path.into(), source: source.into() })
    }
}
