//! Limits as the column holds them: perhaps written by another version of PiCloud, which runs beside this one.

use execution::GivenLimits;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What an app was given, read from the database. What is no number is left out; a limit that this version does not know stays, for those
/// that know it.
#[derive(Debug, Default)]
pub(crate) struct StoredLimits(pub(crate) GivenLimits);

impl<'de> Deserialize<'de> for StoredLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields: Map<String, Value> = Map::deserialize(deserializer)?;
        Ok(Self(fields.into_iter().filter_map(|(name, value)| Some((name, value.as_u64()?))).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_9_1_limits_of_another_version_are_read() {
        let StoredLimits(given) = serde_json::from_str(r#"{"fuel": 7, "tentacles": 8, "wall_ms": "long"}"#).unwrap();
        assert_eq!(given, GivenLimits::from([("fuel".to_owned(), 7), ("tentacles".to_owned(), 8)]));
    }
}
