//! What the service manager is told that started the process (systemd, `Type=notify`): that it is ready, that it is alive, that it ends.
//!
//! The protocol is one datagram of `KEY=value` to a socket that the environment names. Without that variable nobody asks, and nothing is told.

use std::{
    ffi::OsStr,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use tokio::{runtime::Handle, time::MissedTickBehavior};

use crate::config::ServiceManager;

/// The way to the service manager.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    way: Option<Arc<(UnixDatagram, SocketAddr)>>,
    patience: Option<Duration>,
}

impl Supervisor {
    /// Opens the way. Fails if there is none to the socket that was named: the service manager would wait for ever.
    pub(crate) fn of(manager: &ServiceManager) -> anyhow::Result<Self> {
        let way = match &manager.socket {
            None => None,
            Some(name) => {
                let told = || format!("could not reach the service manager at {} (variable NOTIFY_SOCKET)", name.display());
                let socket = UnixDatagram::unbound().with_context(told)?;
                // Whoever does not read is not waited for.
                socket.set_nonblocking(true).with_context(told)?;
                Some(Arc::new((socket, address(name).with_context(told)?)))
            }
        };
        Ok(Self { way, patience: manager.patience })
    }

    /// Requests are answered from now on.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The orderly end has begun.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, state: &str) {
        if let Some(way) = &self.way
            && let (socket, address) = &**way
            && let Err(error) = socket.send_to_addr(state.as_bytes(), address)
        {
            tracing::warn!(%error, state, "the service manager could not be told");
        }
    }
}

/// Gives a sign of life at twice the rate that is asked for, as long as both kinds of threads do their work: this runs on the control plane's
/// and asks those that serve apps. A process that hangs is silent, and is started anew.
pub(crate) async fn keep_alive(supervisor: Supervisor, data: Handle) {
    let Some(patience) = supervisor.patience else { return };
    let mut turns = tokio::time::interval(patience / 2);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        // Waits as long as they don't answer; when they do after all, life goes on.
        if data.spawn(async {}).await.is_ok() {
            supervisor.tell("WATCHDOG=1");
        }
    }
}

fn address(name: &OsStr) -> std::io::Result<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    /// A runtime that answers later than it is asked: `busy` holds its only thread.
    fn busy(data: &Handle) -> std::sync::mpsc::Sender<()> {
        let (free, held) = std::sync::mpsc::channel::<()>();
        data.spawn(async move {
            let _ = held.recv();
        });
        free
    }

    #[tokio::test]
    async fn there_is_no_sign_of_life_while_the_threads_that_serve_apps_hang() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let told = tokio::net::UnixDatagram::bind(&path).unwrap();
        let manager = ServiceManager { socket: Some(path.into()), patience: Some(Duration::from_millis(20)) };
        let supervisor = Supervisor::of(&manager).unwrap();
        let data = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let free = busy(data.handle());
        let alive = tokio::spawn(keep_alive(supervisor, data.handle().clone()));
        let mut message = [0; 32];
        let mut hear = async || told.recv(&mut message).await.map(|length| message[..length].to_vec()).unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(200), hear()).await.is_err(), "ten times its patience");
        drop(free);
        for _ in 0..3 {
            assert_eq!(hear().await, b"WATCHDOG=1");
        }
        alive.abort();
        data.shutdown_background();
    }

    #[test]
    fn without_a_service_manager_nothing_is_told_and_one_that_is_misnamed_is_an_error() {
        Supervisor::of(&ServiceManager::default()).unwrap().ready();
        let long = ServiceManager { socket: Some("x".repeat(200).into()), patience: None };
        assert!(Supervisor::of(&long).unwrap_err().to_string().contains("NOTIFY_SOCKET"));
    }
}
