//! Step 5: bodies on their way to one app, bounded by their bytes.
//!
//! A request takes a place in its app when it is complete, so that who sends slowly holds none. What he does hold is room: bodies that are on their way, or
//! wait for a place, have together as much of it as the app's places would hold. Where one more does not fit, the one that has been on its way for
//! longest has to go. So whoever is quick is not kept out by those who are slow, however many they are and whatever addresses they have.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use execution::AppLimits;
use http_body::Body;
use tokio::sync::oneshot::{self, error::TryRecvError};

use crate::{config::Connections, error::Refusal, request::read_body};

/// The bodies of one app.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What all of them may have, those on their way and those that wait.
    bytes: u64,
    next: u64,
    /// On their way, in the order of their coming.
    coming: VecDeque<Coming>,
}

#[derive(Debug)]
struct Coming {
    number: u64,
    bytes: u64,
    cut: oneshot::Sender<()>,
}

/// The room of one body. Given back by drop.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    uploads: &'a Uploads,
    number: u64,
    bytes: u64,
    /// Says that it has to go.
    cut: oneshot::Receiver<()>,
    /// That was heard: its room is another's already.
    is_cut: bool,
}

impl Uploads {
    /// Reads a body of at most `most` bytes. What is returned beside it is kept until the request has a place.
    ///
    /// # Errors
    /// [`Refusal::AppBusy`] where all room is taken by requests that are complete; [`Refusal::BodyTimeout`], also for one that had to make room; and those of
    /// [`read_body`].
    pub(crate) async fn receive<B: Body<Data = Bytes> + Unpin>(
        &self,
        body: B,
        most: u64,
        app: &AppLimits,
        bounds: &Connections,
    ) -> Result<(Vec<u8>, Option<Upload<'_>>), Refusal> {
        if body.is_end_stream() {
            return Ok((Vec::new(), None));
        }
        let bytes = body.size_hint().upper().unwrap_or(most);
        if bytes > most {
            return Err(Refusal::BodyTooLarge);
        }
        let room = most.saturating_mul(app.concurrency);
        let mut upload = self.begin(bytes, room).ok_or_else(|| Refusal::app_busy(app))?;
        let read = tokio::select! {
            biased;
            read = read_body(body, most, bounds) => read?,
            Ok(()) = &mut upload.cut => {
                upload.is_cut = true;
                return Err(Refusal::BodyTimeout);
            }
        };
        self.state().has_come(upload.number);
        Ok((read, Some(upload)))
    }

    /// Room for one more; who has been on his way for longest makes it. `None`: all that are left are complete.
    fn begin(&self, bytes: u64, room: u64) -> Option<Upload<'_>> {
        let mut state = self.state();
        while state.bytes.saturating_add(bytes) > room {
            let oldest = state.coming.pop_front()?;
            state.bytes -= oldest.bytes;
            // Its task finds out when it is polled next, or when it ends.
            let _ = oldest.cut.send(());
        }
        let (cut, heard) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        state.bytes += bytes;
        state.coming.push_back(Coming { number, bytes, cut });
        Some(Upload { uploads: self, number, bytes, cut: heard, is_cut: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// It can't be cut any more.
    fn has_come(&mut self, number: u64) {
        if let Ok(at) = self.coming.binary_search_by_key(&number, |coming| coming.number) {
            self.coming.remove(at);
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        // Under the lock: nobody is cut meanwhile. Whoever was has given his room already.
        let mut state = self.uploads.state();
        if !self.is_cut && matches!(self.cut.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {
            state.has_come(self.number);
            state.bytes -= self.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::pin::pin;

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    /// A body that does not end.
    fn slow() -> impl Body<Data = Bytes, Error = std::io::Error> + Unpin {
        let first = stream::once(std::future::ready(Ok(Frame::data(Bytes::from_static(b"a")))));
        StreamBody::new(first.chain(stream::pending()).boxed())
    }

    #[tokio::test]
    async fn s_4_1_who_is_quick_is_not_kept_out_by_who_is_slow() {
        let (uploads, bounds) = (Uploads::default(), Connections::default());
        let app = AppLimits { concurrency: 2, ..AppLimits::default() };
        let mut slow: Vec<_> = (0..2).map(|_| Box::pin(uploads.receive(slow(), 10, &app, &bounds))).collect();
        assert!(slow.iter_mut().all(|slow| slow.as_mut().now_or_never().is_none()));
        let quick = || uploads.receive(Full::from("0123456789"), 10, &app, &bounds).now_or_never().unwrap();
        // The first makes room for it, and the second stays.
        let (body, first_place) = quick().unwrap();
        assert_eq!(body, b"0123456789");
        assert!(matches!(slow.remove(0).now_or_never(), Some(Err(Refusal::BodyTimeout))));
        assert!(slow[0].as_mut().now_or_never().is_none());
        let (_, second_place) = quick().unwrap();
        assert!(matches!(slow.remove(0).now_or_never(), Some(Err(Refusal::BodyTimeout))));
        // Complete ones are not cut.
        assert_eq!(quick().map(drop), Err(Refusal::app_busy(&app)));
        drop(first_place);
        assert!(quick().is_ok());
        drop(second_place);
        assert_eq!(uploads.state().bytes, 0);
    }

    #[tokio::test]
    async fn a_body_has_as_much_room_as_it_says_and_gives_it_back() {
        let (uploads, bounds) = (Uploads::default(), Connections::default());
        let app = AppLimits { concurrency: 1, ..AppLimits::default() };
        let receive = |body: &'static str| uploads.receive(Full::from(body), 10, &app, &bounds);
        let (first, second) = (receive("12345").await.unwrap(), receive("1234").await.unwrap());
        assert_eq!(uploads.state().bytes, 9);
        assert_eq!(receive("12").await.map(drop), Err(Refusal::app_busy(&app)));
        assert!(receive("").await.unwrap().1.is_none(), "what has no body needs no room");
        assert_eq!(receive("12345678901").await.map(drop), Err(Refusal::BodyTooLarge));
        drop((first, second));
        // Who goes away on his way.
        let mut gone = Box::pin(uploads.receive(slow(), 10, &app, &bounds));
        assert!(pin!(&mut gone).now_or_never().is_none() && uploads.state().bytes == 10);
        drop(gone);
        assert!(uploads.state().bytes == 0 && uploads.state().coming.is_empty());
    }
}
