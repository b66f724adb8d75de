//! What belongs to the code and not to the app: settings that a deployment carries.

use std::collections::BTreeMap;

use execution::Limits;
use serde::{Deserialize, Serialize};

/// Settings of one deployment. Read leniently, since another version of PiCloud may have written them; the caller checks what is new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Limits of an execution by name, lowered below the app's. A deployment never raises one: that is the app's admin's to decide.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, u64>,
}

impl Settings {
    /// The app's limits, lowered.
    #[must_use]
    pub fn narrow(&self, mut limits: Limits) -> Limits {
        self.limits.iter().for_each(|(name, value)| limits.lower(name, *value));
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_lowers_and_never_raises() {
        let settings = Settings { limits: BTreeMap::from([("fuel".into(), 7), ("wall_ms".into(), u64::MAX), ("tentacles".into(), 8)]) };
        assert_eq!(settings.narrow(Limits::default()), Limits { fuel: 7, ..Limits::default() });
    }
}
