//! The instance's key for previews: what it signs, and what it takes for signed.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use store::AppId;

/// A secret of the instance. Whoever has it can look at every deployment of every app.
#[derive(Clone)]
pub struct PreviewKey([u8; 32]);

/// What a signature is good for. A link is no cookie: what stands in an address bar is not what a browser keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Link,
    Cookie,
}

impl std::fmt::Debug for PreviewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PreviewKey(..)")
    }
}

impl PreviewKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// `<expiry>.<signature>` for one deployment of one app. `expires`: seconds since 1970.
    pub(super) fn sign(&self, purpose: Purpose, app: AppId, number: u32, expires: u64) -> String {
        let Some(mac) = self.mac(purpose, app, number, expires) else { return String::new() };
        let mut token = format!("{expires}.");
        for byte in mac.finalize().into_bytes() {
            // Writing to a string can't fail.
            let _ = write!(token, "{byte:02x}");
        }
        token
    }

    /// The expiry of a token that this key signed for this, if it is still to come. Compared in constant time.
    pub(super) fn check(&self, purpose: Purpose, token: &str, app: AppId, number: u32, now: u64) -> Option<u64> {
        let (expires, signature) = token.split_once('.')?;
        let expires: u64 = expires.parse().ok().filter(|expires| *expires > now)?;
        let signature = unhex(signature)?;
        self.mac(purpose, app, number, expires)?.verify_slice(&signature).ok().map(|()| expires)
    }

    /// For whoever signs something else with this key, beginning with words of his own. `None` never.
    pub(crate) fn hmac(&self) -> Option<Hmac<Sha256>> {
        Hmac::<Sha256>::new_from_slice(&self.0).ok()
    }

    /// Of fields that all have a fixed length. `None` never: a key of any length will do.
    fn mac(&self, purpose: Purpose, app: AppId, number: u32, expires: u64) -> Option<Hmac<Sha256>> {
        let mut mac = self.hmac()?;
        mac.update(match purpose {
            Purpose::Link => b"picloud preview link  ",
            Purpose::Cookie => b"picloud preview cookie",
        });
        mac.update(app.uuid().as_bytes());
        mac.update(&number.to_be_bytes());
        mac.update(&expires.to_be_bytes());
        Some(mac)
    }
}

/// 64 lower-case hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_signature_is_good_for_one_thing_and_some_time() {
        let (key, app) = (PreviewKey::new([1; 32]), AppId::from(Uuid::from_u128(1)));
        let token = key.sign(Purpose::Link, app, 7, 100);
        assert_eq!(key.check(Purpose::Link, &token, app, 7, 99), Some(100));
        assert_eq!(key.check(Purpose::Link, &token, app, 7, 100), None, "expired");
        assert_eq!(key.check(Purpose::Cookie, &token, app, 7, 99), None);
        assert_eq!(key.check(Purpose::Link, &token, app, 8, 99), None);
        assert_eq!(key.check(Purpose::Link, &token, AppId::from(Uuid::from_u128(2)), 7, 99), None);
        assert_eq!(PreviewKey::new([2; 32]).check(Purpose::Link, &token, app, 7, 99), None);
        let other_end = token.replacen("100", "999", 1);
        for bad in ["", ".", "100.", "100", other_end.as_str(), &token.to_uppercase(), &token[..token.len() - 1], &format!("{token}0")] {
            assert_eq!(key.check(Purpose::Link, bad, app, 7, 99), None, "{bad}");
        }
        assert!(!format!("{key:?}").contains('1'));
    }
}
