//! A sampled execution while it runs, until its spans are made of what is known of it at its end.

use std::time::Duration;

use store::NewExecution;
use tokio::time::Instant;

use crate::{
    request::Arrival,
    table::{App, Script},
    telemetry::{Execution, Telemetry, TraceContext},
};

/// What the row of an execution does not have.
pub(crate) struct Traced<'a> {
    telemetry: &'a Telemetry,
    context: TraceContext,
    app: &'a App,
    script: &'a Script,
    began_ms: u64,
    began: Instant,
    /// From its beginning until the last attempt began.
    waited: Duration,
}

impl<'a> Traced<'a> {
    pub(crate) fn new(telemetry: &'a Telemetry, app: &'a App, script: &'a Script, arrival: &Arrival) -> Self {
        let Arrival { trace, now_ms, began, .. } = *arrival;
        Self { telemetry, context: trace, app, script, began_ms: now_ms, began, waited: Duration::ZERO }
    }

    /// An attempt begins: the times of its calls count from here.
    pub(crate) fn attempt(&mut self) {
        self.waited = self.began.elapsed();
    }

    /// The execution ended so.
    pub(crate) fn leave(&self, row: &NewExecution) {
        self.telemetry.take(Execution {
            context: self.context,
            id: row.id.uuid(),
            app: row.app.uuid(),
            app_slug: self.app.slug.to_string(),
            script: self.script.name.to_string(),
            deployment: row.deployment,
            invocation_type: row.invocation_type.as_str(),
            job: row.job.map(|job| job.uuid()),
            outcome: row.outcome,
            status: row.status,
            method: row.method.clone(),
            host: row.host.clone(),
            path: row.path.clone(),
            fuel_used: row.usage.fuel_used,
            memory_peak_bytes: row.usage.memory_peak_bytes,
            attempts: row.attempts,
            began_ms: self.began_ms,
            took: self.began.elapsed(),
            waited: self.waited,
            calls: row.calls.clone(),
        });
    }
}
