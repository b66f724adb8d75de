//! The places of one app: how many of its requests are past admission at once, and how that number changes while they are.
//!
//! A smaller number takes free places away at once, and of those that are taken each as it comes back: what runs is never ended. How many are
//! still to be taken away is the gate's `debt`.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering, fence},
};

use execution::AppLimits;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, TryAcquireError, watch};

use crate::{admission::WAIT, fair::Share, metrics::AppSlot, pace::Pace, rate::Cell, unsent::Unsent, uploads::Uploads};

/// Requests of one app that wait for a place; beyond it the refusal is immediate.
const WAITING_MAX: usize = 256;
/// Questions of one app to the database at once (S-3.4).
const DATABASE_CONCURRENCY: usize = 4;

/// The places of one app, and the schedules of its requests and recordings. Outlives its deployments.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    waiting: AtomicUsize,
    /// How many places there are to be. Locked by whoever changes it.
    size: Mutex<usize>,
    /// Places that there are too many.
    debt: AtomicUsize,
    pub(crate) requests: Cell,
    pub(crate) recordings: Pace,
    /// What the app has used of the processor.
    pub(crate) share: Share,
    /// The app's counters.
    pub(crate) figures: AppSlot,
    database: Semaphore,
    /// Executions that are run again, since others changed what they had read: one at a time, so that those don't cross again.
    reruns: Semaphore,
    /// Browsers that listen to topics of the app.
    listeners: Arc<AtomicUsize>,
    /// Answers that are being sent in pieces.
    pub(crate) streams: Arc<AtomicUsize>,
    /// Bodies on their way.
    pub(crate) uploads: Uploads,
    /// Bodies on their way out.
    pub(crate) unsent: Unsent,
}

/// One of some that an app may have so many of. Given back by drop.
#[derive(Debug)]
pub(crate) struct OneOfApp(Arc<AtomicUsize>);

/// One who listens, of the app and of the node. Given back by drop.
#[derive(Debug)]
pub(crate) struct Listener {
    _of_app: OneOfApp,
    of_node: watch::Sender<usize>,
}

impl OneOfApp {
    /// One more, if there are fewer than `max`.
    pub(crate) fn enter(count: &Arc<AtomicUsize>, max: u64) -> Option<Self> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let one_more = |now: usize| (now < max).then_some(now + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self(Arc::clone(count)))
    }
}

impl Drop for OneOfApp {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One place. Given back by drop, or taken away then if there are too many.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    gate: &'a Gate,
    /// Always there until it is dropped.
    permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.of_node.send_modify(|now| *now = now.saturating_sub(1));
    }
}

impl Default for Gate {
    fn default() -> Self {
        let size = usize::try_from(AppLimits::default().concurrency).unwrap_or(1);
        Self {
            places: Semaphore::new(size),
            waiting: AtomicUsize::new(0),
            size: Mutex::new(size),
            debt: AtomicUsize::new(0),
            requests: Cell::default(),
            recordings: Pace::default(),
            share: Share::default(),
            figures: AppSlot::default(),
            database: Semaphore::new(DATABASE_CONCURRENCY),
            reruns: Semaphore::new(1),
            listeners: Arc::default(),
            streams: Arc::default(),
            uploads: Uploads::default(),
            unsent: Unsent::default(),
        }
    }
}

impl Gate {
    /// A place, if there is one within a second; `None` at once if too many wait already.
    pub(crate) async fn enter(&self) -> Option<Place<'_>> {
        let permit = match self.places.try_acquire() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                let _waiting = Waiting::enter(&self.waiting)?;
                within_wait(self.places.acquire()).await?
            }
        };
        Some(Place { gate: self, permit: Some(permit) })
    }

    /// Lets one more listen, if fewer than `max` do.
    pub(crate) fn listen(&self, max: u64, of_node: &watch::Sender<usize>) -> Option<Listener> {
        let of_app = OneOfApp::enter(&self.listeners, max)?;
        of_node.send_modify(|now| *now += 1);
        Some(Listener { _of_app: of_app, of_node: of_node.clone() })
    }

    /// Takes one of the app's turns at the database; `None`: it had none within a second.
    pub(crate) async fn database(&self) -> Option<SemaphorePermit<'_>> {
        match self.database.try_acquire() {
            Ok(turn) => Some(turn),
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => within_wait(self.database.acquire()).await,
        }
    }

    /// Takes the app's turn at running again; `None`: it had none within a second.
    pub(crate) async fn rerun(&self) -> Option<SemaphorePermit<'_>> {
        within_wait(self.reruns.acquire()).await
    }

    /// From now on there are so many places.
    pub(crate) fn resize(&self, concurrency: u64) {
        let wanted = usize::try_from(concurrency).unwrap_or(Semaphore::MAX_PERMITS).clamp(1, Semaphore::MAX_PERMITS);
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted > *size {
            let more = wanted - *size;
            // What was still to be taken away stays instead.
            let debt = self.debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, |debt| Some(debt.saturating_sub(more)));
            let forgiven = debt.unwrap_or(0).min(more);
            self.places.add_permits(more - forgiven);
        } else if wanted < *size {
            self.debt.fetch_add(*size - wanted, Ordering::AcqRel);
            self.settle();
        }
        *size = wanted;
    }

    /// Requests that wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Places that are free.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// Whether one place that is to be taken away was found.
    fn owes_one(&self) -> bool {
        self.debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, |debt| debt.checked_sub(1)).is_ok()
    }

    /// Takes free places away, as many as there are too many.
    fn settle(&self) {
        // Of one who makes a debt and one who gives a place back at the same moment, one sees what the other did.
        fence(Ordering::SeqCst);
        while self.debt.load(Ordering::Acquire) > 0 {
            let Ok(permit) = self.places.try_acquire() else { return };
            if self.owes_one() {
                permit.forget();
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        // Before it goes to one who waits: an app that is always busy would never shrink.
        if self.gate.owes_one() {
            permit.forget();
            return;
        }
        drop(permit);
        // The debt may have been made in between, when this place was neither taken nor free.
        self.gate.settle();
    }
}

async fn within_wait<'a>(acquire: impl Future<Output = Result<SemaphorePermit<'a>, AcquireError>>) -> Option<SemaphorePermit<'a>> {
    tokio::time::timeout(WAIT, acquire).await.ok()?.ok()
}

/// One of the waiting; leaves by drop, also when the client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let entered = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < WAITING_MAX).then_some(entered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::{sync::Arc, thread};

    use futures_util::FutureExt;

    use super::*;

    /// Without waiting.
    fn enter(gate: &Gate) -> Option<Place<'_>> {
        Some(Place { gate, permit: Some(gate.places.try_acquire().ok()?) })
    }

    /// Free places, and those still to be taken away.
    fn state(gate: &Gate) -> (usize, usize) {
        (gate.free(), gate.debt.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn too_many_who_wait_are_refused_at_once() {
        let gate = Gate::default();
        gate.resize(1);
        let place = enter(&gate).unwrap();
        assert!(gate.enter().now_or_never().is_none());
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0, "who goes away waits no more");
        gate.waiting.store(WAITING_MAX, Ordering::Relaxed);
        assert!(matches!(gate.enter().now_or_never(), Some(None)));
        drop(place);
        assert!(enter(&gate).is_some());
    }

    #[test]
    fn a_smaller_gate_takes_free_places_at_once_and_the_others_as_they_come_back() {
        let gate = Gate::default();
        gate.resize(5);
        let mut places: Vec<_> = (0..4).map(|_| enter(&gate).unwrap()).collect();
        gate.resize(2);
        assert_eq!(state(&gate), (0, 2));
        places.pop();
        places.pop();
        assert_eq!(state(&gate), (0, 0));
        places.pop();
        assert_eq!(state(&gate), (1, 0));
        // Larger while it still shrinks: what was to be taken away stays.
        places.push(enter(&gate).unwrap());
        gate.resize(1);
        assert_eq!(state(&gate), (0, 1));
        gate.resize(4);
        assert_eq!(state(&gate), (2, 0));
        places.clear();
        assert_eq!(state(&gate), (4, 0));
    }

    #[tokio::test]
    async fn a_gate_shrinks_under_those_who_wait() {
        let gate = Gate::default();
        gate.resize(2);
        let (first, second) = (enter(&gate).unwrap(), enter(&gate).unwrap());
        let mut waiting = std::pin::pin!(gate.enter());
        assert!(waiting.as_mut().now_or_never().is_none());
        gate.resize(1);
        drop(first);
        assert!(waiting.as_mut().now_or_never().is_none(), "the place was not handed on");
        drop(second);
        assert!(waiting.now_or_never().flatten().is_some());
    }

    #[test]
    fn no_place_is_lost_or_made_while_the_size_changes() {
        let gate = Arc::new(Gate::default());
        let most = Arc::new(AtomicUsize::new(0));
        let inside = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (gate, most, inside) = (Arc::clone(&gate), Arc::clone(&most), Arc::clone(&inside));
                thread::spawn(move || {
                    for _ in 0..20_000 {
                        let Some(place) = enter(&gate) else { continue };
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(place);
                    }
                })
            })
            .collect();
        let mut draw = 1_u64;
        while workers.iter().any(|worker| !worker.is_finished()) {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            gate.resize(1 + (draw >> 60));
        }
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        gate.resize(3);
        assert_eq!(state(&gate), (3, 0));
        assert!((1..=16).contains(&most.load(Ordering::SeqCst)));
    }
}
