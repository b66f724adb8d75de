//! Steps 6 to 8 for both callers, the data path and the control plane's call by id: execute, check the answer, leave the row behind.

use execution::{Failure, HttpRequest, InvocationType, Logs, Outcome, Response as Answer, Usage};
use http::Response;
use store::{ExecutionId, NewExecution, RouteId};
use uuid::Uuid;

use crate::{
    Orchestrator, Recorder,
    admission::Permit,
    body::Body,
    error::{Refusal, failure_response, status_of},
    request::Arrival,
    response::{self, Checked, HostOwner},
    table::{App, Script, Version},
};

/// What is asked to run.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) version: &'a Version,
    pub(crate) script: &'a Script,
    /// The route, and whose its host is; `None` for a call by id, which happens on the instance's host.
    pub(crate) route: Option<(RouteId, HostOwner)>,
    pub(crate) kind: InvocationType,
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
    /// Already checked against the rules of HTTP: a breach is a failure `invalid_response`.
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
    AppBusy,
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
    row: Option<NewExecution>,
}

impl Orchestrator {
    /// Runs a script and records the run.
    ///
    /// # Errors
    /// Nothing ran.
    pub(crate) async fn run(&self, call: Call<'_>, arrival: Arrival, request: HttpRequest, permit: &Permit<'_>) -> Result<Ended, Refusal> {
        let image = call.script.image.as_ref().ok_or(Refusal::NotLoaded)?;
        let _sandbox = permit.sandbox().await?;
        let id = arrival.id;
        let (method, host, path) = (request.method.clone(), request.host.clone(), request.path.clone());
        let invocation = arrival.invocation(call.app, call.version, call.script, call.kind, request);
        let row = NewExecution {
            id: ExecutionId::from(id),
            app: call.app.id,
            request_id: invocation.request_id.clone(),
            script: call.script.id,
            route: call.route.map(|(route, _)| route),
            deployment: call.version.deployment,
            invocation_type: call.kind,
            outcome: "cancelled",
            status: None,
            method,
            host,
            path,
            usage: Usage::default(),
            failure: None,
            logs_dropped: 0,
        };
        let running = Running { recorder: &self.recorder, row: Some(row) };

        // 6. Execute.
        let Outcome { result, usage, logs } = self.executor.execute(image, invocation, &call.version.limits).await;

        // 7. Check the answer.
        let owner = call.route.map_or(HostOwner::Shared, |(_, owner)| owner);
        let result = result.and_then(|answer| response::check(answer, &call.version.limits, owner));

        // 8. The row and the logs.
        let kept = if call.kind == InvocationType::Test { logs.clone() } else { Logs::default() };
        running.end(&result, usage, logs);
        Ok(Ended { id, result, usage, logs: kept })
    }
}

impl Running<'_> {
    fn end(mut self, result: &Result<Checked, Failure>, usage: Usage, logs: Logs) {
        let Some(mut row) = self.row.take() else { return };
        let (outcome, status, failure) = match result {
            Ok(checked) => ("ok", checked.status, None),
            Err(failure) => (failure.kind.as_str(), status_of(failure.kind), Some(failure.clone())),
        };
        (row.outcome, row.status, row.failure) = (outcome, Some(status.as_u16()), failure);
        (row.usage, row.logs_dropped) = (usage, logs.dropped);
        self.recorder.record(row, logs);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(row) = self.row.take() {
            self.recorder.record(row, Logs::default());
        }
    }
}

impl Ended {
    /// Whether the visitor sees a status of 500 or above.
    pub(crate) fn has_failed(&self) -> bool {
        self.result.as_ref().map_or_else(|failure| status_of(failure.kind), |checked| checked.status).is_server_error()
    }

    /// What the visitor gets.
    pub(crate) fn into_response(self) -> Response<Body> {
        match self.result {
            Ok(checked) => response::build(checked, self.id),
            Err(Failure { kind, .. }) => failure_response(kind, self.id),
        }
    }

    /// What the control plane gets.
    pub(crate) fn into_invoked(self) -> Invoked {
        let result = self.result.map(|checked| Answer {
            status: checked.status.as_u16(),
            headers: checked
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body: checked.body,
        });
        Invoked { execution_id: self.id, outcome: Outcome { result, usage: self.usage, logs: self.logs } }
    }
}

impl From<Refusal> for InvokeError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotLoaded => Self::NotLoaded,
            Refusal::AppBusy => Self::AppBusy,
            Refusal::InstanceBusy => Self::InstanceBusy,
            _ => Self::Internal,
        }
    }
}
