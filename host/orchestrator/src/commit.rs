//! The end of step 6: what a script wrote becomes true, or the script is run again.

use execution::{Effects, Failure, FailureKind};
use jiff::Timestamp;
use store::{Commit, Committed, NewExecution, Quota};
use triggers::Happened;
use uuid::Uuid;

use crate::{egress::Hops, table::App, telemetry::TraceContext};

/// A script is run again so often, if what it read has changed meanwhile.
pub(crate) const RERUNS_MAX: u32 = 3;

/// What came of an attempt to commit.
pub(crate) enum Attempt {
    /// The answer may leave. The queue may have new jobs.
    Done {
        has_jobs: bool,
    },
    /// Others changed what was read: worth another run.
    Conflict,
    Failed(Failure),
}

/// The execution whose end it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) now: Timestamp,
    /// Of the calls that led to it.
    pub(crate) hops: Hops,
    /// Where in a trace it stands.
    pub(crate) trace: TraceContext,
    /// Jobs that led to it.
    pub(crate) depth: u32,
}

/// Commits what an execution that has an answer leaves behind, and what the app's triggers make of it. `row`: its row, written with it if it writes.
pub(crate) async fn commit(app: &App, effects: &Effects, Of { now, hops, trace, depth }: Of, row: Option<NewExecution>) -> Attempt {
    let Some(data) = &app.data else { return Attempt::Failed(unavailable()) };
    let Some(_turn) = app.gate.database().await else { return Attempt::Failed(unavailable()) };
    let quota = Quota::of(&app.limits);
    let name = |script: Uuid| app.version.script(script.into()).map(|script| script.name.to_string());
    let triggered = triggers::jobs(&app.triggers, Happened::by(effects), depth, name);
    let has_jobs = effects.has_jobs() || !triggered.is_empty();
    let traceparent = has_jobs.then(|| trace.as_parent());
    let traceparent = traceparent.as_deref();
    match data.commit(&Commit { effects, now, quota, triggered: &triggered, hops: hops.number(), traceparent, row: row.as_ref() }).await {
        Ok(Committed::Yes) => Attempt::Done { has_jobs },
        Ok(Committed::Conflict) if effects.irrevocable => {
            Attempt::Failed(conflict("it has called another server or begun its answer, so it was not run again"))
        }
        Ok(Committed::Conflict) => Attempt::Conflict,
        Ok(Committed::NotANumber { keys }) => Attempt::Failed(not_a_number(&keys)),
        Ok(Committed::OverQuota) => Attempt::Failed(over_quota(quota)),
        Ok(Committed::NotItsJob) => Attempt::Failed(not_its_job()),
        Ok(Committed::OverJobQuota) => Attempt::Failed(over_job_quota(quota)),
        Ok(Committed::OverFileQuota) => Attempt::Failed(over_file_quota(quota)),
        // Not worth another try, which would end the same way each time (a job would be given back for ever).
        Err(error @ store::Error::Database { .. }) => {
            tracing::error!(error = &error as &dyn std::error::Error, app = %app.id, "the database refuses what an execution leaves behind");
            Attempt::Failed(refused())
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, app = %app.id, "an execution is not committed");
            Attempt::Failed(unavailable())
        }
    }
}

/// The failure of an execution that met others each time.
pub(crate) fn conflict(why: &str) -> Failure {
    let message = format!("what the script read from its app's state was changed by others before it ended; {why}");
    Failure { kind: FailureKind::Conflict, message, trace: Vec::new() }
}

fn unavailable() -> Failure {
    let message = "the app's state can't be written just now; nothing of this execution was".to_owned();
    Failure { kind: FailureKind::StateUnavailable, message, trace: Vec::new() }
}

fn refused() -> Failure {
    let message = "the database refused what the script wrote: a defect of PiCloud; nothing of this execution was written".to_owned();
    Failure { kind: FailureKind::Internal, message, trace: Vec::new() }
}

fn over_quota(Quota { keys, bytes, .. }: Quota) -> Failure {
    let message = format!(
        "the app would keep more than its {keys} keys (kv_keys) or {bytes} bytes of keys and values (kv_bytes); nothing was written"
    );
    Failure { kind: FailureKind::Quota, message, trace: Vec::new() }
}

fn over_file_quota(Quota { files, file_bytes, .. }: Quota) -> Failure {
    let message = format!(
        "the app would keep more than its {files} files (files_count) or {file_bytes} bytes of files (files_bytes), replaced ones of the last \
         minutes included; nothing was written"
    );
    Failure { kind: FailureKind::Quota, message, trace: Vec::new() }
}

fn over_job_quota(Quota { jobs, .. }: Quota) -> Failure {
    let message = format!("the app would have more than its {jobs} jobs (queue_jobs), dead letters included; nothing was written");
    Failure { kind: FailureKind::Quota, message, trace: Vec::new() }
}

fn not_its_job() -> Failure {
    let message = "the job was removed, or was done elsewhere, before it ended here; nothing was written".to_owned();
    Failure { kind: FailureKind::Conflict, message, trace: Vec::new() }
}

fn not_a_number(keys: &[String]) -> Failure {
    let keys = keys.join("`, `");
    let message = format!(
        "kv::increment counts whole numbers of 64 bits, and `{keys}` holds something else or would leave them; nothing was written"
    );
    Failure { kind: FailureKind::Error, message, trace: Vec::new() }
}
