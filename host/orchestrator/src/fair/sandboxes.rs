//! The sandboxes of a node, and who gets the next one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{Share, lines::Lines};

/// Hands out as many sandboxes as there are.
#[derive(Debug)]
pub(crate) struct Sandboxes {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    lines: Lines<Number>,
    /// Those who wait, by number. A sandbox that is sent to who has gone comes back by drop.
    waiting: slab::Slab<oneshot::Sender<()>>,
}

type Number = usize;

/// A sandbox may be used. Given back by drop, to who is next.
#[derive(Debug)]
pub(crate) struct Sandbox<'a>(&'a Sandboxes);

impl Sandboxes {
    pub(crate) fn new(number: usize) -> Self {
        Self { state: Mutex::new(State { free: number.max(1), lines: Lines::default(), waiting: slab::Slab::new() }) }
    }

    /// The next one, if one is free. Who waits already comes first.
    pub(crate) fn try_take(&self) -> Option<Sandbox<'_>> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(Sandbox(self))
    }

    /// The next one that is for this app. Who does not wait any more has left nothing behind.
    pub(crate) async fn take(&self, share: &Share) -> Sandbox<'_> {
        let (number, sent) = {
            let mut state = self.state();
            if let Some(free) = state.free.checked_sub(1) {
                state.free = free;
                return Sandbox(self);
            }
            let (send, sent) = oneshot::channel();
            let number = state.waiting.insert(send);
            state.lines.push(share, number);
            (number, sent)
        };
        let mut waiter = Waiter { sandboxes: self, share, number, sent };
        // The sender is there until it has sent.
        let _always = (&mut waiter.sent).await;
        Sandbox(self)
    }

    /// Who waits.
    pub(crate) fn waiting(&self) -> usize {
        self.state().lines.len()
    }

    pub(crate) fn free(&self) -> usize {
        self.state().free
    }

    fn give_back(&self) {
        let mut state = self.state();
        while let Some(number) = state.lines.pop() {
            if state.waiting.remove(number).send(()).is_ok() {
                return;
            }
        }
        state.free += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sandbox<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Somebody in a line.
struct Waiter<'a> {
    sandboxes: &'a Sandboxes,
    share: &'a Share,
    number: Number,
    sent: oneshot::Receiver<()>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        // Under the lock: nothing is sent meanwhile.
        let mut state = self.sandboxes.state();
        match self.sent.try_recv() {
            Err(TryRecvError::Closed) => {}
            Err(TryRecvError::Empty) => {
                state.lines.remove(self.share, &self.number);
                state.waiting.remove(self.number);
            }
            Ok(()) => {
                drop(state);
                self.sandboxes.give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_next_sandbox_is_for_the_app_that_has_used_least() {
        let (sandboxes, greedy, quiet) = (Sandboxes::new(1), Share::default(), Share::default());
        greedy.charge(5);
        let first = sandboxes.take(&greedy).now_or_never().unwrap();
        let mut second = std::pin::pin!(sandboxes.take(&greedy));
        let mut third = Box::pin(sandboxes.take(&greedy));
        let mut other = std::pin::pin!(sandboxes.take(&quiet));
        assert!(
            second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none() && other.as_mut().now_or_never().is_none()
        );
        assert_eq!((sandboxes.waiting(), sandboxes.try_take().is_none()), (3, true));
        drop(first);
        // The quiet one is next, though it came last.
        let taken = other.now_or_never().unwrap();
        drop(third);
        assert_eq!(sandboxes.waiting(), 1, "who goes away waits no more");
        drop(taken);
        drop(second.now_or_never().unwrap());
        assert_eq!((sandboxes.waiting(), sandboxes.free()), (0, 1));
    }

    #[test]
    fn what_was_sent_to_who_has_gone_comes_back() {
        let (sandboxes, app) = (Sandboxes::new(1), Share::default());
        let first = sandboxes.take(&app).now_or_never();
        let mut gone = Box::pin(sandboxes.take(&app));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(first);
        assert_eq!(sandboxes.free(), 0);
        drop(gone);
        assert_eq!(sandboxes.free(), 1);
    }
}
