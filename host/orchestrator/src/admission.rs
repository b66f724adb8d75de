//! Step 3: who may start, and when (429 for the app's bound, 503 for the instance's).
//!
//! Two places are needed: one in the app, taken before anything of the request is read, and one of the instance's sandboxes, taken when the
//! request is complete, so that a slow upload holds no sandbox. Both are handed out first come, first served, and given back by drop, also when
//! the client goes away. The fair queue between apps will take the seat of the semaphore behind [`Permit::sandbox`].

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, TryAcquireError};

use crate::error::Refusal;

/// Requests of one app that are past admission at once.
const APP_CONCURRENCY: usize = 32;
/// Requests of one app that wait for a place; beyond it the refusal is immediate.
const APP_WAITING_MAX: usize = 256;
/// Questions of one app to the database at once (S-3.4).
const APP_DATABASE_CONCURRENCY: usize = 4;
/// How long a request waits for either place.
const WAIT: Duration = Duration::from_secs(1);

/// The instance's sandboxes.
#[derive(Debug)]
pub(crate) struct Admission {
    sandboxes: Semaphore,
}

/// The places of one app. Outlives its deployments.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    waiting: AtomicUsize,
    database: Semaphore,
    /// Executions that are run again, since others changed what they had read: one at a time, so that those don't cross again.
    reruns: Semaphore,
}

/// A place in the app. The request may be read and routed.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    admission: &'a Admission,
    _place: SemaphorePermit<'a>,
}

impl Admission {
    /// `sandboxes`: as many executions as the executor's pool holds at once.
    pub(crate) fn new(sandboxes: usize) -> Self {
        Self { sandboxes: Semaphore::new(sandboxes.clamp(1, Semaphore::MAX_PERMITS)) }
    }

    /// Takes a place in the app, waiting for at most a second.
    ///
    /// # Errors
    /// [`Refusal::AppBusy`].
    pub(crate) async fn admit<'a>(&'a self, gate: &'a Gate) -> Result<Permit<'a>, Refusal> {
        let place = match gate.places.try_acquire() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => gate.wait().await.ok_or(Refusal::AppBusy)?,
        };
        Ok(Permit { admission: self, _place: place })
    }

    /// Sandboxes in use, for the summary.
    pub(crate) fn free(&self) -> usize {
        self.sandboxes.available_permits()
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            places: Semaphore::new(APP_CONCURRENCY),
            waiting: AtomicUsize::new(0),
            database: Semaphore::new(APP_DATABASE_CONCURRENCY),
            reruns: Semaphore::new(1),
        }
    }
}

impl Gate {
    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let waiting = Waiting::enter(&self.waiting)?;
        let place = within_wait(self.places.acquire()).await;
        drop(waiting);
        place
    }
}

impl Gate {
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
}

impl<'a> Permit<'a> {
    /// Takes a sandbox, waiting for at most a second. The place in the app is kept meanwhile.
    ///
    /// # Errors
    /// [`Refusal::InstanceBusy`].
    pub(crate) async fn sandbox(&self) -> Result<SemaphorePermit<'a>, Refusal> {
        match self.admission.sandboxes.try_acquire() {
            Ok(sandbox) => Ok(sandbox),
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                within_wait(self.admission.sandboxes.acquire()).await.ok_or(Refusal::InstanceBusy)
            }
        }
    }
}

/// One of the waiting; leaves by drop, also when the client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let entered = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < APP_WAITING_MAX).then_some(entered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn within_wait<'a>(acquire: impl Future<Output = Result<SemaphorePermit<'a>, AcquireError>>) -> Option<SemaphorePermit<'a>> {
    tokio::time::timeout(WAIT, acquire).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use futures_util::{FutureExt, future::join_all};

    use super::*;

    #[tokio::test]
    async fn places_come_back_by_drop() {
        let (admission, gate) = (Admission::new(1), Gate::default());
        let permit = admission.admit(&gate).await.unwrap();
        let sandbox = permit.sandbox().await.unwrap();
        assert_eq!(admission.free(), 0);
        // A future that is dropped while it waits leaves nothing behind.
        assert!(permit.sandbox().now_or_never().is_none());
        drop(sandbox);
        assert_eq!(admission.free(), 1);
        drop(permit);
        assert_eq!(gate.places.available_permits(), APP_CONCURRENCY);
    }

    #[tokio::test]
    async fn an_app_beyond_its_bound_waits_and_is_then_refused() {
        let (admission, gate) = (Admission::new(100), Gate::default());
        let permits: Vec<_> = join_all((0..APP_CONCURRENCY).map(|_| admission.admit(&gate))).await;
        assert!(permits.iter().all(Result::is_ok));
        assert!(admission.admit(&gate).now_or_never().is_none());
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        gate.waiting.store(APP_WAITING_MAX, Ordering::Relaxed);
        assert!(matches!(admission.admit(&gate).now_or_never(), Some(Err(Refusal::AppBusy))));
    }
}
