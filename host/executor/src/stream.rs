//! An answer in pieces, and when the execution that sends it has to end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use execution::{Limits, stream::Head};
use tokio::time::{Instant, sleep_until};

use crate::bindings::response::Error;

/// What an execution has sent of its answer before its end.
#[derive(Debug)]
pub(crate) struct Stream {
    /// `None`: nothing; its value will be the answer.
    pub(crate) head: Option<Head>,
    /// A piece is on its way.
    pub(crate) is_writing: bool,
    bytes_left: u64,
    bytes_max: u64,
    idle: Duration,
    pub(crate) deadline: Arc<Deadline>,
}

/// When an execution is ended. It moves on with each piece, and never back.
#[derive(Debug)]
pub(crate) struct Deadline {
    started: Instant,
    /// Microseconds from the start.
    at_us: AtomicU64,
    /// The last moment, however much is sent.
    last: Duration,
}

impl Stream {
    pub(crate) fn new(limits: &Limits) -> Self {
        let wall = Duration::from_millis(limits.wall_ms);
        let deadline = Deadline {
            started: Instant::now(),
            at_us: AtomicU64::new(micros(wall)),
            last: Duration::from_millis(limits.stream_ms).max(wall),
        };
        Self {
            head: None,
            is_writing: false,
            bytes_left: limits.stream_bytes,
            bytes_max: limits.stream_bytes,
            idle: Duration::from_millis(limits.stream_idle_ms),
            deadline: Arc::new(deadline),
        }
    }

    /// The answer has begun.
    pub(crate) fn begin(&mut self, head: Head) {
        self.head = Some(head);
        self.go_on();
    }

    /// Something was sent: there is time until the next.
    pub(crate) fn go_on(&self) {
        self.deadline.extend(self.idle);
    }

    /// Counts a piece before it is sent.
    pub(crate) fn admit(&mut self, bytes: usize) -> Result<(), Error> {
        if self.head.is_none() {
            return Err(Error::Invalid("the answer was not begun: `response::start` comes first".to_owned()));
        }
        self.bytes_left = self.bytes_left.checked_sub(bytes as u64).ok_or_else(|| {
            Error::TooLarge(format!("the pieces of the answer are more than {} bytes together (stream_bytes)", self.bytes_max))
        })?;
        Ok(())
    }
}

impl Deadline {
    /// Completes when the execution has to end.
    pub(crate) async fn passed(&self) {
        loop {
            let at = self.at();
            sleep_until(self.started + at).await;
            if self.at() <= at {
                return;
            }
        }
    }

    /// Whether it is the last moment that has come, and not the one for the next piece.
    pub(crate) fn is_last(&self) -> bool {
        self.at() >= self.last
    }

    fn extend(&self, idle: Duration) {
        let at = (self.started.elapsed() + idle).min(self.last);
        self.at_us.fetch_max(micros(at), Ordering::Relaxed);
    }

    fn at(&self) -> Duration {
        Duration::from_micros(self.at_us.load(Ordering::Relaxed))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
