//! Everything a handler can reach.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use execution::Execute;
use jiff::Timestamp;
use store::AdminId;
use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    time::timeout,
};

use crate::{
    DataPlane,
    auth::{cookie::Transport, password::Passwords, throttle::Throttle},
    dashboard::PageFile,
    data_plane::BoxFuture,
    dns::Resolvers,
};

/// Tells the time; a value, so that tests move it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the binary wires up, once per process.
pub struct State {
    /// The database, through the door that asks for proof.
    pub control: store::Control,
    /// Parses scripts before they are deployed. Runs nothing.
    pub executor: Arc<dyn Execute>,
    /// Invocations, route matching, and word of new log lines.
    pub data_plane: Arc<dyn DataPlane>,
    /// Origins of the dashboard, canonical one first (`http://localhost:8080`, then `http://127.0.0.1:8080`, ...). The scheme of the
    /// first decides the session cookie's name and flags.
    pub origins: Vec<String>,
    /// Canonical names of the instance's host, which no app may claim.
    pub instance_hosts: Vec<String>,
    /// Apps answer at `<slug>.<base domain>`; no app may claim what is below it. Without port.
    pub base_domain: String,
    /// Whether claims of domains need a proof.
    pub domain_proof: DomainProof,
    /// Who is asked for the proofs.
    pub resolvers: Resolvers,
    /// The time of everything that is stored or expires.
    pub clock: Clock,
    /// What `/readyz` answers; asked at each call.
    pub readiness: Arc<dyn Fn() -> BoxFuture<'static, Readiness> + Send + Sync>,
    /// What `/version` answers.
    pub versions: Versions,
    /// Hashing, bounded by the number of cores.
    pub passwords: Passwords,
    /// The dashboard, by path.
    pub dashboard: &'static [PageFile],
    /// Counters of failed log-ins.
    pub throttle: Throttle,
    /// Turns at reading the usage of apps.
    pub usage_turns: UsageTurns,
    /// Open log streams.
    pub streams: Streams,
    /// Becomes true when the process begins to stop: streams end then, so that draining does not wait for them.
    pub stopping: watch::Receiver<bool>,
}

impl State {
    /// The present moment, in whole microseconds: what the database keeps, so that an answer says what a later read will say.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = (self.clock)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// What a script that is called by its id sees as the scheme.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.transport() {
            Transport::Https => "https",
            Transport::PlainLocalhost => "http",
        }
    }

    /// How the dashboard is reached.
    pub(crate) fn transport(&self) -> Transport {
        self.origins.first().map_or(Transport::Https, |origin| Transport::of_origin(origin))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("origins", &self.origins).field("base_domain", &self.base_domain).finish_non_exhaustive()
    }
}

/// Whether a claimed domain has to be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainProof {
    /// By a DNS TXT record: the only safe answer where strangers can reach the instance.
    DnsTxt,
    /// Not at all: only where bind address, instance host and base domain are all loopback.
    NotOnLoopback,
}

/// State of the whole process, for load balancers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// Serving goes on from memory; one sentence says what is missing.
    Degraded(String),
    /// Not to be sent requests (starting, or draining); one sentence says why.
    NotReady(String),
}

/// The versions of every surface (docs/versioning.md).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Versions {
    /// PiCloud itself.
    pub product: String,
    /// The admin API.
    pub api: String,
    /// Number of the newest database migration.
    pub schema: i64,
    /// What scripts can call.
    pub script_sdk: String,
    /// SHA-256 of the guest component.
    pub guest: String,
}

/// Log streams that one admin may hold open, over all his sessions and keys.
const STREAMS_PER_ADMIN_MAX: usize = 8;

/// Usage is read by so many at once; others wait, so that looking at charts takes no connection from those who work.
const USAGE_AT_ONCE: usize = 2;
/// How long they wait.
const USAGE_PATIENCE: Duration = Duration::from_secs(10);

/// Who may read a lot of rows now.
#[derive(Debug)]
pub struct UsageTurns(Semaphore);

impl Default for UsageTurns {
    fn default() -> Self {
        Self(Semaphore::new(USAGE_AT_ONCE))
    }
}

impl UsageTurns {
    /// A turn; `None`: there was none for ten seconds.
    pub(crate) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        timeout(USAGE_PATIENCE, self.0.acquire()).await.ok()?.ok()
    }
}

/// Counts open log streams.
#[derive(Debug, Clone, Default)]
pub struct Streams {
    open: Arc<Mutex<HashMap<AdminId, usize>>>,
}

/// One open stream; dropped with it.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    streams: Streams,
    admin: AdminId,
}

impl Streams {
    /// Room for one more stream of this admin, or `None`.
    pub(crate) fn open(&self, admin: AdminId) -> Option<StreamPermit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(admin).or_default();
        if *count >= STREAMS_PER_ADMIN_MAX {
            return None;
        }
        *count += 1;
        Some(StreamPermit { streams: self.clone(), admin })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.admin) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.admin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn usage_is_read_by_two_at_once_and_others_wait() {
        let turns = UsageTurns::default();
        let (first, second) = (turns.take().await, turns.take().await);
        assert!(first.is_some() && second.is_some());
        let mut third = Box::pin(turns.take());
        assert!((&mut third).now_or_never().is_none());
        drop(first);
        assert!(third.await.is_some());
    }
}
