//! The text of an API key: `pic_<kind>_<30 base62 random><6 base62 CRC-32>` (S-8.7). An invitation's token has the same form.
//!
//! The prefix lets secret scanners find keys, the underscores let a double click select all of one, and the checksum lets
//! anyone tell a mistyped key from a revoked one without a database. A regular expression that finds keys:
//! `pic_(app|all|inv)_[0-9A-Za-z]{36}`.

use super::token::{NoRandomness, random};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARS: usize = 30;
const CHECKSUM_CHARS: usize = 6;

/// What a key is bound to; visible in its text, so that a leaked one tells how bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One app.
    App,
    /// Everything its maker may reach.
    All,
    /// No key, but an invitation: good for one thing, once.
    Invitation,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::All => "all",
            Self::Invitation => "inv",
        }
    }
}

/// Makes a new key. It is shown to its maker once; the store keeps its digest, prefix and last four characters.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate(kind: Kind) -> Result<String, NoRandomness> {
    let mut key = format!("pic_{}_", kind.word());
    while key.len() < 8 + RANDOM_CHARS {
        // 248 is the largest multiple of 62 in a byte: what lies above would make some characters likelier.
        for byte in random::<40>()?.into_iter().filter(|byte| *byte < 248).take(8 + RANDOM_CHARS - key.len()) {
            key.push(char::from(ALPHABET[usize::from(byte % 62)]));
        }
    }
    let checksum = checksum(&key);
    key.push_str(&checksum);
    Ok(key)
}

/// Whether a text has the form of a key and its checksum is right. A text that has not is refused without a query.
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    is_of(Kind::App, text) || is_of(Kind::All, text)
}

/// The same for one kind.
#[must_use]
pub fn is_of(kind: Kind, text: &str) -> bool {
    let Some(random) = text.strip_prefix("pic_").and_then(|rest| rest.strip_prefix(kind.word())).and_then(|rest| rest.strip_prefix('_'))
    else {
        return false;
    };
    if random.len() != RANDOM_CHARS + CHECKSUM_CHARS || !random.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let (body, sum) = text.split_at(text.len() - CHECKSUM_CHARS);
    checksum(body) == sum
}

/// The part that may be shown in lists: `pic_app_` and the first four random characters.
#[must_use]
pub fn prefix(key: &str) -> &str {
    key.get(..12).unwrap_or(key)
}

/// The last four characters, by which its owner recognises a key.
#[must_use]
pub fn last4(key: &str) -> &str {
    key.get(key.len().saturating_sub(4)..).unwrap_or(key)
}

/// CRC-32 of everything before it, as six base62 digits.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_8_7_generated_keys_are_well_formed() {
        for kind in [Kind::App, Kind::All] {
            let key = generate(kind).unwrap();
            assert_eq!(key.len(), 44, "{key}");
            assert!(is_well_formed(&key), "{key}");
            assert_eq!(prefix(&key).len(), 12);
            assert!(key.ends_with(last4(&key)));
            assert_ne!(key, generate(kind).unwrap());
        }
    }

    #[test]
    fn an_invitation_is_no_key() {
        let token = generate(Kind::Invitation).unwrap();
        assert!(is_of(Kind::Invitation, &token) && !is_well_formed(&token), "{token}");
        assert!(!is_of(Kind::Invitation, &generate(Kind::All).unwrap()));
    }

    #[test]
    fn s_8_7_one_wrong_character_is_noticed() {
        let key = generate(Kind::App).unwrap();
        for at in 0..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            assert!(!is_well_formed(&String::from_utf8(bytes).unwrap()), "character {at} of {key}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in [
            "",
            "pic_",
            "pic_app_",
            "pic_app_é",
            "Bearer pic_all_",
            &"x".repeat(44),
            &"é".repeat(22),
            &format!("pic_all_{}", "é".repeat(18)),
        ] {
            assert!(!is_well_formed(text), "{text}");
        }
    }
}
