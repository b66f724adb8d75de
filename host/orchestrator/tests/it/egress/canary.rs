//! A listener on loopback that nobody may reach.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::net::TcpListener;

/// Listens on both loopback addresses, at one port, and counts.
pub(crate) struct Canary {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Canary {
    pub(crate) async fn start() -> Self {
        let v4 = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = v4.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        // Where there is no IPv6 nobody can reach it either.
        let v6 = TcpListener::bind(("::1", port)).await.ok();
        for listener in [Some(v4), v6].into_iter().flatten() {
            let connections = Arc::clone(&connections);
            tokio::spawn(async move {
                loop {
                    let _connection = listener.accept().await;
                    connections.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Shows that it would sing: a connection of the test's own is counted, and with it all that came before.
    pub(crate) async fn sings(&self) {
        let before = self.connections();
        let _connection = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        while self.connections() == before {
            tokio::task::yield_now().await;
        }
        assert_eq!((before, self.connections()), (0, 1), "somebody came before");
    }
}
