//! Jobs: what scripts, triggers and schedules have enqueued, run through the same admission as requests.
//!
//! One task makes the runs of schedules, claims what is due, no more than it has room for, and starts a task for each. All apps have their turn, and of each only so
//! many run at once here. The end of a job that went well is its commit; of any other one it is told to the store. Nothing is lost with this process: what it had
//! claimed is due again when its lease is over.

mod run;
mod slots;

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use store::{AppId, ClaimedJob, Data, ExecutionId, JobClaim, JobId, NextDue};
use tokio::{
    sync::Notify,
    task::{self, JoinError, JoinSet},
    time::{Instant, interval, sleep_until, timeout},
};

use crate::Orchestrator;

/// Jobs of all apps that run at once on this node: at most so many, and half of its sandboxes.
const RUNNING_MAX: usize = 256;
/// Claimed in one go.
const CLAIM_MAX: u32 = 64;
/// Of one app in one go, until it has its next turn.
const CLAIM_PER_APP_MAX: u32 = 8;
/// What other nodes have enqueued, and don't run themselves, and schedules that they have made or resumed, are found at the latest after this: sooner than a slot counts as
/// missed.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const _: () = assert!((LOOK_EVERY.as_secs() as i64) < triggers::LATE_MAX.as_secs());
/// What is due but finds no room, or is another node's now, is looked for again after this, or when a job has ended.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A lease lasts four times as long.
const EXTEND_EVERY: Duration = Duration::from_secs(15);

/// Wakes the one who runs jobs.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    woken: Notify,
}

impl Queue {
    /// Something has changed in the queue of some app, or its schedules.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }
}

/// The jobs of this node.
struct Running {
    tasks: JoinSet<()>,
    jobs: HashMap<task::Id, (AppId, JobId, ExecutionId)>,
    /// The last app that had its turn, if others still wait for theirs.
    turn: Option<AppId>,
}

impl Orchestrator {
    /// Looks for jobs at once: for whoever has changed a queue in the database.
    pub fn wake_queue(&self) {
        self.queue.wake();
    }

    /// Runs jobs and schedules of all apps until `shutdown` completes, and returns when the last of them has ended, or has had as long as a request. Spawned once by the
    /// binary.
    pub async fn run_jobs(self: Arc<Self>, data: Data, shutdown: impl Future<Output = ()>) {
        let mut running = Running { tasks: JoinSet::new(), jobs: HashMap::new(), turn: None };
        let mut shutdown = pin!(shutdown);
        let mut extend = interval(EXTEND_EVERY);
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = running.tasks.join_next_with_id() => {
                    running.forget(ended);
                    // Others of its app may have waited for its place.
                    look_at = Instant::now();
                }
                _ = extend.tick() => running.extend(&data).await,
                () = self.queue.woken.notified() => look_at = Instant::now(),
                () = sleep_until(look_at) => look_at = Instant::now() + self.look(&mut running, &data).await,
            }
        }
        if timeout(self.config.connections.drain, running.end(&data)).await.is_err() {
            tracing::warn!("jobs did not end in time and are left: they run again when their leases are over");
        }
    }

    /// Starts what is due, and says after how long to look again.
    async fn look(self: &Arc<Self>, running: &mut Running, data: &Data) -> Duration {
        match self.start_due(running, data).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue can't be asked");
                LOOK_AGAIN
            }
        }
    }

    async fn start_due(self: &Arc<Self>, running: &mut Running, data: &Data) -> store::Result<Duration> {
        let next = data.next_due().await?;
        if !is_due(next.job_ms) && !is_due(next.slot_ms) {
            return Ok(pause_until(next));
        }
        // Their runs are jobs, and due then.
        let is_more_due = is_due(next.slot_ms) && self.make_runs(data).await?;
        self.start_jobs(running, data).await?;
        Ok(if is_more_due { Duration::ZERO } else { pause_until(data.next_due().await?) })
    }

    /// Starts jobs that are due, as far as there is room for them.
    async fn start_jobs(self: &Arc<Self>, running: &mut Running, data: &Data) -> store::Result<()> {
        let running_max = RUNNING_MAX.min(self.config.concurrency / 2).max(1);
        // From where the last turn ended to the last app, and once more from the first.
        let mut is_last_round = running.turn.is_none();
        loop {
            let room = u32::try_from(running_max.saturating_sub(running.jobs.len())).unwrap_or(0).min(CLAIM_MAX);
            if room == 0 {
                return Ok(());
            }
            let rooms = self.rooms(running);
            let now = Timestamp::from_millisecond(i64::try_from((self.config.clock)()).unwrap_or(0)).unwrap_or_default();
            let claim = JobClaim { jobs_max: room, per_app_max: CLAIM_PER_APP_MAX, rooms: &rooms, after: running.turn, now };
            let claimed = data.claim_jobs(&claim).await?;
            if claimed.died > 0 {
                self.metrics.jobs_dead.add(claimed.died);
                tracing::warn!(jobs = claimed.died, "jobs whose node was lost each time are dead letters now");
            }
            claimed.jobs.into_iter().for_each(|job| self.start(running, data, job));
            running.turn = claimed.next;
            if running.turn.is_none() && std::mem::replace(&mut is_last_round, true) {
                return Ok(());
            }
        }
    }

    /// Apps that have room for less, or more, than [`CLAIM_PER_APP_MAX`] jobs.
    fn rooms(&self, running: &Running) -> Vec<(AppId, u32)> {
        let mut counts: HashMap<AppId, u64> = HashMap::new();
        running.jobs.values().for_each(|(app, ..)| *counts.entry(*app).or_default() += 1);
        let room = |app, count| {
            let most = self.table.by_id(app).map_or(0, |app| app.limits.queue_concurrency);
            u32::try_from(most.saturating_sub(count)).unwrap_or(u32::MAX).min(CLAIM_PER_APP_MAX)
        };
        counts.into_iter().map(|(app, count)| (app, room(app, count))).collect()
    }

    fn start(self: &Arc<Self>, running: &mut Running, data: &Data, job: ClaimedJob) {
        let key = (job.app(), job.id(), job.execution());
        let (orchestrator, data) = (Arc::clone(self), data.clone());
        let task = running.tasks.spawn(async move { orchestrator.run_job(&data, &job).await });
        running.jobs.insert(task.id(), key);
    }
}

fn is_due(due_in_ms: Option<i64>) -> bool {
    due_in_ms.is_some_and(|ms| ms <= 0)
}

/// How long there is nothing to do. What is due although it was looked at is of apps that have no room for it now, or another node's.
fn pause_until(next: NextDue) -> Duration {
    let pause = |due_in_ms: Option<i64>| match due_in_ms.map(u64::try_from) {
        None => LOOK_EVERY,
        // A millisecond late is better than a millisecond early, twice.
        Some(Ok(ms @ 1..)) => Duration::from_millis(ms.saturating_add(1)).min(LOOK_EVERY),
        Some(Ok(0) | Err(_)) => LOOK_AGAIN,
    };
    pause(next.job_ms).min(pause(next.slot_ms))
}

impl Running {
    fn forget(&mut self, ended: Result<(task::Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            // Its lease is not extended any more, so it is delivered again.
            Err(error) => {
                tracing::error!(%error, "a job ended by a defect of PiCloud");
                error.id()
            }
        };
        self.jobs.remove(&task);
    }

    /// Asks for more time for all of them.
    async fn extend(&self, data: &Data) {
        if self.jobs.is_empty() {
            return;
        }
        let jobs: Vec<_> = self.jobs.values().copied().collect();
        if let Err(error) = data.extend_leases(&jobs).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "leases of jobs can't be extended");
        }
    }

    async fn end(&mut self, data: &Data) {
        let mut extend = interval(EXTEND_EVERY);
        loop {
            tokio::select! {
                biased;
                ended = self.tasks.join_next_with_id() => match ended {
                    Some(ended) => self.forget(ended),
                    None => return,
                },
                _ = extend.tick() => self.extend(data).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_look_is_at_whichever_comes_first() {
        let pause = |job_ms, slot_ms| pause_until(NextDue { job_ms, slot_ms });
        assert_eq!(pause(None, None), LOOK_EVERY);
        assert_eq!((pause(Some(5), None), pause(None, Some(5))), (Duration::from_millis(6), Duration::from_millis(6)));
        assert_eq!(pause(Some(90_000), Some(7)), Duration::from_millis(8));
        assert_eq!(pause(Some(i64::MAX), Some(90_000)), LOOK_EVERY);
        // What is due and could not be done does not make the node ask on and on, nor wait with what comes before.
        assert_eq!((pause(Some(0), None), pause(None, Some(-4))), (LOOK_AGAIN, LOOK_AGAIN));
        assert_eq!(pause(Some(-1), Some(3)), Duration::from_millis(4));
    }
}
