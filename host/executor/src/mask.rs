//! What an execution has read of secrets does not leave it by its log or its errors (S-6.4).

use execution::{REDACTED_BYTES_MIN, Secret};
use serde::de::IgnoredAny;

/// Where the interpreter cuts lines, to the character: the ceiling of the limit `log_line_bytes`.
const LINE_BYTES_MAX: usize = 4 << 10;
const MAX_LEN_UTF8: usize = 4;

/// The secrets that were read, longest first: one may be part of another.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    secrets: Vec<(String, Secret)>,
}

impl Mask {
    pub(crate) fn learn(&mut self, name: String, secret: Secret) {
        if secret.reveal().len() < REDACTED_BYTES_MIN || self.secrets.iter().any(|(_, known)| *known == secret) {
            return;
        }
        let place = self.secrets.partition_point(|(_, known)| known.reveal().len() >= secret.reveal().len());
        self.secrets.insert(place, (name, secret));
    }

    /// The text with `[secret NAME]` in the place of each value, as it is or with its quotes and line breaks escaped.
    pub(crate) fn apply_to(&self, text: &mut String) {
        for (name, secret) in &self.secrets {
            for value in [secret.reveal(), &escaped(secret)] {
                if text.contains(value) {
                    *text = text.replace(value, &format!("[secret {name}]"));
                }
            }
        }
    }

    /// The same of a line. If the interpreter has cut it in the middle of a value, what is left of that goes too.
    pub(crate) fn apply_to_line(&self, line: &mut String) {
        let was_cut = line.len() + MAX_LEN_UTF8 > LINE_BYTES_MAX;
        self.apply_to(line);
        if !was_cut {
            return;
        }
        let tails = self.secrets.iter().filter_map(|(_, secret)| begun(line, secret.reveal()));
        if let Some(length) = tails.max() {
            line.truncate(line.len() - length);
        }
    }

    /// The same of a JSON object, which stays one.
    pub(crate) fn apply_to_fields(&self, fields: String) -> String {
        let mut masked = fields;
        for (name, secret) in &self.secrets {
            let value = escaped(secret);
            if !masked.contains(&value) {
                continue;
            }
            masked = masked.replace(&value, &format!("[secret {name}]"));
            // It was a number, or a part of one.
            if serde_json::from_str::<IgnoredAny>(&masked).is_err() {
                return format!(r#"{{"log_error":"the fields hold the secret {name}"}}"#);
            }
        }
        masked
    }
}

/// How a value reads inside of a JSON string.
fn escaped(secret: &Secret) -> String {
    let quoted = serde_json::to_string(secret.reveal()).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// How many bytes at the end of a text are the beginning of a value: so many that it is not chance.
fn begun(text: &str, value: &str) -> Option<usize> {
    let lengths = (REDACTED_BYTES_MIN / 2..value.len()).rev().filter(|length| value.is_char_boundary(*length));
    lengths.into_iter().find(|length| text.ends_with(&value[..*length]))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn mask(secrets: &[(&str, &str)]) -> Mask {
        let mut mask = Mask::default();
        for (version, (name, value)) in (1..).zip(secrets) {
            mask.learn((*name).to_owned(), Secret::new(version, Zeroizing::new((*value).to_owned())));
        }
        mask
    }

    #[test]
    fn s_6_4_values_are_masked_the_longest_first() {
        let mask = mask(&[("SHORT", "seven77"), ("A", "12345678"), ("B", "12345678-more"), ("C", "line\none \"x\"")]);
        for (text, expected) in [
            ("nothing", "nothing"),
            ("seven77", "seven77"),
            ("a 12345678 b 12345678.", "a [secret A] b [secret A]."),
            ("12345678-more", "[secret B]"),
            ("line\none \"x\"", "[secret C]"),
            ("it is 1234567", "it is 1234567"),
        ] {
            let mut line = text.to_owned();
            mask.apply_to_line(&mut line);
            assert_eq!(line, expected, "{text}");
        }
        for (end, left) in [("1234567", ""), ("12345678-m", "[secret A]-m"), ("123", "123")] {
            let mut line = format!("{}{end}", "x".repeat(LINE_BYTES_MAX - end.len()));
            mask.apply_to_line(&mut line);
            assert_eq!(line.trim_start_matches('x'), left, "{end}");
        }
    }

    #[test]
    fn s_6_4_fields_stay_json() {
        let mask = mask(&[("A", "12345678"), ("C", "line\none \"x\"")]);
        for (fields, expected) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":"x 12345678"}"#, r#"{"a":"x [secret A]"}"#),
            (r#"{"a":123456789}"#, r#"{"log_error":"the fields hold the secret A"}"#),
            (r#"{"a":"line\none \"x\""}"#, r#"{"a":"[secret C]"}"#),
        ] {
            assert_eq!(mask.apply_to_fields(fields.to_owned()), expected, "{fields}");
        }
    }
}
