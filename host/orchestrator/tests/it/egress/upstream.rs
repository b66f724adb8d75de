//! A server on loopback that says what its test wrote, byte by byte.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// What it does with a request: the head is read, then this answers.
type Answer = Arc<dyn Fn(TcpStream, String) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A server, and the requests it saw.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    heads: mpsc::UnboundedReceiver<String>,
}

impl Upstream {
    pub(crate) async fn start<F: Future<Output = ()> + Send + 'static>(
        answer: impl Fn(TcpStream, String) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, heads) = mpsc::unbounded_channel();
        let answer: Answer = Arc::new(move |stream, head| Box::pin(answer(stream, head)));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, seen) = (Arc::clone(&answer), seen.clone());
                tokio::spawn(async move {
                    let Some(head) = head(&mut stream).await else { return };
                    // The test may be over.
                    let _ = seen.send(head.clone());
                    answer(stream, head).await;
                });
            }
        });
        Self { address, heads }
    }

    /// Answers every path with what the table says.
    pub(crate) async fn saying(table: &'static [(&'static str, &'static str)]) -> Self {
        Self::start(move |mut stream, head| async move {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let (_, text) = table.iter().find(|(own, _)| *own == path).unwrap_or(&("", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"));
            let _ = stream.write_all(text.as_bytes()).await;
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request: its head, and the body if it had a length.
    pub(crate) async fn seen(&mut self) -> String {
        self.heads.recv().await.unwrap()
    }
}

/// The head in lower case but for the first line, and the body behind it.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        // Whoever does not begin with a method speaks TLS, and is left alone.
        if stream.read_buf(&mut bytes).await.ok()? == 0 || !bytes[0].is_ascii_uppercase() {
            return None;
        }
    }
}
