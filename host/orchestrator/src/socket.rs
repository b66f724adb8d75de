//! A connection as the data plane allows it: strictly framed (S-4.6) and within its times (S-4.1).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::{Instant, Sleep, sleep_until, timeout},
};

use crate::{
    config::Connections,
    framing::{Framing, Phase},
};

/// After an answer to a request that was not read to its end, the rest is thrown away for this long: closing at once would make the system
/// reset the connection, and the client might lose the answer.
const LINGER: Duration = Duration::from_secs(2);

/// A NUL, which no head may hold, and the end of the head: hyper answers 400 and closes.
/// SCAR: after a first look at an incomplete head hyper looks for its end only. Without one, a head in several packets was closed unanswered.
const REFUSED: &[u8] = b"\0\r\n\r\n";

/// The times of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    first_byte: Duration,
    head: Duration,
    idle: Duration,
    write_stall: Duration,
    write_rate: u64,
}

impl Stall {
    /// When it has lasted too long.
    fn end(&self, times: &Times) -> Instant {
        self.since + times.write_stall + Duration::from_secs(self.taken / times.write_rate)
    }
}

impl From<&Connections> for Times {
    fn from(bounds: &Connections) -> Self {
        let &Connections { first_byte, head, idle, write_stall, write_rate, .. } = bounds;
        Self { first_byte, head, idle, write_stall, write_rate: write_rate.max(1) }
    }
}

/// What we write waits for the client.
#[derive(Debug, Clone, Copy)]
struct Stall {
    since: Instant,
    /// Bytes that he has taken since then.
    taken: u64,
}

/// A TCP connection that watches its framing and its times. One timer serves all of them: it is moved only to fire earlier, and when it fires
/// too early it is set again, so that a busy connection touches no clock.
#[derive(Debug)]
pub(crate) struct Socket {
    /// There until it is dropped.
    stream: Option<TcpStream>,
    /// Gets the stream then, if it is to linger.
    left: Option<oneshot::Sender<TcpStream>>,
    times: Times,
    framing: Framing,
    /// The framing was refused: nothing more is read but this.
    refused: Option<&'static [u8]>,
    has_spoken: bool,
    /// Since when the client has owed us bytes; measured at the first look that finds none.
    silent_since: Option<Instant>,
    /// The client has not taken all that we have for him.
    stall: Option<Stall>,
    lingers_until: Option<Instant>,
    /// A time ran out: nothing of it is waited for any more.
    is_late: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// `left`: whoever waits for what is dropped before the client has said all, see [`linger`].
    pub(crate) fn new(stream: TcpStream, times: Times, left: oneshot::Sender<TcpStream>) -> Self {
        Self {
            stream: Some(stream),
            left: Some(left),
            times,
            framing: Framing::default(),
            refused: None,
            has_spoken: false,
            silent_since: None,
            stall: None,
            lingers_until: None,
            is_late: false,
            timer: None,
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Follows what has just been read. At a byte that must not pass it puts [`REFUSED`] in its place.
    fn follow(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let was_head = self.framing.phase() == Phase::Head;
        if let Err(passing) = self.framing.accept(&buffer.filled()[before..]) {
            buffer.set_filled(before + passing);
            self.refused = Some(REFUSED);
            self.refuse(buffer);
        }
        self.has_spoken = true;
        // The time of a head runs from its first byte, however many packets it has.
        if !(was_head && self.framing.phase() == Phase::Head) {
            self.silent_since = None;
        }
    }

    /// What is read instead of anything more, as far as there is room, and then the end.
    fn refuse(&mut self, buffer: &mut ReadBuf<'_>) {
        if let Some(refused) = &mut self.refused {
            let (now, later) = refused.split_at(refused.len().min(buffer.remaining()));
            buffer.put_slice(now);
            *refused = later;
        }
    }

    /// Waits on behalf of a read that found nothing.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let limit = match self.framing.phase() {
            // How long a body may take is the request's business.
            Phase::Body => return Poll::Pending,
            Phase::Head => self.times.head,
            Phase::Between if self.has_spoken => self.times.idle,
            Phase::Between => self.times.first_byte,
        };
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        self.poll_until(since + limit, cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Waits on behalf of a write that the client does not take. What he takes earns him more time.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let stall = self.stall.get_or_insert_with(|| Stall { since: Instant::now(), taken: 0 });
        let end = stall.end(&self.times);
        self.poll_until(end, cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn poll_until(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                self.is_late = true;
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// Whether the client owes nothing: whatever he has sent was read.
    fn has_all(&self) -> bool {
        self.framing.phase() == Phase::Between && self.refused.is_none()
    }

    fn written(&mut self, written: &io::Result<usize>) {
        self.silent_since = None;
        if let (Some(stall), Ok(bytes)) = (&mut self.stall, written) {
            stall.taken += *bytes as u64;
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        if socket.refused.is_some() {
            socket.refuse(buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        match socket.stream()?.poll_read(cx, buffer) {
            Poll::Pending => socket.poll_silence(cx),
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > before {
                    socket.follow(buffer, before);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        let Poll::Ready(written) = socket.stream()?.poll_write(cx, bytes) else { return socket.poll_stall(cx).map(Err) };
        socket.written(&written);
        Poll::Ready(written)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        let Poll::Ready(written) = socket.stream()?.poll_write_vectored(cx, parts) else {
            return socket.poll_stall(cx).map(Err);
        };
        socket.written(&written);
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(TcpStream::is_write_vectored)
    }

    /// hyper asks for it when it has nothing left to write.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        socket.stall = None;
        socket.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        ready!(socket.stream()?.poll_shutdown(cx))?;
        if socket.has_all() {
            return Poll::Ready(Ok(()));
        }
        let until = *socket.lingers_until.get_or_insert_with(|| Instant::now() + LINGER);
        let mut scratch = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match socket.stream()?.poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return socket.poll_until(until, cx).map(Ok),
            }
        }
    }
}

impl Drop for Socket {
    /// hyper shuts down what ends in order. After a head that it can't read it answers and drops the connection.
    fn drop(&mut self) {
        if self.has_all() || self.lingers_until.is_some() || self.is_late {
            return;
        }
        if let (Some(stream), Some(left)) = (self.stream.take(), self.left.take()) {
            // Nobody waits if the connection was cancelled.
            let _ = left.send(stream);
        }
    }
}

/// Says that nothing more comes, and throws away what the client still sends, for a while: else the system would reset the connection, and he might lose
/// the answer.
pub(crate) async fn linger(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut scratch = [0; 4096];
    let rest = async { while matches!(stream.read(&mut scratch).await, Ok(1..)) {} };
    let _ = timeout(LINGER, rest).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_4_1_what_a_client_takes_earns_it_time() {
        let (times, since) = (Times::from(&Connections::default()), Instant::now());
        let seconds = |taken| Stall { since, taken }.end(&times).duration_since(since).as_secs();
        assert_eq!([0, 1_023, 1_024, 8 << 20].map(seconds), [30, 30, 31, 30 + 8_192]);
    }
}
