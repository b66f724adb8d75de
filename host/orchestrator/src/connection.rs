//! One connection: its requests, one after the other, and what ends it (S-4.1, S-9.2).

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::{Notify, oneshot, watch},
    time::timeout,
};

use crate::{
    Control, Orchestrator,
    socket::{Socket, Times, linger},
};

/// Buffer of one connection: the largest head that hyper reads. Bodies pass through it in pieces.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long a connection that is new when the end begins may take for its first request, and the answer.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What asks a connection to close when it has answered: the end of the process, and others who have no room.
pub(crate) type Leave = (watch::Receiver<()>, Arc<Notify>);

/// Serves the requests of one connection, one after the other, on this task.
pub(crate) async fn connection(
    orchestrator: Arc<Orchestrator>,
    control: Arc<dyn Control>,
    stream: TcpStream,
    peer: SocketAddr,
    leave: Leave,
) {
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
