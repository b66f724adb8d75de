//! Jobs: calls of other scripts of the app, as an execution leaves them in its queue.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Longest delay of a job: 30 days.
pub const DELAY_MS_MAX: u64 = 30 * 24 * 3600 * 1000;
/// Most attempts of a job.
pub const ATTEMPTS_MAX: u32 = 20;
/// What a job gets unless somebody says otherwise.
pub const ATTEMPTS: u32 = 5;
/// The pause after the first failure.
pub const BACKOFF_MS: u64 = 10_000;
/// The least pause after the first failure.
pub const BACKOFF_MS_MIN: u64 = 100;
/// The longest pause, after whichever failure.
pub const BACKOFF_MS_MAX: u64 = 3600 * 1000;

/// A job that is to be enqueued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewJob {
    /// UUIDv7. Follows from seed and clock of the execution, so that its replay makes the same.
    pub id: Uuid,
    /// Name of an endpoint of the app.
    pub script: String,
    /// JSON.
    pub payload: String,
    /// Jobs that led to it, itself included.
    pub depth: u32,
    pub how: Options,
    /// What made it; `None`: somebody enqueued it. Not part of what an execution did.
    #[serde(skip)]
    pub origin: Option<Origin>,
}

/// What made a job by itself, and no call of `queue::enqueue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Id of the trigger, or the schedule.
    pub trigger: Uuid,
    /// What has happened: a JSON object whose members `ctx.event` has beside its own.
    pub event: String,
    /// The slot of a schedule, in microseconds since 1970-01-01T00:00:00Z.
    pub scheduled_at_us: Option<i64>,
    /// It waits until the runs of earlier slots have ended.
    pub is_serial: bool,
}

/// When a job runs, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Not before so long after it was enqueued; at most [`DELAY_MS_MAX`].
    pub delay_ms: u64,
    /// 1 to [`ATTEMPTS_MAX`].
    pub attempts: u32,
    /// The pause after the first failure; [`BACKOFF_MS_MIN`] to [`BACKOFF_MS_MAX`].
    pub backoff_ms: u64,
    /// What the pauses after further ones are. Not written where it is the usual one, so that what was written before it was known compares as equal.
    #[serde(default, skip_serializing_if = "Growth::is_usual")]
    pub growth: Growth,
}

/// How the pauses between attempts grow, up to [`BACKOFF_MS_MAX`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// Each is as long as the first.
    Constant,
    /// Each is longer than the one before by the first.
    Linear,
    /// Each is twice as long as the one before.
    #[default]
    Exponential,
}

impl Growth {
    /// The word used in SQL and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Exponential => "exponential",
        }
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl std::str::FromStr for Growth {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Constant, Self::Linear, Self::Exponential].into_iter().find(|growth| growth.as_str() == word).ok_or(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { delay_ms: 0, attempts: ATTEMPTS, backoff_ms: BACKOFF_MS, growth: Growth::default() }
    }
}

impl Options {
    /// Whether they are within their bounds.
    ///
    /// # Errors
    /// The name of the option that is not, as scripts and the API call it, and one sentence about its bounds.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.delay_ms > DELAY_MS_MAX {
            return Err(("delay", format!("a delay is 0 seconds to {} days", DELAY_MS_MAX / 86_400_000)));
        }
        if !(1..=ATTEMPTS_MAX).contains(&self.attempts) {
            return Err(("attempts", format!("a job has 1 to {ATTEMPTS_MAX} attempts")));
        }
        if !(BACKOFF_MS_MIN..=BACKOFF_MS_MAX).contains(&self.backoff_ms) {
            let (least, most) = (BACKOFF_MS_MIN as f64 / 1e3, BACKOFF_MS_MAX / 1_000);
            return Err(("backoff", format!("a backoff is {least} to {most} seconds")));
        }
        Ok(())
    }

    /// The pause after the failure number `failed` (from 1). `chance` spreads those that fail together: 0 makes it half as long, 255 half as long again.
    #[must_use]
    pub fn pause_ms(&self, failed: u32, chance: u8) -> u64 {
        let times = match self.growth {
            Growth::Constant => 1,
            Growth::Linear => u64::from(failed.max(1)),
            Growth::Exponential => 1 << failed.saturating_sub(1).min(40),
        };
        let pause = self.backoff_ms.saturating_mul(times).min(BACKOFF_MS_MAX);
        pause / 2 + pause * u64::from(chance) / 255
    }
}

/// What a script is told of the job that it runs: `ctx.event`.
#[derive(Debug, Clone, Copy)]
pub struct JobEvent<'a> {
    /// Of the job, the same over all attempts.
    pub id: Uuid,
    /// JSON, as it was enqueued.
    pub payload: &'a str,
    /// 1 for the first.
    pub attempt: u32,
    /// Jobs that led here, itself included.
    pub depth: u32,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub enqueued_at_ms: i64,
    /// The execution that enqueued it; `None`: a person did, or a schedule.
    pub enqueued_by: Option<Uuid>,
    /// Of a trigger or a schedule: a JSON object, see [`Origin::event`].
    pub origin: Option<&'a str>,
}

impl JobEvent<'_> {
    /// As scripts see it. A payload that is no JSON, which nobody can enqueue, is `null`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let payload: &RawValue = serde_json::from_str(self.payload).unwrap_or(RawValue::NULL);
        let Self { id, attempt, depth, enqueued_at_ms, enqueued_by, origin, .. } = *self;
        let more = origin.and_then(|origin| origin.strip_prefix('{')?.strip_suffix('}')).unwrap_or_default();
        let comma = if more.is_empty() { "" } else { "," };
        // `json!` would parse the payload, and write its numbers in another way.
        format!(
            r#"{{"attempt":{attempt},"depth":{depth},"enqueued_at":{enqueued_at_ms},"enqueued_by":{},"id":"{id}","payload":{payload}{comma}{more}}}"#,
            enqueued_by.map_or_else(|| "null".to_owned(), |by| format!(r#""{by}""#)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_are_spread() {
        let how = Options { backoff_ms: 1_000, ..Options::default() };
        let pauses: Vec<_> = (1..=5).map(|failed| how.pause_ms(failed, 0)).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000]);
        assert_eq!((how.pause_ms(1, 255), how.pause_ms(2, 255)), (1_500, 3_000));
        assert_eq!(how.pause_ms(60, 0), BACKOFF_MS_MAX / 2);
        assert_eq!(how.pause_ms(u32::MAX, 255), BACKOFF_MS_MAX / 2 * 3);
        let linear = Options { growth: Growth::Linear, ..how };
        assert_eq!([1, 2, 3, u32::MAX].map(|failed| linear.pause_ms(failed, 0)), [500, 1_000, 1_500, BACKOFF_MS_MAX / 2]);
        let constant = Options { growth: Growth::Constant, ..how };
        assert_eq!([1, 2, 60].map(|failed| constant.pause_ms(failed, 0)), [500, 500, 500]);
    }

    #[test]
    fn options_have_bounds() {
        let usual = Options::default();
        assert_eq!(usual.check(), Ok(()));
        for (wrong, name) in [
            (Options { delay_ms: DELAY_MS_MAX + 1, ..usual }, "delay"),
            (Options { attempts: 0, ..usual }, "attempts"),
            (Options { attempts: 21, ..usual }, "attempts"),
            (Options { backoff_ms: 99, ..usual }, "backoff"),
            (Options { backoff_ms: BACKOFF_MS_MAX + 1, ..usual }, "backoff"),
        ] {
            assert_eq!(wrong.check().map_err(|(name, _)| name), Err(name));
        }
    }
}
