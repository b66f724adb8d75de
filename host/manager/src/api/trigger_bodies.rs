//! Schedules and triggers in bodies and answers: of their own operations, of whole deployments and of comparisons.

use std::time::Duration;

use execution::{
    AppLimits,
    queue::{ATTEMPTS, BACKOFF_MS, Growth},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use triggers::{CatchUp, On, Overlap, Retry, Schedule, Trigger, Wrong, is_too_often};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{extract::object, words};

/// When a script is to run.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleTerms {
    /// Five fields (minute, hour, day of the month, month, day of the week), six with seconds before them, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    #[schema(example = "30 2 * * *")]
    pub(super) cron: String,
    /// IANA name; `UTC` if absent. Where clocks are changed, a time of the day that is skipped comes right after the gap, and one that comes twice counts once;
    /// an expression with a star in its minutes or hours follows the clock on the wall.
    #[schema(example = "Europe/Berlin")]
    pub(super) time_zone: Option<String>,
    /// What becomes of a run while the one before has not ended: `skip` (if absent), `queue`, `allow`.
    #[schema(value_type = Option<words::Overlap>)]
    pub(super) overlap: Option<Overlap>,
    /// What becomes of slots of the last hour that were missed: `once` (if absent: one run for all), `all`, `skip`.
    #[schema(value_type = Option<words::CatchUp>)]
    pub(super) catch_up: Option<CatchUp>,
    /// Runs begin up to so many seconds later, spread evenly: 0 (if absent) to 3,600.
    #[schema(minimum = 0)]
    pub(super) jitter_seconds: Option<u32>,
    /// Any JSON of up to 8 KiB: the script's `ctx.event.payload`; null if absent.
    #[serde(default)]
    pub(super) payload: Value,
    #[serde(default, deserialize_with = "object")]
    pub(super) retry: RetryBody,
}

/// What a script is to be started by.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerTerms {
    #[schema(value_type = words::TriggerKind)]
    pub(super) kind: Kind,
    /// Of `kv` a prefix of keys, of `file` a prefix of paths; any if absent.
    pub(super) prefix: Option<String>,
    /// Of `topic` its name.
    pub(super) topic: Option<String>,
    #[serde(default, deserialize_with = "object")]
    pub(super) retry: RetryBody,
}

/// What a trigger waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Kv,
    File,
    DeadLetter,
    Topic,
}

/// How often a run is tried.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryBody {
    /// 1 to 20; 5 if absent.
    #[schema(minimum = 1)]
    pub(super) attempts: Option<u32>,
    /// The pause after the first failure: 0.1 to 3600 seconds; 10 if absent.
    #[schema(minimum = 0)]
    pub(super) backoff_seconds: Option<f64>,
    /// What the pauses after further ones are: as long (`constant`), longer by the first (`linear`), twice as long (`exponential`, if absent), up to an hour. All are spread by
    /// half.
    #[schema(value_type = Option<words::Growth>)]
    pub(super) growth: Option<Growth>,
}

/// A schedule as it is in a deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleShown {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) script_id: Uuid,
    pub(super) cron: String,
    pub(super) time_zone: String,
    #[schema(value_type = words::Overlap)]
    overlap: Overlap,
    #[schema(value_type = words::CatchUp)]
    catch_up: CatchUp,
    jitter_seconds: u32,
    #[schema(value_type = Value)]
    payload: Box<RawValue>,
    retry: RetryBody,
}

/// A trigger as it is in a deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriggerShown {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) script_id: Uuid,
    #[schema(value_type = words::TriggerKind)]
    kind: Kind,
    /// Null: it has none.
    prefix: Option<String>,
    /// Null: it has none.
    topic: Option<String>,
    retry: RetryBody,
}

impl RetryBody {
    fn of(retry: Retry) -> Self {
        let Retry { attempts, backoff_ms, growth } = retry;
        Self { attempts: Some(attempts), backoff_seconds: Some(backoff_ms as f64 / 1e3), growth: Some(growth) }
    }

    fn retry(&self) -> Retry {
        let Self { attempts, backoff_seconds, growth } = self;
        Retry {
            attempts: attempts.unwrap_or(ATTEMPTS),
            backoff_ms: backoff_seconds.map_or(BACKOFF_MS, milliseconds),
            growth: growth.unwrap_or_default(),
        }
    }
}

impl ScheduleTerms {
    /// As the store has it; not checked yet.
    pub(super) fn parts(self) -> (On, Retry) {
        let Self { cron, time_zone, overlap, catch_up, jitter_seconds, payload, retry } = self;
        let schedule = Schedule {
            cron,
            time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
            overlap: overlap.unwrap_or_default(),
            catch_up: catch_up.unwrap_or_default(),
            jitter_seconds: jitter_seconds.unwrap_or(0),
            payload: payload.to_string(),
        };
        (On::Schedule(schedule), retry.retry())
    }
}

impl TriggerTerms {
    /// As the store has it; not checked yet.
    ///
    /// # Errors
    /// A field that its kind does not have, or lacks.
    pub(super) fn parts(self) -> Result<(On, Retry), Wrong> {
        let Self { kind, prefix, topic, retry } = self;
        let has_no = |field, is_there| if is_there { Err((field, "A trigger of this kind has no such field.".to_owned())) } else { Ok(()) };
        has_no("/prefix", prefix.is_some() && matches!(kind, Kind::DeadLetter | Kind::Topic))?;
        has_no("/topic", topic.is_some() && kind != Kind::Topic)?;
        let prefix = prefix.unwrap_or_default();
        let on = match kind {
            Kind::Kv => On::Kv { prefix },
            Kind::File => On::File { prefix },
            Kind::DeadLetter => On::DeadLetter,
            Kind::Topic => On::Topic { topic: topic.ok_or_else(|| ("/topic", "Name the topic.".to_owned()))? },
        };
        Ok((on, retry.retry()))
    }
}

impl ScheduleShown {
    /// `None`: it is another kind of trigger.
    pub(super) fn of(trigger: &Trigger) -> Option<Self> {
        let Schedule { cron, time_zone, overlap, catch_up, jitter_seconds, payload } = trigger.schedule()?.clone();
        Some(Self {
            id: trigger.id,
            name: trigger.name.clone(),
            script_id: trigger.script,
            cron,
            time_zone,
            overlap,
            catch_up,
            jitter_seconds,
            payload: RawValue::from_string(payload).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            retry: RetryBody::of(trigger.retry),
        })
    }
}

impl TriggerShown {
    /// `None`: it is a schedule.
    pub(super) fn of(trigger: &Trigger) -> Option<Self> {
        let (kind, prefix, topic) = match trigger.on.clone() {
            On::Schedule(_) => return None,
            On::Kv { prefix } => (Kind::Kv, Some(prefix), None),
            On::File { prefix } => (Kind::File, Some(prefix), None),
            On::DeadLetter => (Kind::DeadLetter, None, None),
            On::Topic { topic } => (Kind::Topic, None, Some(topic)),
        };
        let Trigger { id, name, script, retry, .. } = trigger.clone();
        Some(Self { id, name, script_id: script, kind, prefix, topic, retry: RetryBody::of(retry) })
    }
}

/// Whether it can be deployed in an app of these limits.
///
/// # Errors
/// The first field that is wrong.
pub(super) fn check(trigger: &Trigger, limits: &AppLimits, now: Timestamp) -> Result<(), Wrong> {
    trigger.check(now)?;
    let cron = trigger.schedule().and_then(|schedule| schedule.cron(now).ok());
    let most = limits.schedule_slots_per_hour;
    if cron.is_some_and(|cron| is_too_often(&cron, most, now)) {
        let rule = format!("A schedule of this app comes at most {most} times an hour (schedule_slots_per_hour).");
        return Err(("/cron", rule));
    }
    Ok(())
}

/// What is no time becomes the largest number, which no pause may be.
pub(super) fn milliseconds(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).ok().and_then(|duration| u64::try_from(duration.as_millis()).ok()).unwrap_or(u64::MAX)
}
