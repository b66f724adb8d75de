//! One job, from its claim to its end.

use std::time::Duration;

use execution::{Failure, FailureKind};
use store::{ClaimedJob, Data, FailedAttempt};

use crate::{
    Orchestrator,
    admission::Applicant,
    egress::Hops,
    error::Refusal,
    execute::Call,
    request::{Arrival, Cause},
    stream::Outlet,
};

/// What finds no place, or no app yet, is tried again after about this.
const RETURN_AFTER: Duration = Duration::from_secs(1);

/// While the database is away, the end of a job is told to it so often, as long as its lease would last.
const SETTLE_TRIES: u32 = 60;
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Why an attempt is over.
enum Over {
    /// The job is done.
    Done,
    /// It is tried again, or is a dead letter.
    Failed { outcome: &'static str, message: String, has_run: bool, is_final: bool },
    /// It could not be begun: another time.
    Returned,
}

impl Orchestrator {
    /// Runs a job once, and settles what comes of it.
    pub(super) async fn run_job(&self, data: &Data, job: &ClaimedJob) {
        let _running = self.metrics.jobs_running.enter();
        let over = self.attempt(job).await;
        for _ in 0..SETTLE_TRIES {
            match self.settle(data, job, &over).await {
                Ok(()) => return,
                Err(error @ store::Error::Unavailable { .. }) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, app = %job.app(), job = %job.id(), "a job is not settled yet");
                    tokio::time::sleep(SETTLE_AGAIN).await;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, app = %job.app(), job = %job.id(), "a job is not settled");
                    break;
                }
            }
        }
        // Its lease ends by itself.
    }

    async fn attempt(&self, job: &ClaimedJob) -> Over {
        // Another node may have made it while this one has not heard of it.
        let Some(app) = self.table.by_id(job.app()) else { return Over::Returned };
        let hops = Hops::of(job.hops);
        if hops.is_loop() {
            let message = "too many calls of PiCloud by PiCloud in a row have led to this job".to_owned();
            return Over::Failed { outcome: "loop", message, has_run: false, is_final: true };
        }
        // A script can't enqueue one that is too deep; a trigger can't refuse the write that it follows.
        let most = app.version.limits.queue_depth;
        if u64::from(job.depth) > most {
            let message = format!("{} jobs in a row have led to this one, and {most} may (queue_depth)", job.depth - 1);
            return Over::Failed { outcome: "loop", message, has_run: false, is_final: true };
        }
        let Some(script) = app.version.script_named(&job.script).filter(|script| script.image.is_some()) else {
            let message =
                format!("the active deployment ({}) has no endpoint `{}`, or it does not compile", app.version.deployment, job.script);
            return Over::Failed { outcome: "no_script", message, has_run: false, is_final: false };
        };
        let ended = async {
            let applicant = Applicant { app: app.id, limits: &app.limits, client: None };
            let permit = self.admission.admit(&app.gate, applicant).await?;
            let call = Call { app: &app, version: &app.version, script, route: None, hops, outlet: Outlet::Nowhere };
            let arrival = Arrival::again(job.execution().uuid(), job.traceparent.as_deref(), self.config.clock, &self.config.telemetry)?;
            self.run(call, arrival, Cause::Job(job), &permit).await
        };
        match ended.await {
            Ok(ended) => match ended.failure() {
                None => Over::Done,
                // Not the job's doing: it has its attempts when the database is back.
                Some(Failure { kind: FailureKind::StateUnavailable, .. }) => Over::Returned,
                Some(Failure { kind, message, .. }) => {
                    Over::Failed { outcome: kind.as_str(), message: message.clone(), has_run: true, is_final: false }
                }
            },
            Err(refusal) => {
                let refusal: Refusal = refusal;
                self.refusals.count(&refusal);
                Over::Returned
            }
        }
    }

    /// Tells the store what becomes of the job.
    async fn settle(&self, data: &Data, job: &ClaimedJob, over: &Over) -> store::Result<()> {
        let chance = job.execution().uuid().as_bytes()[15];
        match over {
            Over::Done => self.metrics.jobs_done.add(1),
            Over::Returned => {
                data.return_job(job, RETURN_AFTER + RETURN_AFTER * u32::from(chance) / 255).await?;
                self.metrics.jobs_returned.add(1);
            }
            Over::Failed { outcome, message, has_run, is_final } => {
                let failed = FailedAttempt { outcome, message, has_run: *has_run, is_final: *is_final, chance };
                let is_dead = data.fail_job(job, &failed).await?;
                let count = if is_dead { &self.metrics.jobs_dead } else { &self.metrics.jobs_failed };
                count.add(1);
                if is_dead {
                    tracing::info!(app = %job.app(), job = %job.id(), outcome, "a job is a dead letter");
                }
            }
        }
        Ok(())
    }
}
