//! Topics: messages of an app's executions to whoever listens.

use serde::{Deserialize, Serialize};

/// Longest name of a topic, in bytes.
pub const TOPIC_BYTES_MAX: usize = 128;
/// Longest life of a token: a day.
pub const TOKEN_TTL_MS_MAX: u64 = 24 * 3600 * 1000;
/// Which topics there can be, for people.
pub const TOPIC_RULE: &str = "a topic has 1 to 128 of letters, digits, `_`, `-`, `.`, `:` and `/`, and neither begins nor ends with `/`";

/// A message that is to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    pub topic: String,
    /// JSON.
    pub message: String,
}

/// Whether a topic can be called so. Such a name needs no encoding in the path of a URL.
#[must_use]
pub fn is_topic(text: &str) -> bool {
    (1..=TOPIC_BYTES_MAX).contains(&text.len())
        && !text.starts_with('/')
        && !text.ends_with('/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_paths_that_need_no_encoding() {
        for good in ["a", "orders", "room/7", "a.b:c_d-E", &"x".repeat(128)] {
            assert!(is_topic(good), "{good}");
        }
        for bad in ["", "/", "/a", "a/", "a b", "a\n", "é", "a?b", "a%2f", "*", &"x".repeat(129)] {
            assert!(!is_topic(bad), "{bad}");
        }
    }
}
