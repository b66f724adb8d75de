//! A recorded execution run again and again, each time with one thing going wrong: what stays behind then?

use execution::{
    Image, Limits, Outcome, Recording,
    replay::{Fault, Faulted, Faults, Faulty, KeptRecording, Secrets},
};
use store::AppId;

use crate::{
    Orchestrator, ReplayError,
    admission::Applicant,
    error::Refusal,
    recording::{Code, checked_answer},
};

/// Calls of a recording that are made to fail: those behind them are like them.
const CALLS_MAX: usize = 100;

impl Orchestrator {
    /// Runs an execution again from its recording, by the code that ran then: once for each call that it waited for, which fails, once for each share of
    /// its fuel, and once with a conflict at its end if it has something to commit. Nothing is asked, called or written.
    ///
    /// # Errors
    /// [`ReplayError`]: nothing ran.
    pub async fn try_faults(&self, app: AppId, kept: &KeptRecording) -> Result<Faults, ReplayError> {
        let Code { app, version, recording, script } = self.code_of(app, kept, None).await?;
        let image = version.scripts[script].image.as_ref().ok_or(ReplayError::NoScript(version.deployment))?;
        let secrets = Secrets::of(&recording.calls);
        let applicant = Applicant { app: app.id, limits: &app.limits, client: None };
        let permit = self.admission.admit(&app.gate, applicant).await.map_err(|_: Refusal| ReplayError::Busy)?;
        let _sandbox = permit.sandbox().await.map_err(|_: Refusal| ReplayError::Busy)?;
        let mut report = Faults::default();
        for fault in faults(&recording) {
            let Some(run) = self.run_with(image, &recording, fault).await else { continue };
            // A run that can't be shown without what it has read is not shown.
            match secrets.hide_in(&run) {
                Ok(run) => report.runs.push(run),
                Err(_) => report.not_shown += 1,
            }
        }
        Ok(report)
    }

    /// `None`: nothing can go wrong in this way.
    async fn run_with(&self, image: &Image, recording: &Recording, fault: Fault) -> Option<Faulted> {
        let (fails, limits) = match fault {
            Fault::Call(index) => (Some(index), recording.limits.clone()),
            Fault::Fuel(fuel) => (None, Limits { fuel, ..recording.limits.clone() }),
            Fault::Conflict => (None, recording.limits.clone()),
        };
        let (services, sent) = Faulty::new(recording.calls.clone(), fails);
        let Outcome { result, effects, .. } = self.executor.execute(image, &recording.invocation, &limits, Box::new(services)).await;
        let result = checked_answer(result, &limits, recording.shared_host);
        if fault == Fault::Conflict {
            // What has called nobody is run again from the start, and leaves nothing of the run before.
            return (result.is_ok() && effects.need_commit() && effects.irrevocable).then(|| Faulted {
                fault,
                outcome: "conflict".to_owned(),
                status: None,
                message: Some("what it had read was changed by others, and it had called another server or begun its answer".to_owned()),
                writes: 0,
                sent: sent.count(),
            });
        }
        let (outcome, status, message) = match result {
            Ok(response) => ("ok", Some(response.status), None),
            Err(failure) => (failure.kind.as_str(), None, Some(failure.message)),
        };
        Some(Faulted {
            fault,
            outcome: outcome.to_owned(),
            status,
            message,
            writes: effects.writes.len() + effects.file_writes.len() + effects.decisions.len(),
            sent: sent.count(),
        })
    }
}

/// Each call, as many shares of the fuel as there are calls and one, and the commit.
fn faults(recording: &Recording) -> impl Iterator<Item = Fault> {
    let calls = recording.calls.len().min(CALLS_MAX);
    let (fuel, shares) = (recording.ended.usage.fuel_used, calls as u64 + 2);
    let fuels = (1..shares).map(move |share| Fault::Fuel((fuel * share / shares).max(1)));
    (0..calls).map(Fault::Call).chain(fuels).chain([Fault::Conflict])
}
