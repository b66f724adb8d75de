//! Schedules: at each slot a job, and the queue does the rest. Every node looks, at the moment of the next slot; the database decides who makes its run, and that
//! there is one.

use execution::AppLimits;
use jiff::Timestamp;
use store::{AppId, Data};

use crate::Orchestrator;

impl Orchestrator {
    /// Puts runs that are due into the queues. Returns whether more are.
    pub(super) async fn make_runs(&self, data: &Data) -> store::Result<bool> {
        let jobs_max = |app: AppId| self.table.by_id(app).map_or_else(|| AppLimits::default().queue_jobs, |app| app.limits.queue_jobs);
        let now = Timestamp::from_millisecond(i64::try_from((self.config.clock)()).unwrap_or(0)).unwrap_or_default();
        Ok(data.materialize_schedules(jobs_max, now).await?.is_more_due)
    }
}
