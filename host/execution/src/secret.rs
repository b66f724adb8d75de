//! A secret on its way to a script.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Names one value of one secret. Taken from a sequence and never used again.
pub type SecretVersion = i64;

/// The value of a secret. Overwritten when it is dropped; neither shown nor written down: of a recording only the version is a part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    pub version: SecretVersion,
    #[serde(skip)]
    value: Zeroizing<String>,
}

/// Values shorter than this are not looked for in logs: they would be found by chance (S-6.4).
pub const REDACTED_BYTES_MIN: usize = 8;

impl Secret {
    #[must_use]
    pub fn new(version: SecretVersion, value: Zeroizing<String>) -> Self {
        Self { version, value }
    }

    /// The value itself. It goes to the sandbox and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_6_5_a_secret_is_neither_shown_nor_recorded() {
        let secret = Secret::new(7, Zeroizing::new("hunter2 of the shop".to_owned()));
        let (shown, recorded) = (format!("{secret:?}"), serde_json::to_string(&secret).unwrap());
        assert_eq!((shown.as_str(), recorded.as_str()), ("Secret { version: 7, .. }", r#"{"version":7}"#));
        assert_eq!(serde_json::from_str::<Secret>(&recorded).unwrap().reveal(), "");
    }
}
