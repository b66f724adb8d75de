//! From a listening socket to requests: the accept loop, its bounds and its orderly end (S-4.1, S-9.2).

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot, watch},
    time::{sleep, timeout},
};

use crate::{
    Control, Orchestrator,
    config::Connections,
    open::Open,
    peer::Holder,
    socket::{Socket, Times, linger},
};

/// Buffer of one connection: the largest head that hyper reads. Bodies pass through it in pieces.
const BUFFER_BYTES: usize = 64 * 1024;
/// Pause when the system has no descriptor left for a connection.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection that is new when the end begins may take for its first request, and the answer.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Connections open at once, by who holds the address. Peers that are trusted proxies speak for many and are not counted.
#[derive(Debug, Default)]
struct Addresses(Mutex<HashMap<Holder, usize>>);

/// What asks a connection to close when it has answered: the end of the process, and others who have no room.
type Leave = (watch::Receiver<()>, Arc<Notify>);

/// One of a holder's connections; given back by drop.
struct Counted {
    addresses: Arc<Addresses>,
    holder: Holder,
}

/// Accepts until `shutdown`, then ends in order: for a while it still accepts, so that a balancer can notice; then running requests have their
/// time; what runs longer is cancelled (a row of its own in `executions`).
pub(crate) async fn serve(
    orchestrator: Arc<Orchestrator>,
    listener: TcpListener,
    control: Arc<dyn Control>,
    shutdown: impl Future<Output = ()>,
) {
    let bounds = orchestrator.config.connections.clone();
    let addresses = Arc::new(Addresses::default());
    let (drain, draining) = watch::channel(());
    let mut connections = Open::default();
    let mut stop = pin!(async {
        shutdown.await;
        orchestrator.stop_being_ready();
        sleep(bounds.drain_accept).await;
    });
    let metrics = &orchestrator.metrics;
    let serve_one = |connections: &mut Open, (stream, peer): (TcpStream, SocketAddr)| {
        let Some(counted) = admit(&orchestrator, &addresses, peer.ip(), connections.len()) else {
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
fn admit(orchestrator: &Orchestrator, addresses: &Arc<Addresses>, peer: IpAddr, open: usize) -> Option<Option<Counted>> {
    let bounds = &orchestrator.config.connections;
    if open >= bounds.total_max {
        return None;
    }
    if orchestrator.config.trusted_proxies.trusts(peer) {
        return Some(None);
    }
    Counted::enter(addresses, peer, bounds.per_address_max).map(Some)
}

/// Serves the requests of one connection, one after the other, on this task.
async fn connection(orchestrator: Arc<Orchestrator>, control: Arc<dyn Control>, stream: TcpStream, peer: SocketAddr, leave: Leave) {
    // Without it the last segment of an answer waits for an acknowledgement; a socket that refuses is closing anyway.
    let _ = stream.set_nodelay(true);
    let (left, mut is_left) = oneshot::channel();
    let socket = Socket::new(stream, Times::from(&orchestrator.config.connections), left);
    requests(socket, &orchestrator, &*control, peer, leave).await;
    if let Ok(stream) = is_left.try_recv() {
        linger(stream).await;
    }
}

async fn requests(socket: Socket, orchestrator: &Arc<Orchestrator>, control: &dyn Control, peer: SocketAddr, (mut drain, leave): Leave) {
    let (has_asked, cut) = (AtomicBool::new(false), Arc::new(Notify::new()));
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        let cut = &cut;
        async move { Ok::<_, Infallible>(orchestrator.handle(request, peer, control).await.map(|body| body.over(cut))) }
    });
    // hyper's own timer is off: the socket keeps all times.
    let connection =
        http1::Builder::new().max_buf_size(BUFFER_BYTES).header_read_timeout(None).serve_connection(TokioIo::new(socket), service);
    let mut connection = pin!(connection);
    let serving = async {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = leave.notified() => {}
            // hyper closes at once a connection on which nothing has come yet, and what is on its way is lost. Its first answer ends it as well (see `handle`).
            _ = drain.changed() => if !has_asked.load(Ordering::Relaxed) && timeout(FIRST_REQUEST, connection.as_mut()).await.is_ok() {
                return Ok(());
            }
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    let ended = tokio::select! {
        biased;
        ended = serving => ended,
        () = cut.notified() => {
            orchestrator.metrics.connections_cut.add(1);
            return;
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%peer, %error, "a connection ended early");
    }
}

/// Errors of one connection are nothing to us; those of the whole process would otherwise spin.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection can't be accepted");
        sleep(NO_DESCRIPTOR_PAUSE).await;
    }
}

impl Counted {
    fn enter(addresses: &Arc<Addresses>, address: IpAddr, most: usize) -> Option<Self> {
        let holder = Holder::of(address);
        let mut counts = addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(holder).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Self { addresses: Arc::clone(addresses), holder })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_4_1_connections_per_address_are_bounded() {
        let addresses = Arc::new(Addresses::default());
        let enter = |last: u8| Counted::enter(&addresses, IpAddr::from([203, 0, 113, last]), 2);
        let (first, second) = (enter(1), enter(1));
        assert!(first.is_some() && second.is_some() && enter(1).is_none() && enter(2).is_some());
        drop(first);
        assert!(enter(1).is_some());
        drop(second);
        assert!(addresses.0.lock().is_ok_and(|counts| counts.is_empty()));
    }

    #[test]
    fn s_4_1_connections_of_one_holder_of_ipv6_addresses_are_bounded_together() {
        let addresses = Arc::new(Addresses::default());
        let enter = |network: u16, device: u16| Counted::enter(&addresses, [0x2001, 0xdb8, 0, network, 0, 0, 0, device].into(), 2);
        let held = [enter(1, 1), enter(1, 2)];
        assert!(held.iter().all(Option::is_some) && enter(1, 3).is_none() && enter(2, 3).is_some());
    }
}
