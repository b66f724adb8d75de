//! The orderly end (S-9.2): say that no more requests are wanted, finish those that are there, then stop what they needed.

use std::time::Duration;

use anyhow::Context as _;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use crate::{supervisor::Supervisor, telling::tell};

/// How long requests that have begun may take.
pub(crate) const DRAIN: Duration = Duration::from_secs(30);

/// How long the writing of what they left behind may take.
const LAST_WORK: Duration = Duration::from_secs(10);

/// The signals that end the program. Made before anything is started, so that none is missed.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for Ctrl-C or SIGTERM.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

/// Tells every part that the end has begun, and remembers it.
pub(crate) struct Stopping {
    begun: watch::Sender<bool>,
    supervisor: Supervisor,
}

impl Stopping {
    pub(crate) fn new(supervisor: Supervisor) -> Self {
        Self { begun: watch::Sender::new(false), supervisor }
    }

    /// Becomes true when the end begins.
    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.begun.subscribe()
    }

    pub(crate) fn begin(&self) {
        tell("Stopping: finishing what has begun. Ctrl-C again stops at once.");
        self.supervisor.stopping();
        self.begun.send_replace(true);
    }
}

/// Waits for the last work of a task, but not for ever.
pub(crate) async fn finish(what: &str, task: JoinHandle<()>) {
    if tokio::time::timeout(LAST_WORK, task).await.is_err() {
        tell(&format!("warning: {what} could not be finished within {} s", LAST_WORK.as_secs()));
    }
}

/// Waits until the end begins.
pub(crate) async fn begun(mut stopping: watch::Receiver<bool>) {
    // Without a sender the process is ending anyway.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
