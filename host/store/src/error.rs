//! What a store call can fail with. It knows nothing of HTTP: the control plane maps each case to a problem.

use crate::{
    failures,
    ids::{RouteId, ScriptId},
};

/// A failed call. "Not found" of a look-up is not an error but `Ok(None)`.
#[expect(clippy::error_impl_error, reason = "read as `store::Error`, the one error of this crate")]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached, was too slow, or refused the connection. Worth another try later.
    #[error("{operation}: the database is unavailable")]
    Unavailable {
        operation: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// The database refused a statement for a reason that no caller can act on: a defect of PiCloud or a damaged row.
    #[error("{operation}: the database refused")]
    Database {
        operation: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// A name that must be unique is taken.
    #[error("the {what} `{name}` exists already")]
    Duplicate { what: Thing, name: String },
    /// An app of this slug was deleted lately, by somebody else.
    #[error("the slug `{slug}` belonged to an app that was deleted; until {until} only whoever deleted it can use it again")]
    SlugKept { slug: String, until: jiff::Timestamp },
    /// Another route would answer the same requests.
    #[error("route {other} answers the same requests: {method} {host}{path}",
        method = method.as_deref().unwrap_or("any method"), host = host.as_deref().unwrap_or("any host"))]
    RouteConflict {
        /// The route that is there already, with its method, host and path as they were given.
        other: RouteId,
        method: Option<String>,
        host: Option<String>,
        path: String,
    },
    /// A change names a script or route that the active deployment does not have.
    #[error("the app has no {what} `{name}`")]
    Missing { what: Thing, name: String },
    /// The thing is no longer what the caller saw (`If-Match`).
    #[error("the {what} was changed in the meantime; its revision is now `{revision}`")]
    Changed { what: Thing, revision: Revision },
    /// Another deployment is active than the caller saw.
    #[error("another deployment was activated in the meantime; number {active} is active now (0: none)")]
    ActiveMoved { active: u32 },
    /// The app would keep more than it may.
    #[error("the app would keep more than its {keys} keys (kv_keys) or {bytes} bytes of keys and values (kv_bytes)")]
    OverQuota { keys: u64, bytes: u64 },
    /// The app would keep more files than it may.
    #[error(
        "the app would keep more than its {files} files (files_count) or {bytes} bytes of files (files_bytes), replaced ones of the last minutes included"
    )]
    OverFileQuota { files: u64, bytes: u64 },
    /// A deployment names an asset whose bytes the app does not have.
    #[error("the bytes of the asset {path} are not there: upload {digest}, then deploy again")]
    AssetNotUploaded { path: String, digest: crate::Digest },
    /// A static route names an asset that its deployment does not have.
    #[error("the static route {route} names {path} as its {field}, but the deployment has no such asset")]
    NoSuchAsset {
        /// Its path.
        route: String,
        /// `fallback` or `not_found`.
        field: &'static str,
        path: String,
    },
    /// The app's deployments would need more bytes of assets than it may keep.
    #[error("the deployments of the app would need more than its {bytes} bytes of assets (assets_bytes), uploads of the last day included")]
    OverAssetQuota { bytes: u64 },
    /// This process has no directory of files: they can be neither written nor read.
    #[error("files of apps are not available: no directory of files was given")]
    NoFiles,
    /// The bytes of a file can't be written or read.
    #[error("the bytes of a file can't be reached")]
    Files {
        #[source]
        source: blobs::Error,
    },
    /// A share of the visitors can't be given to what all of them get.
    #[error("deployment {number} is the active one already")]
    AlreadyActive { number: u32 },
    /// A route names a module, which has nothing that answers.
    #[error("the script {script} is a module and can't answer requests")]
    NotAnEndpoint { script: ScriptId },
    /// There are as many as there may be.
    #[error("there are {max} {what} already, as many as there may be; {advice}")]
    LimitReached { what: &'static str, max: u64, advice: &'static str },
    /// This process has no keys: secrets can be neither set nor read.
    #[error("no master keys were given")]
    NoVault,
    /// A secret, or the key of an app's secrets, can be neither sealed nor opened.
    #[error("secrets: {0}")]
    Sealing(String),
    /// The last active owner can't be made inactive or given a lesser role.
    #[error("this is the last active owner, who can't be made inactive or given a lesser role; make another owner first")]
    LastOwner,
    /// Only an owner makes, changes or invites an owner.
    #[error("only an owner can make, change or invite an owner")]
    OwnerOnly,
    /// Another attempt of the same request, by its idempotency key, has taken over.
    #[error("another attempt of this request is under way")]
    ClaimLost,
    /// A newer PiCloud has taken away what this one uses.
    #[error(
        "the database has schema {found}, made for programs that know {oldest} or newer; this PiCloud knows {known}: start the newer version, or restore \
         a backup from before it"
    )]
    NewerSchema { found: i64, known: i64, oldest: i64 },
    /// The schema could not be brought up to date.
    #[error("{operation}: the schema could not be brought up to date")]
    Migration {
        operation: &'static str,
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The address of the database can't be read.
    #[error("the database URL can't be read: expected postgresql://user@host/name")]
    Url {
        #[source]
        source: sqlx::Error,
    },
}

impl Error {
    /// Names the operation and sorts the driver's error by what the caller can do about it.
    pub(crate) fn sql(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| {
            let is_transient = is_transient(&source);
            failures::count(&source, is_transient);
            if is_transient { Self::Unavailable { operation, source } } else { Self::Database { operation, source } }
        }
    }
}

/// Whether `error` breaks the constraint (or unique index) of this name.
pub(crate) fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some(constraint)
}

/// The SQLSTATE of `error`, if the server sent one.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

/// Whether the same call may succeed later: the server can't be reached, is starting or stopping (57), out of resources (53),
/// read-only, or gave the statement up for its time or for others (timeouts, deadlock, serialisation).
fn is_transient(error: &sqlx::Error) -> bool {
    use sqlx::Error as E;
    match error {
        E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
        E::Database(_) => sqlstate(error).is_some_and(|code| {
            matches!(&code[..2.min(code.len())], "08" | "53" | "57") || matches!(code.as_str(), "25006" | "40001" | "40P01" | "55P03")
        }),
        _ => false,
    }
}

/// Result of a store call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    Admin,
    App,
    Domain,
    EgressRule,
    Job,
    DeadLetter,
    Trigger,
    Schedule,
    Member,
    Script,
    Route,
    Source,
    Deployment,
    /// Of `kv`.
    Key,
    File,
    Split,
    Secret,
    ApiKey,
    Invitation,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Admin => "admin",
            Self::App => "app",
            Self::Domain => "domain",
            Self::EgressRule => "egress rule",
            Self::Job => "job",
            Self::DeadLetter => "dead letter",
            Self::Trigger => "trigger",
            Self::Schedule => "schedule",
            Self::Member => "member",
            Self::Script => "script",
            Self::Route => "route",
            Self::Source => "source",
            Self::Deployment => "deployment",
            Self::Key => "key",
            Self::File => "file",
            Self::Split => "split",
            Self::Secret => "secret",
            Self::ApiKey => "API key",
            Self::Invitation => "invitation",
        })
    }
}

/// Names one state of a thing: equal revisions mean equal content. The value of `ETag`, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision(pub(crate) String);

impl Revision {
    /// The text of what is not there.
    pub const ABSENT: &str = "none";

    /// The text that a client sent back.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Of the fields that make the content; each is delimited, so that no two contents read alike.
    pub(crate) fn of(fields: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
            bytes.extend_from_slice(field);
        }
        Self(crate::Digest::of(&bytes).to_string().split_off(32))
    }

    /// Of everything that the debugging text of a row shows: all its fields.
    pub(crate) fn of_row(row: &impl std::fmt::Debug) -> Self {
        Self::of(&[format!("{row:?}").as_bytes()])
    }

    /// Compares the present revision with what the caller saw, if he said so.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub(crate) fn check(self, what: Thing, expected: Option<&Self>) -> Result<()> {
        match expected {
            Some(expected) if *expected != self => Err(Error::Changed { what, revision: self }),
            _ => Ok(()),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
