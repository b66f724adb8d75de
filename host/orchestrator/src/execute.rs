//! Steps 6 to 8 for both callers, the data path and the control plane's call by id: execute, check the answer, leave the row behind.

use std::{sync::Arc, time::Duration};

use execution::{Effects, Failure, Image, Invocation, InvocationType, Logs, Outcome, Tape, TracedCall, Usage};
use http::{Response, StatusCode};
use jiff::Timestamp;
use store::{ExecutionId, NewExecution, NewRecording, RouteId};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Orchestrator, Reached, Recorder,
    admission::Permit,
    body::Body,
    commit::{self, Attempt, Of, RERUNS_MAX},
    egress::{CalledFrom, Hops},
    error::{Refusal, failure_response, status_of},
    gate::Gate,
    metrics::Metrics,
    recording,
    request::{Arrival, Cause},
    response::{self, Checked, HostOwner, Rules},
    services::{AnswerInPieces, AppServices},
    stream::{Outlet, StreamPlaces},
    table::{App, Script, Version},
    telemetry::TraceContext,
    traced::Traced,
    unsent::Room,
    watcher::Watcher,
};

/// What is asked to run.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) version: &'a Version,
    pub(crate) script: &'a Script,
    /// The route, and whose its host is; `None` for a call by id, which happens on the instance's host, and for a job.
    pub(crate) route: Option<(RouteId, HostOwner)>,
    /// Calls by scripts that led here.
    pub(crate) hops: Hops,
    /// Where the answer goes if it is sent in pieces.
    pub(crate) outlet: Outlet,
}

/// An execution that ended; its row is on the way.
pub(crate) struct Ended {
    id: Uuid,
    result: Result<Checked, Failure>,
    usage: Usage,
    /// Kept for a call by id only: nobody else reads them here.
    logs: Logs,
}

/// A run that took place on behalf of the control plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoked {
    /// Names the row.
    pub execution_id: Uuid,
    /// Already checked against the rules of HTTP (a breach is a failure `invalid_response`) and committed: no effects are left.
    pub outcome: Outcome,
}

/// Why nothing ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// This node does not know the script (yet), it is no endpoint, or it could not be compiled when it was loaded.
    #[error("the script is not loaded")]
    NotLoaded,
    /// Worth another try after a second.
    #[error("the app runs as many executions as it may")]
    AppBusy(Reached),
    /// Worth another try after so many seconds.
    #[error("the app gets more requests than it may")]
    TooOften { reached: Reached, retry_after_seconds: u64 },
    /// Worth another try after a second.
    #[error("the instance has no sandbox free")]
    InstanceBusy,
    /// The operating system failed to give random numbers.
    #[error("the server failed")]
    Internal,
}

/// The row of an execution that runs. Dropped before its end, because the client went away or the process stops, it is recorded as cancelled.
struct Running<'a> {
    recorder: &'a Recorder,
    /// `None`: no spans are made of it.
    traced: Option<Traced<'a>>,
    metrics: &'a Metrics,
    gate: &'a Gate,
    watcher: Option<&'a dyn Watcher>,
    script: &'a str,
    began: Instant,
    row: Option<NewExecution>,
}

impl Orchestrator {
    /// Runs a script and records the run.
    ///
    /// # Errors
    /// Nothing ran.
    pub(crate) async fn run(&self, call: Call<'_>, arrival: Arrival, cause: Cause<'_>, permit: &Permit<'_>) -> Result<Ended, Refusal> {
        let image = call.script.image.as_ref().ok_or(Refusal::NotLoaded)?;
        let _sandbox = permit.sandbox().await?;
        let (id, trace, began) = (arrival.id, arrival.trace, arrival.began);
        let traced = trace.is_sampled.then(|| Traced::new(&self.config.telemetry, call.app, call.script, &arrival));
        let (kind, job) = (cause.kind(), cause.job());
        let [method, host, path] = cause.target();
        let invocation = arrival.invocation(call.app, call.version, call.script, cause);
        let row = NewExecution {
            id: ExecutionId::from(id),
            app: call.app.id,
            request_id: invocation.request_id.clone(),
            script: call.script.id,
            route: call.route.map(|(route, _)| route),
            job,
            deployment: call.version.deployment,
            invocation_type: kind,
            outcome: "cancelled",
            status: None,
            method,
            host,
            path,
            usage: Usage::default(),
            failure: None,
            calls: Vec::new(),
            logs_dropped: 0,
            attempts: 1,
            recording: None,
            trace: (trace.trace != id.as_u128()).then(|| Uuid::from_u128(trace.trace)),
        };
        let watcher = self.config.watcher.as_deref();
        let (metrics, gate, script) = (&self.metrics, &*call.app.gate, &*call.script.name);
        let mut running = Running { recorder: &self.recorder, traced, metrics, gate, watcher, script, began, row: Some(row) };

        // 6 and 7. Execute, check the answer, commit.
        let last = self.run_until_committed(&call, image, &invocation, trace, &mut running).await;

        // 8. The row, the logs and the recording.
        let kept = if kind == InvocationType::Test { last.logs.clone() } else { Logs::default() };
        let recording = recording::make(&call, invocation, &self.config.guest, &last, &self.metrics, || self.admission.clock_ns());
        let LastRun { mut result, usage, logs, .. } = last;
        running.end(&result, usage, logs, recording, call.outlet.sent_status());
        call.outlet.end(&mut result).await;
        Ok(Ended { id, result, usage, logs: kept })
    }

    fn stream_places(&self, app: &App) -> StreamPlaces {
        StreamPlaces { of_app: Arc::clone(&app.gate.streams), of_app_max: app.limits.streams, of_node: Arc::clone(&self.streams) }
    }

    /// Runs the script in a fresh sandbox, and again, with the same id, seed and clock, while others change what it has read.
    async fn run_until_committed(
        &self,
        call: &Call<'_>,
        image: &Image,
        invocation: &Invocation,
        trace: TraceContext,
        running: &mut Running<'_>,
    ) -> LastRun {
        let limits = &call.version.limits;
        let rules = Rules::new(limits, call.owner());
        let now = Timestamp::from_millisecond(i64::try_from(invocation.now_ms).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
        let of = Of { now, hops: call.hops, trace, depth: invocation.depth };
        let from = CalledFrom { hops: call.hops, trace };
        let mut turn = None;
        let mut attempts = 1;
        loop {
            running.begin();
            let now_at = Instant::now();
            let deadline = now_at + Duration::from_millis(limits.wall_ms);
            let outbound = self.config.egress.outbound(Arc::clone(&call.app.egress), &call.app.limits, from, deadline);
            let times = (self.config.clock, now);
            let until = now_at + Duration::from_millis(limits.stream_ms.max(limits.wall_ms));
            let answer = AnswerInPieces { outlet: call.outlet.clone(), rules, places: self.stream_places(call.app), until };
            let services = AppServices::new(call.app, call.version, times, outbound, self.topic_key.clone(), answer);
            let (services, tape) = recording::begin(&call.app.limits, services);
            let Outcome { result, usage, logs, calls, effects } =
                self.turns.run(&call.app.gate.share, self.executor.execute(image, invocation, limits, services)).await;
            let result = result.and_then(|answer| response::check(answer, &rules));
            running.ran(attempts, calls);
            let mut last = LastRun { result, usage, logs, effects, tape, uncommitted: None };
            // A job is done with the commit, whether it writes or not.
            let is_job = running.is_job();
            if last.result.is_err() || !(is_job || last.effects.need_commit()) {
                return last;
            }
            let row = (is_job || last.effects.has_writes()).then(|| running.as_if(&last.result, last.usage, &last.logs)).flatten();
            // In a box: most executions have nothing to commit, and should not be as large as those that do.
            let failure = match Box::pin(commit::commit(call.app, &last.effects, of, row)).await {
                Attempt::Done { has_jobs } => {
                    if has_jobs {
                        self.queue.wake();
                    }
                    if !last.effects.messages.is_empty() {
                        self.topics.published();
                    }
                    return last;
                }
                Attempt::Failed(failure) => failure,
                Attempt::Conflict if attempts > RERUNS_MAX => commit::conflict("so it was run again, as often as it may be"),
                Attempt::Conflict => {
                    if turn.is_none() {
                        turn = call.app.gate.rerun().await;
                    }
                    attempts += 1;
                    continue;
                }
            };
            last.uncommitted = std::mem::replace(&mut last.result, Err(failure)).ok();
            return last;
        }
    }
}

/// The last attempt, and what became of it.
pub(crate) struct LastRun {
    pub(crate) result: Result<Checked, Failure>,
    pub(crate) usage: Usage,
    pub(crate) logs: Logs,
    /// What it has written, if it was committed.
    pub(crate) effects: Effects,
    /// What it was told; `None`: the app is not recorded.
    pub(crate) tape: Option<Tape>,
    /// The answer, if it was good and could not be committed.
    pub(crate) uncommitted: Option<Checked>,
}

impl Call<'_> {
    pub(crate) fn owner(&self) -> HostOwner {
        self.route.map_or(HostOwner::Shared, |(_, owner)| owner)
    }
}

impl Running<'_> {
    fn is_job(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.job.is_some())
    }

    /// An attempt begins.
    fn begin(&mut self) {
        if let Some(traced) = &mut self.traced {
            traced.attempt();
        }
    }

    /// It is over, one way or the other.
    fn leave(&self, row: NewExecution, logs: Logs) {
        self.metrics.executed(self.gate, &row);
        if let Some(traced) = &self.traced {
            traced.leave(&row);
        }
        if let Some(watcher) = self.watcher {
            watcher.ran(self.script, &row, &logs, self.began.elapsed());
        }
        let trace = row.trace.unwrap_or_else(|| row.id.uuid());
        tracing::debug!(app = %row.app, execution = %row.id, trace = %trace.simple(), outcome = row.outcome, wall_us = row.usage.wall_us, "an execution has ended");
        self.recorder.record(row, logs);
    }

    /// Once more, and waited for this.
    fn ran(&mut self, attempts: u32, calls: Vec<TracedCall>) {
        if let Some(row) = &mut self.row {
            (row.attempts, row.calls) = (attempts, calls);
        }
    }

    /// The row, if it ended so. The one that is kept stays that of a cancelled execution until the end is certain.
    fn as_if(&self, result: &Result<Checked, Failure>, usage: Usage, logs: &Logs) -> Option<NewExecution> {
        Some(ended(self.row.clone()?, result, usage, logs))
    }

    /// `sent`: the status that the visitor has got, whatever became of the rest.
    fn end(
        mut self,
        result: &Result<Checked, Failure>,
        usage: Usage,
        logs: Logs,
        recording: Option<NewRecording>,
        sent: Option<StatusCode>,
    ) {
        if let Some(row) = self.row.take() {
            let mut row = NewExecution { recording, ..ended(row, result, usage, &logs) };
            row.status = sent.map(|status| status.as_u16()).or(row.status);
            self.leave(row, logs);
        }
    }
}

fn ended(row: NewExecution, result: &Result<Checked, Failure>, usage: Usage, logs: &Logs) -> NewExecution {
    let (outcome, status, failure) = match result {
        Ok(checked) => ("ok", checked.status, None),
        Err(failure) => (failure.kind.as_str(), status_of(failure.kind), Some(failure.clone())),
    };
    // Nobody sees what a job answers.
    let status = row.job.is_none().then(|| status.as_u16());
    NewExecution { outcome, status, failure, usage, logs_dropped: logs.dropped, ..row }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Of a job that is cut off nobody knows the end yet: it is delivered again, as the same execution.
        if let Some(row) = self.row.take().filter(|row| row.job.is_none()) {
            self.leave(row, Logs::default());
        }
    }
}

impl Ended {
    /// Whether the visitor sees a status of 500 or above.
    pub(crate) fn has_failed(&self) -> bool {
        self.result.as_ref().map_or_else(|failure| status_of(failure.kind), |checked| checked.status).is_server_error()
    }

    /// Why it failed, if it did.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.result.as_ref().err()
    }

    /// What the visitor gets.
    pub(crate) fn into_response(self, room: Room) -> Response<Body> {
        match self.result {
            Ok(checked) => response::build(checked, self.id, room),
            Err(Failure { kind, .. }) => failure_response(kind, self.id),
        }
    }

    /// What the control plane gets.
    pub(crate) fn into_invoked(self) -> Invoked {
        let result = self.result.as_ref().map(Checked::to_answer).map_err(Clone::clone);
        Invoked {
            execution_id: self.id,
            outcome: Outcome { result, usage: self.usage, logs: self.logs, calls: Vec::new(), effects: Effects::default() },
        }
    }
}

impl From<Refusal> for InvokeError {
    fn from(refusal: Refusal) -> Self {
        let retry_after_seconds = refusal.retry_after_seconds().unwrap_or(1);
        match refusal {
            Refusal::NotLoaded => Self::NotLoaded,
            Refusal::AppBusy(reached) => Self::AppBusy(reached),
            Refusal::TooOften { reached, .. } => Self::TooOften { reached, retry_after_seconds },
            Refusal::InstanceBusy => Self::InstanceBusy,
            _ => Self::Internal,
        }
    }
}
