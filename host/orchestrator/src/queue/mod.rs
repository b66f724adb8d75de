//! Jobs: what scripts have enqueued, run through the same admission as requests.
//!
//! One task claims what is due, no more than it has room for, and starts a task for each. All apps have their turn, and of each only so many run at once here. The end of a job
//! that went well is its commit; of any other one it is told to the store. Nothing is lost with this process: what it had claimed is due again when its lease is over.

mod run;

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use store::{AppId, ClaimedJob, Data, ExecutionId, JobClaim, JobId};
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
/// What other nodes have enqueued, and don't run themselves, is found at the latest after this.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What is due but finds no room is looked for again after this, or when a job has ended.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A lease lasts four times as long.
const EXTEND_EVERY: Duration = Duration::from_secs(15);

/// Wakes the one who runs jobs.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    woken: Notify,
}

impl Queue {
    /// Something has changed in the queue of some app.
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

    /// Runs jobs of all apps until `shutdown` completes, and returns when the last of them has ended, or has had as long as a request. Spawned once by the
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
        let due_in = data.next_job_ms().await?;
        if let Some(pause) = pause_until(due_in) {
            return Ok(pause);
        }
        let running_max = RUNNING_MAX.min(self.config.concurrency / 2).max(1);
        // From where the last turn ended to the last app, and once more from the first.
        let mut is_last_round = running.turn.is_none();
        loop {
            let room = u32::try_from(running_max.saturating_sub(running.jobs.len())).unwrap_or(0).min(CLAIM_MAX);
            if room == 0 {
                return Ok(LOOK_AGAIN);
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
                break;
            }
        }
        // What is still due is of apps that have no room for it now.
        Ok(pause_until(data.next_job_ms().await?).unwrap_or(LOOK_AGAIN))
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

/// How long there is nothing to do; `None`: something is due.
fn pause_until(due_in_ms: Option<i64>) -> Option<Duration> {
    let Some(due_in_ms) = due_in_ms else { return Some(LOOK_EVERY) };
    let due_in_ms = u64::try_from(due_in_ms).ok().filter(|due_in_ms| *due_in_ms > 0)?;
    // A millisecond late is better than a millisecond early, twice.
    Some(Duration::from_millis(due_in_ms + 1).min(LOOK_EVERY))
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
