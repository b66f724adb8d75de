//! What it takes to run an execution again: written down while it runs, kept if it failed or was drawn, and run again on request.

use std::sync::Arc;

use execution::{
    AppLimits, Ended, Failure, Image, Invocation, Limits, Outcome, Recorder, Recording, Replay, Replayed, Response, Services, Tape,
    replay::{FORMAT, KeptRecording, NotReplayable, Secrets},
};
use store::{AppId, NewRecording, ScriptId};

use crate::{
    Orchestrator,
    admission::Applicant,
    error::Refusal,
    execute::{Call, LastRun},
    metrics::Metrics,
    pace::End,
    preview::Lookup,
    response::{self, Checked, HostOwner, Rules},
    services::AppServices,
    table::{App, Script, Version},
};

/// What an execution may be told, about, to be recorded.
const CALLS_BYTES_MAX: usize = 2 << 20;
/// Longest recording, before it is compressed.
const RECORDING_BYTES_MAX: usize = 8 << 20;

/// Why nothing was run again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// This node does not know the app (yet).
    #[error("the app is not loaded")]
    NotLoaded,
    #[error("there is no deployment {0}")]
    NoDeployment(u32),
    #[error("deployment {0} has no such script, or it does not compile")]
    NoScript(u32),
    /// A secret that it read has changed since, or its form is not known.
    #[error("it can't be run again: {0}")]
    NotReplayable(#[from] NotReplayable),
    /// Worth another try after a second.
    #[error("there is no place free")]
    Busy,
}

/// What is told to whom.
pub(crate) struct Code {
    pub(crate) app: Arc<App>,
    pub(crate) version: Arc<Version>,
    pub(crate) recording: Recording,
    /// Its place in the version.
    pub(crate) script: usize,
}

/// Services that write down what they answer, if the app is recorded at all: a failure shows only at the end.
pub(crate) fn begin(limits: &AppLimits, services: AppServices) -> (Box<dyn Services>, Option<Tape>) {
    if limits.recordings_bytes == 0 {
        return (Box::new(services), None);
    }
    let (recorder, tape) = Recorder::new(services, CALLS_BYTES_MAX);
    (Box::new(recorder), Some(tape))
}

/// The recording of an execution that failed, or that was drawn, unless the app has had many just now.
pub(crate) fn make(
    call: &Call<'_>,
    invocation: Invocation,
    guest: &str,
    last: &LastRun,
    metrics: &Metrics,
    clock_ns: impl Fn() -> u64,
) -> Option<NewRecording> {
    let LastRun { result, usage, logs, effects, tape, uncommitted } = last;
    let limits = &call.app.limits;
    if result.is_ok() && !is_drawn(&invocation.seed, limits.recordings_per_mille) {
        return None;
    }
    let Some(calls) = tape.as_ref()?.calls() else {
        metrics.recordings_too_large.add(1);
        return None;
    };
    let end = if result.is_ok() { End::Success } else { End::Failure };
    if !call.app.gate.recordings.take(end, clock_ns) {
        metrics.recordings_too_many.add(1);
        return None;
    }
    let answer = uncommitted.as_ref().map_or(result.as_ref(), Ok);
    let answer = answer.map(Checked::to_answer).map_err(Clone::clone);
    let ended = Ended::new(answer, *usage, logs.clone(), effects, &Secrets::of(&calls));
    let recording = Recording {
        format: FORMAT,
        guest: guest.to_owned(),
        invocation,
        limits: call.version.limits.clone(),
        shared_host: call.owner() == HostOwner::Shared,
        calls,
        ended,
    };
    let text = KeptRecording::of(&recording).ok()?.to_bytes();
    if text.len() > RECORDING_BYTES_MAX {
        metrics.recordings_too_large.add(1);
        return None;
    }
    Some(NewRecording { text, bytes_max: limits.recordings_bytes })
}

/// So many in a thousand: by the seed, which is random and nothing else looks at in this way.
fn is_drawn(seed: &[u8; 32], per_mille: u64) -> bool {
    let [a, b, c, d, ..] = *seed;
    u64::from(u32::from_le_bytes([a, b, c, d])) % 1_000 < per_mille
}

impl Orchestrator {
    /// Runs an execution again from its recording, by the code of the deployment that ran then or of another one. Nothing is asked, called or
    /// written, and no row is left.
    ///
    /// # Errors
    /// [`ReplayError`]: nothing ran.
    pub async fn replay(&self, app: AppId, kept: &KeptRecording, deployment: Option<u32>) -> Result<Replayed, ReplayError> {
        let Code { app, version, recording, script } = self.code_of(app, kept, deployment).await?;
        let image = version.scripts[script].image.as_ref().ok_or(ReplayError::NoScript(version.deployment))?;
        let secrets = Secrets::of(&recording.calls);
        let replayed = self.run_again(&app, image, recording, version.deployment, &secrets).await?;
        // What the script answered and asked may hold what it has read.
        secrets.hide_in(&replayed).map_err(|_| ReplayError::NotReplayable(NotReplayable::Form))
    }

    /// A recording with its secrets, and the code that is to be told it.
    pub(crate) async fn code_of(&self, app: AppId, kept: &KeptRecording, deployment: Option<u32>) -> Result<Code, ReplayError> {
        let app = self.table.by_id(app).ok_or(ReplayError::NotLoaded)?;
        let recording = kept.open(|name| app.data.as_ref()?.secret(name).ok()?)?;
        let number = deployment.unwrap_or(recording.invocation.deployment);
        let version = match self.previews.version(self.loader(), app.id, number).await {
            Lookup::Found(version) => version,
            Lookup::Missing => return Err(ReplayError::NoDeployment(number)),
            Lookup::NotYet => return Err(ReplayError::Busy),
        };
        let script = script_of(&version, &recording.invocation).ok_or(ReplayError::NoScript(number))?;
        Ok(Code { app, version, recording, script })
    }

    async fn run_again(
        &self,
        app: &App,
        image: &Image,
        recording: Recording,
        number: u32,
        secrets: &Secrets,
    ) -> Result<Replayed, ReplayError> {
        let Recording { guest, invocation, limits, shared_host, calls, ended: recorded, .. } = recording;
        let applicant = Applicant { app: app.id, limits: &app.limits, client: None };
        let permit = self.admission.admit(&app.gate, applicant).await.map_err(|_: Refusal| ReplayError::Busy)?;
        let _sandbox = permit.sandbox().await.map_err(|_: Refusal| ReplayError::Busy)?;
        let (count, is_same_code) = (calls.len(), number == invocation.deployment);
        let (replay, course) = if is_same_code { Replay::new(calls) } else { Replay::of_other_code(calls) };
        let Outcome { result, usage, logs, effects, .. } = self.executor.execute(image, &invocation, &limits, Box::new(replay)).await;
        Ok(Replayed {
            deployment: number,
            recorded,
            replayed: Ended::new(checked_answer(result, &limits, shared_host), usage, logs, &effects, secrets),
            same_guest: guest == self.config.guest,
            calls: count,
            divergence: course.divergence(),
            unanswered: course.unanswered(),
        })
    }
}

/// A script's answer held against the rules of HTTP: what of it a recording has.
///
/// # Errors
/// A failure `invalid_response`, or the one that it was.
pub fn checked_answer(result: Result<Response, Failure>, limits: &Limits, shared_host: bool) -> Result<Response, Failure> {
    let owner = if shared_host { HostOwner::Shared } else { HostOwner::App };
    result.and_then(|answer| response::check(answer, &Rules::new(limits, owner))).map(|checked| checked.to_answer())
}

/// The place of the script that was recorded; in another deployment perhaps of one of its name, made anew.
fn script_of(version: &Version, invocation: &Invocation) -> Option<usize> {
    let place = |is: &dyn Fn(&Script) -> bool| version.scripts.iter().position(is);
    let id = ScriptId::from(invocation.script_id);
    place(&|script| script.id == id).or_else(|| place(&|script| *script.name == *invocation.script_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_are_drawn_as_are_asked_for() {
        let drawn = |per_mille| {
            let seed = |number: u32| {
                let mut seed = [0; 32];
                seed[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_le_bytes());
                seed
            };
            (0..100_000).filter(|number| is_drawn(&seed(*number), per_mille)).count()
        };
        assert_eq!((drawn(0), drawn(1_000)), (0, 100_000));
        assert!((800..1_200).contains(&drawn(10)), "{}", drawn(10));
    }
}
