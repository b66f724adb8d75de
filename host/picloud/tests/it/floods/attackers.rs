//! Those who attack: many connections of many addresses, each as slow as it may be.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime::Runtime,
    task::JoinSet,
};

/// A pause between two bytes: long enough to be slow, short enough to be busy.
const PAUSE: Duration = Duration::from_millis(300);

/// Connections that are begun together. Where more wait to be accepted than the system keeps, it lets their beginning come again after a second, then after two.
const AT_ONCE: usize = 50;

/// How they are run.
pub(super) struct Attackers {
    runtime: Runtime,
    port: u16,
}

impl Attackers {
    pub(super) fn of(port: u16) -> Self {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
        Self { runtime: Runtime::new().unwrap(), port }
    }

    /// So many connections from 127.0.0.`host`, which have said this and no more. A small window: what is not read waits in the server.
    pub(super) fn connect(&self, host: u8, number: usize, said: &str) -> Vec<TcpStream> {
        let said: Arc<str> = said.into();
        self.runtime.block_on(async {
            let mut streams = Vec::new();
            while streams.len() < number {
                let mut connecting = JoinSet::new();
                for _ in 0..AT_ONCE.min(number - streams.len()) {
                    let (said, port) = (Arc::clone(&said), self.port);
                    connecting.spawn(async move {
                        let socket = TcpSocket::new_v4().unwrap();
                        socket.set_recv_buffer_size(4096).unwrap();
                        socket.bind(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, host), 0).into()).unwrap();
                        let mut stream = socket.connect(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into()).await.unwrap();
                        // Who is refused may find out here.
                        let _ = stream.write_all(said.as_bytes()).await;
                        stream
                    });
                }
                streams.extend(connecting.join_all().await);
            }
            streams
        })
    }

    /// Waits for the first bytes of an answer on each, and returns those that got some.
    pub(super) fn answered(&self, streams: Vec<TcpStream>) -> Vec<TcpStream> {
        self.runtime.block_on(async {
            let mut reading = JoinSet::new();
            for mut stream in streams {
                reading.spawn(async move {
                    let mut bytes = [0; 256];
                    matches!(stream.read(&mut bytes).await, Ok(1..)).then_some(stream)
                });
            }
            reading.join_all().await.into_iter().flatten().collect()
        })
    }

    /// Each goes on by a byte now and then until the server closes; returns what it said, each answer once.
    pub(super) fn trickle(&self, streams: Vec<TcpStream>) -> Vec<String> {
        let mut said: Vec<String> = self.runtime.block_on(async {
            let mut trickling = JoinSet::new();
            for mut stream in streams {
                trickling.spawn(async move {
                    let mut said = Vec::new();
                    loop {
                        let read = tokio::time::timeout(PAUSE, stream.read_buf(&mut said)).await;
                        match read {
                            Err(_) => drop(stream.write_all(b"a").await),
                            Ok(Ok(1..)) => {}
                            Ok(_) => return String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned(),
                        }
                    }
                });
            }
            trickling.join_all().await
        });
        said.sort();
        said.dedup();
        said
    }

    /// How many are still open: the others have had their end.
    pub(super) fn open(&self, streams: &[TcpStream]) -> usize {
        let _inside = self.runtime.enter();
        let is_open =
            |stream: &&TcpStream| matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
        // A look at each: the runtime has to have heard of it.
        self.runtime.block_on(async { tokio::time::sleep(PAUSE).await });
        streams.iter().filter(is_open).count()
    }

    /// Sends all of it, whatever comes back meanwhile, and returns that.
    pub(super) fn send(&self, host: u8, bytes: Vec<u8>) -> String {
        let mut streams = self.connect(host, 1, "");
        self.runtime.block_on(async {
            let (mut read, mut write) = streams.remove(0).into_split();
            let writing = tokio::spawn(async move {
                let _ = write.write_all(&bytes).await;
                write
            });
            let mut said = Vec::new();
            let _ = read.read_to_end(&mut said).await;
            drop(writing.await.unwrap());
            String::from_utf8_lossy(&said).into_owned()
        })
    }
}
