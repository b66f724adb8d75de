//! What an app has: what it was given, or the default, and never more than the instance allows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{AppLimits, Limit, Limits, all};

/// What an app was given otherwise than the defaults: limit by name. Names that are no limit are ignored, since another version of PiCloud may
/// know them.
pub type GivenLimits = BTreeMap<String, u64>;

/// Both tables of one app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AllLimits {
    /// What each execution may use.
    #[serde(flatten)]
    pub execution: Limits,
    /// What the app as a whole may use.
    #[serde(flatten)]
    pub app: AppLimits,
}

/// What the operator of an instance allows at most. [`Ceilings::default`]: as much as is built in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ceilings {
    lowered: BTreeMap<&'static str, u64>,
}

/// Why a ceiling can't be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CeilingError {
    #[error("there is no limit of this name; the limits are: {known}")]
    Unknown { known: String },
    #[error("it must be from {floor} to {ceiling} {unit}")]
    Outside { floor: u64, ceiling: u64, unit: &'static str },
}

impl Ceilings {
    /// Sets the ceiling of the limit with this name.
    ///
    /// # Errors
    /// [`CeilingError`]: there is no such limit, or the value is outside of the bounds that are built in.
    pub fn set(&mut self, name: &str, ceiling: u64) -> Result<(), CeilingError> {
        let Some(limit) = all().find(|limit| limit.name == name) else {
            return Err(CeilingError::Unknown { known: names() });
        };
        if !(limit.floor..=limit.ceiling).contains(&ceiling) {
            return Err(CeilingError::Outside { floor: limit.floor, ceiling: limit.ceiling, unit: limit.unit });
        }
        self.lowered.insert(limit.name, ceiling);
        Ok(())
    }

    /// The most that an app can have here.
    #[must_use]
    pub fn of(&self, limit: &Limit) -> u64 {
        self.lowered.get(limit.name).map_or(limit.ceiling, |lowered| limit.ceiling.min(*lowered))
    }

    /// What an app has here unless it was given another.
    #[must_use]
    pub fn default_of(&self, limit: &Limit) -> u64 {
        limit.default.min(self.of(limit))
    }

    /// What an app has that was given this. What it was given before a ceiling was lowered stays written, and comes back with the ceiling.
    #[must_use]
    pub fn resolve(&self, given: &GivenLimits) -> AllLimits {
        let value = |limit: &Limit| given.get(limit.name).map_or(limit.default, |given| (*given).max(limit.floor)).min(self.of(limit));
        AllLimits { execution: Limits::of(value), app: AppLimits::of(value) }
    }

    /// The ceilings that are lower than what is built in, by name.
    pub fn lowered(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.lowered.iter().map(|(name, ceiling)| (*name, *ceiling))
    }
}

/// The names of all limits, for whoever misspelt one.
#[must_use]
pub fn names() -> String {
    all().map(|limit| limit.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str) -> &'static Limit {
        all().find(|limit| limit.name == name).unwrap_or_else(|| panic!("{name}"))
    }

    #[test]
    fn no_two_limits_have_one_name() {
        for (at, one) in all().enumerate() {
            assert!(all().skip(at + 1).all(|other| other.name != one.name), "{}", one.name);
        }
    }

    #[test]
    fn an_app_has_what_it_was_given_and_no_more_than_the_instance_allows() {
        let mut ceilings = Ceilings::default();
        assert_eq!(ceilings.resolve(&GivenLimits::new()), AllLimits::default());
        let given = GivenLimits::from([("fuel".to_owned(), 7), ("concurrency".to_owned(), 64), ("tentacles".to_owned(), 8)]);
        let has = ceilings.resolve(&given);
        assert_eq!((has.execution.fuel, has.app.concurrency, has.app.secrets), (7, 64, 100));

        assert_eq!(ceilings.set("concurrency", 16), Ok(()));
        assert_eq!(ceilings.resolve(&given).app.concurrency, 16);
        // The default too is never above the ceiling.
        assert_eq!(ceilings.resolve(&GivenLimits::new()).app.concurrency, 16);
        assert_eq!((ceilings.of(limit("concurrency")), ceilings.default_of(limit("concurrency"))), (16, 16));
        assert_eq!(ceilings.lowered().collect::<Vec<_>>(), [("concurrency", 16)]);
    }

    #[test]
    fn what_another_version_wrote_is_brought_within_the_bounds() {
        let given = GivenLimits::from([("memory_bytes".to_owned(), 1), ("kv_bytes".to_owned(), u64::MAX)]);
        let has = Ceilings::default().resolve(&given);
        assert_eq!((has.execution.memory_bytes, has.app.kv_bytes), (limit("memory_bytes").floor, limit("kv_bytes").ceiling));
    }

    #[test]
    fn a_ceiling_is_the_ceiling_of_a_limit_within_what_is_built_in() {
        let mut ceilings = Ceilings::default();
        assert!(matches!(ceilings.set("tentacles", 8), Err(CeilingError::Unknown { known }) if known.starts_with("fuel, ")));
        for outside in [0, 1_001] {
            let error = CeilingError::Outside { floor: 1, ceiling: 1_000, unit: "executions" };
            assert_eq!(ceilings.set("concurrency", outside), Err(error));
        }
        assert_eq!(ceilings, Ceilings::default());
    }
}
