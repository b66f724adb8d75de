//! Limits as the column holds them: perhaps written by another version of PiCloud, which runs beside this one.

use execution::{Limits, limits};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

/// Limits read from the database. A limit that this version does not know is left out, one that the row does not have takes its default.
#[derive(Debug)]
pub(crate) struct StoredLimits(pub(crate) Limits);

impl<'de> Deserialize<'de> for StoredLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        fields.retain(|name, _| limits::ALL.iter().any(|limit| limit.name == name));
        Limits::deserialize(Value::Object(fields)).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_9_1_limits_of_another_version_are_read() {
        let StoredLimits(limits) = serde_json::from_str(r#"{"fuel": 7, "tentacles": 8}"#).unwrap();
        assert_eq!(limits, Limits { fuel: 7, ..Limits::default() });
    }
}
