//! What starts a script by itself: schedules, and triggers for what happens in an app. Definitions and their arithmetic.
//!
//! A [`Trigger`] is part of a deployment, like a route. What it starts is a job of the app's queue, made in the transaction of what caused it, so that it has the queue's
//! leases, retries and dead letters. A schedule is a trigger too: what it waits for is a moment.
//!
//! Deliberately absent: SQL, clocks, and everything that waits.

mod cron;
mod due;
mod fired;

use execution::{
    files, kv,
    pubsub::{TOPIC_RULE, is_topic},
    queue::{ATTEMPTS_MAX, Growth, Options},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

pub use cron::{CRON_BYTES_MAX, Cron, WrongCron};
pub use due::{CATCH_UP_WINDOW, Due, LATE_MAX, SLOTS_MAX, Slot, due};
pub use fired::{DeadJob, Happened, jobs};

/// Longest name of a schedule or a trigger, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest jitter: an hour.
pub const JITTER_SECONDS_MAX: u32 = 3_600;
/// Longest payload of a schedule, in bytes: it is in each deployment.
pub const PAYLOAD_BYTES_MAX: usize = 8 * 1024;

/// Something that starts a script by itself. Stored as JSON in its deployment, and read leniently: another version of PiCloud may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Stays the same over deployments.
    pub id: Uuid,
    /// Unique among the app's schedules, and among its other triggers.
    pub name: String,
    /// Id of an endpoint of the deployment.
    pub script: Uuid,
    pub on: On,
    #[serde(default)]
    pub retry: Retry,
}

/// What it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum On {
    /// A moment.
    Schedule(Schedule),
    /// A key of the app's store that was set, deleted or counted on. Empty: any.
    Kv { prefix: String },
    /// A file of the app that was written or deleted. Empty: any.
    File { prefix: String },
    /// A job of the app whose attempts have all failed.
    DeadLetter,
    /// A message.
    Topic { topic: String },
}

/// When a script is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub cron: String,
    /// IANA name.
    pub time_zone: String,
    #[serde(default)]
    pub overlap: Overlap,
    #[serde(default)]
    pub catch_up: CatchUp,
    /// A run begins up to so much later, differently in each slot; at most [`JITTER_SECONDS_MAX`].
    #[serde(default)]
    pub jitter_seconds: u32,
    /// JSON: the script's `ctx.event.payload`.
    #[serde(default = "null")]
    pub payload: String,
}

fn null() -> String {
    "null".to_owned()
}

/// What becomes of a run while the one before has not ended (its retries included).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// There is none.
    #[default]
    Skip,
    /// It waits for that.
    Queue,
    /// Both run.
    Allow,
}

/// What becomes of slots that were missed, because nothing of PiCloud ran then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Nothing.
    Skip,
    /// One run for all of the last hour.
    #[default]
    Once,
    /// A run for each of the last hour.
    All,
}

/// How often a run is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// 1 to [`ATTEMPTS_MAX`].
    pub attempts: u32,
    /// The pause after the first failure, as of [`Options`].
    pub backoff_ms: u64,
    pub growth: Growth,
}

impl Default for Retry {
    fn default() -> Self {
        let Options { attempts, backoff_ms, growth, .. } = Options::default();
        Self { attempts, backoff_ms, growth }
    }
}

impl Retry {
    /// For a job that is due after `delay_ms`.
    #[must_use]
    pub fn options(self, delay_ms: u64) -> Options {
        Options { delay_ms, attempts: self.attempts, backoff_ms: self.backoff_ms, growth: self.growth }
    }
}

/// A rule that is broken: the field, as a JSON pointer into the trigger, and one sentence.
pub type Wrong = (&'static str, String);

impl Trigger {
    /// The schedule, if it is one.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        match &self.on {
            On::Schedule(schedule) => Some(schedule),
            _ => None,
        }
    }

    /// Whether everything is within its bounds, the app's limits apart.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn check(&self, now: jiff::Timestamp) -> Result<(), Wrong> {
        if !is_name(&self.name) {
            return Err(("/name", format!("A name has 1 to {NAME_BYTES_MAX} of a-z, 0-9, `_` and `-`.")));
        }
        self.retry.options(0).check().map_err(|(field, _)| match field {
            "attempts" => ("/retry/attempts", format!("There are 1 to {ATTEMPTS_MAX} attempts.")),
            _ => ("/retry/backoff_seconds", "A pause has 0.1 to 3600 seconds.".to_owned()),
        })?;
        match &self.on {
            On::Schedule(schedule) => schedule.check(now),
            On::Kv { prefix } if prefix.len() > kv::KEY_BYTES_MAX => {
                Err(("/on/prefix", format!("A key has at most {} bytes.", kv::KEY_BYTES_MAX)))
            }
            On::File { prefix } if prefix.len() > files::PATH_BYTES_MAX => {
                Err(("/on/prefix", format!("A path has at most {} bytes.", files::PATH_BYTES_MAX)))
            }
            On::Kv { prefix } | On::File { prefix } if prefix.contains('\0') => Err(("/on/prefix", "A prefix has no NUL.".to_owned())),
            On::Topic { topic } if !is_topic(topic) => Err(("/on/topic", format!("It is no topic: {TOPIC_RULE}."))),
            On::Kv { .. } | On::File { .. } | On::DeadLetter | On::Topic { .. } => Ok(()),
        }
    }
}

impl Schedule {
    /// Parses what a deployment has.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn cron(&self, now: jiff::Timestamp) -> Result<Cron, WrongCron> {
        Cron::parse(&self.cron, &self.time_zone, now)
    }

    fn check(&self, now: jiff::Timestamp) -> Result<(), Wrong> {
        match self.cron(now) {
            Err(WrongCron::Expression(why)) => return Err(("/on/cron", why)),
            Err(WrongCron::Zone(why)) => return Err(("/on/time_zone", why)),
            Ok(_) => {}
        }
        if self.jitter_seconds > JITTER_SECONDS_MAX {
            return Err(("/on/jitter_seconds", format!("A jitter has at most {JITTER_SECONDS_MAX} seconds.")));
        }
        if self.payload.len() > PAYLOAD_BYTES_MAX {
            return Err((
                "/on/payload",
                format!("A payload has at most {PAYLOAD_BYTES_MAX} bytes as JSON; what is larger belongs into `kv::`."),
            ));
        }
        match serde_json::from_str::<&RawValue>(&self.payload) {
            Ok(_) => Ok(()),
            Err(_) => Err(("/on/payload", "A payload is JSON.".to_owned())),
        }
    }

    /// By how much the run of a slot begins later: of different schedules and slots differently, but the same whoever asks.
    #[must_use]
    pub fn jitter_ms(&self, schedule: Uuid, slot: jiff::Timestamp) -> u64 {
        let mixed = schedule.as_u64_pair().1 ^ slot.as_second().cast_unsigned();
        // Finaliser of MurmurHash3 (64 bits): each bit of the input changes half of the output.
        let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed ^ (mixed >> 33)) % (u64::from(self.jitter_seconds) * 1_000 + 1)
    }
}

/// Whether an hour somewhere in the next ones has more than `max` slots. Looks at the first `16 * max` of them at most.
#[must_use]
pub fn is_too_often(cron: &Cron, max: u64, now: jiff::Timestamp) -> bool {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let slots: Vec<_> = cron.after(now).take(max.saturating_mul(16).clamp(1, 20_000)).collect();
    slots.iter().zip(slots.iter().skip(max)).any(|(first, beyond)| beyond.duration_since(*first) < jiff::SignedDuration::from_hours(1))
}

fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn s_3_6_what_is_due_at_one_moment_is_spread_over_its_jitter() {
        let schedule = Schedule {
            cron: "0 * * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            overlap: Overlap::default(),
            catch_up: CatchUp::default(),
            jitter_seconds: 59,
            payload: "null".to_owned(),
        };
        let slot = jiff::Timestamp::UNIX_EPOCH;
        let later: Vec<u64> = (0..6_000_u128).map(|id| schedule.jitter_ms(Uuid::from_u128(id), slot)).collect();
        assert!(later.iter().all(|later| *later <= 59_000));
        assert_eq!(later[7], schedule.jitter_ms(Uuid::from_u128(7), slot), "the same whoever asks");
        let mut seconds = BTreeMap::<u64, usize>::new();
        later.iter().for_each(|later| *seconds.entry(later / 1_000).or_default() += 1);
        // A hundred of 6,000 in each second, and never a herd.
        assert!(seconds.len() >= 59 && seconds.values().all(|count| *count < 200), "{seconds:?}");
        let together = Schedule { jitter_seconds: 0, ..schedule };
        assert_eq!(together.jitter_ms(Uuid::from_u128(7), slot), 0);
    }
}
