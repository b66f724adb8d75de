//! Whether the process should be sent requests, and its figures.

use std::{sync::Arc, time::Duration};

use manager::Readiness;
use orchestrator::{Orchestrator, Recorder};
use store::Store;
use tokio::{sync::watch, time::timeout};

/// A database that answers later than this does not answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the answer depends on.
pub(crate) struct Ready {
    pub(crate) store: Store,
    pub(crate) orchestrator: Arc<Orchestrator>,
    pub(crate) recorder: Recorder,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Name, kind, what it is, value.
pub(crate) type Figure = (&'static str, &'static str, &'static str, u64);

impl Ready {
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

    /// For the metrics. Nothing in them is the name of anything.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let summary = self.orchestrator.summary();
        let count = |number: usize| number as u64;
        vec![
            ("apps", "gauge", "Apps that are live", count(summary.apps)),
            ("routes", "gauge", "Routes that are live", count(summary.routes)),
            ("scripts", "gauge", "Scripts that are live", count(summary.scripts)),
            ("broken_scripts", "gauge", "Scripts that could not be compiled when they were loaded", count(summary.broken_scripts)),
            ("free_sandboxes", "gauge", "Sandboxes that are free", count(self.orchestrator.free_sandboxes())),
            ("image_bytes", "gauge", "Bytes of all script images", summary.image_bytes),
            ("executions_dropped_total", "counter", "Executions whose row and logs were lost", self.recorder.dropped()),
        ]
    }
}
