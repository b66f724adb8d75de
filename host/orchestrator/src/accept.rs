//! From a listening socket to requests: the accept loop, its bounds and its orderly end (S-4.1, S-9.2).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    Control, Orchestrator,
    config::Connections,
    connection::connection,
    holders::{Counted, Holders},
    open::Open,
};

/// Pause when the system has no descriptor left for a connection.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `shutdown`, then ends in order: for a while it still accepts, so that a balancer can notice; then running requests have their
/// time; what runs longer is cancelled (a row of its own in `executions`).
pub(crate) async fn serve(
    orchestrator: Arc<Orchestrator>,
    listener: TcpListener,
    control: Arc<dyn Control>,
    shutdown: impl Future<Output = ()>,
) {
    let bounds = orchestrator.config.connections.clone();
    let holders = Arc::new(Holders::default());
    let (drain, draining) = watch::channel(());
    let mut connections = Open::default();
    let mut stop = pin!(async {
        shutdown.await;
        orchestrator.stop_being_ready();
        sleep(bounds.drain_accept).await;
    });
    let metrics = &orchestrator.metrics;
    let serve_one = |connections: &mut Open, (stream, peer): (TcpStream, SocketAddr)| {
        let Some(counted) = admit(&orchestrator, &holders, peer.ip(), connections.len()) else {
            metrics.connections_refused.add(1);
            return;
        };
        metrics.connections_accepted.add(1);
        connections.serve(|leave| {
            let connection = connection(Arc::clone(&orchestrator), Arc::clone(&control), stream, peer, (draining.clone(), leave));
            async move {
                connection.await;
                drop(counted);
            }
        });
    };
    loop {
        metrics.connections.set(connections.len());
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            // Ended connections are taken out so that the set does not grow.
            Some(()) = connections.ended() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        if connections.len() >= bounds.total_max {
            connections.make_room().await;
        }
        serve_one(&mut connections, (stream, peer));
    }
    // What the kernel has taken already would be reset, with the requests that came in it.
    waiting(listener).for_each(|accepted| serve_one(&mut connections, accepted));
    drop(drain);
    end(connections, &bounds).await;
    orchestrator.streams_have_ended().await;
}

/// The connections that wait to be accepted; then the listener is closed.
fn waiting(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let listener = listener.into_std().ok();
    std::iter::from_fn(move || {
        let (stream, peer) = listener.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    })
}

/// Waits for running requests, then cancels what is left.
async fn end(mut connections: Open, bounds: &Connections) {
    let all = async { while connections.ended().await.is_some() {} };
    if timeout(bounds.drain, all).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests did not end in time and are cancelled");
        connections.shutdown().await;
    }
}

/// A place for a connection, or `None` if it is to be closed at once. Trusted proxies count only towards the total.
fn admit(orchestrator: &Orchestrator, holders: &Arc<Holders>, peer: IpAddr, open: usize) -> Option<Option<Counted>> {
    let bounds = &orchestrator.config.connections;
    if open >= bounds.total_max {
        return None;
    }
    if orchestrator.config.trusted_proxies.trusts(peer) {
        return Some(None);
    }
    Counted::enter(holders, peer, bounds.per_address_max).map(Some)
}

/// Errors of one connection are nothing to us; those of the whole process would otherwise spin.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection can't be accepted");
        sleep(NO_DESCRIPTOR_PAUSE).await;
    }
}
