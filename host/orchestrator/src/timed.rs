//! Bodies for the control plane, which reads them itself: they have to come at the least rate (S-4.1), however long they are.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Connections;

/// Why a body ends early.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that ends with an error when it comes too slowly.
#[derive(Debug)]
pub struct Timed<B = Incoming> {
    body: B,
    grace: Duration,
    rate: u64,
    /// Bytes that have come.
    came: u64,
    /// When it was first asked for, and the timer since then.
    asked: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<B> Timed<B> {
    pub(crate) fn new(body: B, bounds: &Connections) -> Self {
        Self { body, grace: bounds.body_grace, rate: bounds.body_rate.max(1), came: 0, asked: None }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for Timed<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let timed = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut timed.body).poll_frame(cx) {
            if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                timed.came += data.len() as u64;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let earned = Duration::from_secs(timed.came / timed.rate);
        let (asked, timer) = timed.asked.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + timed.grace)))
        });
        let deadline = *asked + timed.grace + earned;
        if timer.deadline() < deadline {
            timer.as_mut().reset(deadline);
        }
        let too_slow = || Some(Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
        timer.as_mut().poll(cx).map(|()| too_slow())
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use futures_util::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    /// So many bytes, a pause, and the end.
    fn pausing(bytes: usize, bounds: &Connections) -> Timed<impl Body<Data = Bytes, Error = std::io::Error> + Unpin> {
        let first = stream::once(std::future::ready(Ok(Frame::data(Bytes::from(vec![b'a'; bytes])))));
        let last = stream::once(async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(Frame::data(Bytes::from_static(b"b")))
        });
        Timed::new(StreamBody::new(first.chain(last).boxed()), bounds)
    }

    #[tokio::test]
    async fn s_4_1_a_body_for_the_control_plane_comes_at_the_least_rate() {
        let bounds = Connections { body_grace: Duration::from_millis(5), body_rate: 1024, ..Connections::default() };
        // What has come is time that may be taken.
        let quick = pausing(60 << 10, &bounds).collect().await.unwrap();
        assert_eq!(quick.to_bytes().len(), (60 << 10) + 1);
        let slow = pausing(10, &bounds).collect().await;
        assert_eq!(slow.unwrap_err().downcast::<std::io::Error>().unwrap().kind(), std::io::ErrorKind::TimedOut);
    }
}
