//! Schedules and triggers in bodies and answers: one form for their own operations, for whole deployments and for comparisons.
//!
//! Name, script, what it waits for (`on`) and how often a run is tried (`retry`), as a deployment has them. These types are not `triggers::Trigger`, which is what is
//! stored: that one reads whatever another version wrote, while people are told of a field that they have misspelt, and count in seconds.

use std::time::Duration;

use execution::{
    AppLimits,
    queue::{ATTEMPTS, BACKOFF_MS, Growth},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use triggers::{CatchUp, On, Overlap, Retry, Schedule, Trigger, Wrong, is_too_often};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{fits, object, object_or_null},
    problem::Problem,
    words,
};

/// What it waits for: where schedules and triggers differ.
pub(super) trait Terms: Serialize + DeserializeOwned {
    /// What people call it.
    const WHAT: &'static str;
    const IS_SCHEDULE: bool;

    /// As it is stored; not checked yet.
    ///
    /// # Errors
    /// A field that its kind does not have, or lacks.
    fn on(self) -> Result<On, Wrong>;

    /// `None`: it is the other sort.
    fn of(on: &On) -> Option<Self>;
}

/// A new schedule or trigger.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, bound = "T: DeserializeOwned")]
pub(super) struct NewTrigger<T> {
    /// Slug or id of the app.
    pub(super) app: String,
    /// Unique among the app's schedules, or its triggers: 1 to 64 of a-z, 0-9, `_` and `-`.
    #[schema(example = "nightly")]
    pub(super) name: String,
    /// Id of an endpoint script of the app.
    pub(super) script: Uuid,
    /// What it waits for.
    #[serde(deserialize_with = "object")]
    pub(super) on: T,
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<RetryBody>)]
    pub(super) retry: Option<RetryBody>,
}

/// A schedule or trigger as it should be (PUT).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, bound = "T: Serialize + DeserializeOwned")]
pub(super) struct TriggerPut<T> {
    pub(super) name: String,
    /// Id of an endpoint script of the app.
    pub(super) script: Uuid,
    /// What it waits for.
    #[serde(deserialize_with = "object")]
    pub(super) on: T,
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<RetryBody>)]
    pub(super) retry: Option<RetryBody>,
}

/// A schedule or trigger of a whole deployment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, bound = "T: DeserializeOwned")]
pub(super) struct DeployedTrigger<T> {
    /// Unique among the schedules, or the triggers: 1 to 64 of a-z, 0-9, `_` and `-`.
    pub(super) name: String,
    /// Name of an endpoint script of this deployment.
    pub(super) script: String,
    /// What it waits for.
    #[serde(deserialize_with = "object")]
    pub(super) on: T,
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<RetryBody>)]
    pub(super) retry: Option<RetryBody>,
}

/// A schedule or trigger as it is in a deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriggerShown<T> {
    id: Uuid,
    name: String,
    script_id: Uuid,
    on: T,
    retry: RetryBody,
}

/// When a script is to run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleTerms {
    /// Five fields (minute, hour, day of the month, month, day of the week), six with seconds before them, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    #[schema(example = "30 2 * * *")]
    cron: String,
    /// IANA name; `UTC` if absent. Where clocks are changed, a time of the day that is skipped comes right after the gap, and one that comes twice counts once;
    /// an expression with a star in its minutes or hours follows the clock on the wall.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// What becomes of a run while the one before has not ended: `skip` (if absent), `queue`, `allow`.
    #[schema(value_type = Option<words::Overlap>)]
    overlap: Option<Overlap>,
    /// What becomes of slots of the last hour that were missed: `once` (if absent: one run for all), `all`, `skip`.
    #[schema(value_type = Option<words::CatchUp>)]
    catch_up: Option<CatchUp>,
    /// Runs begin up to so many seconds later, spread evenly: 0 (if absent) to 3,600.
    #[schema(minimum = 0)]
    jitter_seconds: Option<u32>,
    /// Any JSON of up to 8 KiB: the script's `ctx.event.payload`; null if absent.
    #[serde(default)]
    payload: Value,
}

/// What has to happen for a script to be started.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerTerms {
    #[schema(value_type = words::TriggerKind)]
    kind: Kind,
    /// Of `kv` a prefix of keys, of `file` a prefix of paths; any if absent. Others have none.
    prefix: Option<String>,
    /// Of `topic` its name. Others have none.
    topic: Option<String>,
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
    attempts: Option<u32>,
    /// The pause after the first failure: 0.1 to 3600 seconds; 10 if absent.
    #[schema(minimum = 0)]
    backoff_seconds: Option<f64>,
    /// What the pauses after further ones are: as long (`constant`), longer by the first (`linear`), twice as long (`exponential`, if absent), up to an hour. All are spread by
    /// half.
    #[schema(value_type = Option<words::Growth>)]
    growth: Option<Growth>,
}

impl RetryBody {
    fn of(retry: Retry) -> Self {
        let Retry { attempts, backoff_ms, growth } = retry;
        Self { attempts: Some(attempts), backoff_seconds: Some(backoff_ms as f64 / 1e3), growth: Some(growth) }
    }

    /// As it is stored; not checked yet.
    pub(super) fn retry(&self) -> Retry {
        let Self { attempts, backoff_seconds, growth } = self;
        Retry {
            attempts: attempts.unwrap_or(ATTEMPTS),
            backoff_ms: backoff_seconds.map_or(BACKOFF_MS, milliseconds),
            growth: growth.unwrap_or_default(),
        }
    }
}

impl Terms for ScheduleTerms {
    const WHAT: &'static str = "schedule";
    const IS_SCHEDULE: bool = true;

    fn on(self) -> Result<On, Wrong> {
        let Self { cron, time_zone, overlap, catch_up, jitter_seconds, payload } = self;
        Ok(On::Schedule(Schedule {
            cron,
            time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()),
            overlap: overlap.unwrap_or_default(),
            catch_up: catch_up.unwrap_or_default(),
            jitter_seconds: jitter_seconds.unwrap_or(0),
            payload: payload.to_string(),
        }))
    }

    fn of(on: &On) -> Option<Self> {
        let On::Schedule(schedule) = on else { return None };
        let Schedule { cron, time_zone, overlap, catch_up, jitter_seconds, payload } = schedule.clone();
        let (overlap, catch_up, jitter_seconds) = (Some(overlap), Some(catch_up), Some(jitter_seconds));
        let payload = serde_json::from_str(&payload).unwrap_or_default();
        Some(Self { cron, time_zone: Some(time_zone), overlap, catch_up, jitter_seconds, payload })
    }
}

impl Terms for TriggerTerms {
    const WHAT: &'static str = "trigger";
    const IS_SCHEDULE: bool = false;

    fn on(self) -> Result<On, Wrong> {
        let Self { kind, prefix, topic } = self;
        let has_no = |field, is_there| if is_there { Err((field, "A trigger of this kind has no such field.".to_owned())) } else { Ok(()) };
        has_no("/on/prefix", prefix.is_some() && matches!(kind, Kind::DeadLetter | Kind::Topic))?;
        has_no("/on/topic", topic.is_some() && kind != Kind::Topic)?;
        let prefix = prefix.unwrap_or_default();
        Ok(match kind {
            Kind::Kv => On::Kv { prefix },
            Kind::File => On::File { prefix },
            Kind::DeadLetter => On::DeadLetter,
            Kind::Topic => On::Topic { topic: topic.ok_or_else(|| ("/on/topic", "Name the topic.".to_owned()))? },
        })
    }

    fn of(on: &On) -> Option<Self> {
        let (kind, prefix, topic) = match on.clone() {
            On::Schedule(_) => return None,
            On::Kv { prefix } => (Kind::Kv, Some(prefix), None),
            On::File { prefix } => (Kind::File, Some(prefix), None),
            On::DeadLetter => (Kind::DeadLetter, None, None),
            On::Topic { topic } => (Kind::Topic, None, Some(topic)),
        };
        Some(Self { kind, prefix, topic })
    }
}

impl<T: Terms> TriggerPut<T> {
    /// `None`: it is the other sort.
    pub(super) fn of(trigger: &Trigger) -> Option<Self> {
        let Trigger { name, script, on, retry, .. } = trigger;
        Some(Self { name: name.clone(), script: *script, on: T::of(on)?, retry: Some(RetryBody::of(*retry)) })
    }

    /// With what a PATCH says, which is merged into `on` and `retry` too (RFC 7396); a payload is a value of its own and is replaced. Null is as if absent, and another
    /// kind begins anew.
    ///
    /// # Errors
    /// What comes of it is none: 400.
    pub(super) fn patched(&self, patch: Map<String, Value>) -> Result<Self, Problem> {
        let mut document = serde_json::to_value(self).map_err(Problem::internal)?;
        for (name, value) in patch {
            match (&mut document[&name], value) {
                (Value::Object(present), Value::Object(changes)) => {
                    if changes.get("kind").is_some_and(|kind| present.get("kind") != Some(kind)) {
                        present.clear();
                    }
                    present.extend(changes);
                }
                (present, value) => *present = value,
            }
        }
        fits(document)
    }

    /// As it is stored; not checked yet.
    ///
    /// # Errors
    /// A field that its kind does not have, or lacks: 400.
    pub(super) fn trigger(self, id: Uuid) -> Result<Trigger, Problem> {
        let Self { name, script, on, retry } = self;
        let on = on.on().map_err(|(pointer, message)| Problem::invalid(pointer, message))?;
        Ok(Trigger { id, name, script, on, retry: retry.unwrap_or_default().retry() })
    }
}

impl<T: Terms> TriggerShown<T> {
    /// `None`: it is the other sort.
    pub(super) fn of(trigger: &Trigger) -> Option<Self> {
        let Trigger { id, name, script, on, retry } = trigger;
        Some(Self { id: *id, name: name.clone(), script_id: *script, on: T::of(on)?, retry: RetryBody::of(*retry) })
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
        return Err(("/on/cron", rule));
    }
    Ok(())
}

/// What is no time becomes the largest number, which no pause may be.
pub(super) fn milliseconds(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).ok().and_then(|duration| u64::try_from(duration.as_millis()).ok()).unwrap_or(u64::MAX)
}
