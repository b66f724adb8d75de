//! Whether the process should be sent requests.

use std::{sync::Arc, time::Duration};

use executor::Executor;
use manager::Readiness;
use orchestrator::{Orchestrator, Recorder, telemetry::Telemetry};
use store::Store;
use tokio::{sync::watch, time::timeout};

/// A database that answers later than this does not answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// What the answer depends on.
pub(crate) struct Ready {
    pub(crate) store: Store,
    pub(crate) orchestrator: Arc<Orchestrator>,
    pub(crate) recorder: Recorder,
    pub(crate) telemetry: Telemetry,
    pub(crate) executor: Arc<Executor>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Ready {
    /// Whether requests may be sent here, whatever the database does.
    pub(crate) fn takes_requests(&self) -> bool {
        !*self.stopping.borrow() && self.orchestrator.is_ready()
    }

    /// The state of the process, as of now.
    pub(crate) async fn check(&self) -> Readiness {
        if *self.stopping.borrow() {
            return Readiness::NotReady("the process is stopping".into());
        }
        if !self.orchestrator.is_ready() {
            return Readiness::NotReady("the scripts are being loaded".into());
        }
        match timeout(PATIENCE, self.store.ping()).await {
            Ok(Ok(())) => Readiness::Ready,
            Ok(Err(_)) | Err(_) => Readiness::Degraded("the database does not answer; apps are served from memory".into()),
        }
    }
}
