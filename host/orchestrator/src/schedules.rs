//! Schedules: at each slot a job, and the queue does the rest.
//!
//! Every node looks, at the moment of the next slot; the database decides who makes its run, and that there is one.

use std::{pin::pin, sync::Arc, time::Duration};

use execution::AppLimits;
use jiff::Timestamp;
use store::{AppId, Data};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::Orchestrator;

/// Schedules that another node has made or resumed, and this one has not heard of, are found at the latest after this.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// After a database that can't be asked.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Wakes the one who looks.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    woken: Notify,
}

impl Schedules {
    /// Schedules may have changed.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }
}

impl Orchestrator {
    /// Puts the runs of schedules into the queues until `shutdown` completes. Spawned once by the binary.
    pub async fn run_schedules(self: Arc<Self>, data: Data, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = self.schedules.woken.notified() => look_at = Instant::now(),
                () = sleep_until(look_at) => {
                    let pause = self.materialize(&data).await.unwrap_or_else(|error| {
                        tracing::warn!(error = &error as &dyn std::error::Error, "schedules can't be asked");
                        LOOK_AGAIN
                    });
                    look_at = Instant::now() + pause;
                }
            }
        }
    }

    /// Makes the runs that are due, and says after how long to look again.
    async fn materialize(&self, data: &Data) -> store::Result<Duration> {
        let pause = pause_until(data.next_slot_ms().await?);
        if !pause.is_zero() {
            return Ok(pause);
        }
        let jobs_max = |app: AppId| self.table.by_id(app).map_or_else(|| AppLimits::default().queue_jobs, |app| app.limits.queue_jobs);
        let now = Timestamp::from_millisecond(i64::try_from((self.config.clock)()).unwrap_or(0)).unwrap_or_default();
        let made = data.materialize_schedules(jobs_max, now).await?;
        if made.runs > 0 {
            self.queue.wake();
        }
        if made.is_more_due {
            return Ok(Duration::ZERO);
        }
        // What is still due is another node's now, or this one can't read it.
        Ok(pause_until(data.next_slot_ms().await?).max(Duration::from_millis(1)))
    }
}

fn pause_until(due_in_ms: Option<i64>) -> Duration {
    let Some(due_in_ms) = due_in_ms else { return LOOK_EVERY };
    // A millisecond late is better than a millisecond early, twice.
    u64::try_from(due_in_ms).map_or(Duration::ZERO, |due_in_ms| Duration::from_millis(due_in_ms + 1)).min(LOOK_EVERY)
}
