//! What lets a browser listen to one topic of one app, for some time.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use store::AppId;

use crate::preview::{PreviewKey, unhex};

/// Signs and checks tokens; the same on all nodes.
#[derive(Debug, Clone)]
pub(crate) struct TopicKey(PreviewKey);

impl TopicKey {
    pub(crate) fn new(key: PreviewKey) -> Self {
        Self(key)
    }

    /// `<expiry>.<signature>`. `expires`: seconds since 1970.
    pub(crate) fn sign(&self, app: AppId, topic: &str, expires: u64) -> Option<String> {
        let mut token = format!("{expires}.");
        for byte in self.mac(app, topic, expires)?.finalize().into_bytes() {
            // Writing to a string can't fail.
            let _ = write!(token, "{byte:02x}");
        }
        Some(token)
    }

    /// Whether this key has signed a token for this, and its time is still to come. Compared in constant time.
    pub(super) fn check(&self, token: &str, app: AppId, topic: &str, now: u64) -> bool {
        let checked = || {
            let (expires, signature) = token.split_once('.')?;
            let expires: u64 = expires.parse().ok().filter(|expires| *expires > now)?;
            let signature = unhex(signature)?;
            self.mac(app, topic, expires)?.verify_slice(&signature).ok()
        };
        checked().is_some()
    }

    /// The topic comes last: everything before it has a fixed length. `None` never.
    fn mac(&self, app: AppId, topic: &str, expires: u64) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.hmac()?;
        mac.update(b"picloud topic token   ");
        mac.update(app.uuid().as_bytes());
        mac.update(&expires.to_be_bytes());
        mac.update(topic.as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_token_is_good_for_one_topic_of_one_app_and_some_time() {
        let (key, app) = (TopicKey::new(PreviewKey::new([1; 32])), AppId::from(Uuid::from_u128(1)));
        let token = key.sign(app, "orders/7", 100).unwrap();
        assert!(key.check(&token, app, "orders/7", 99));
        assert!(!key.check(&token, app, "orders/7", 100), "expired");
        assert!(!key.check(&token, app, "orders/8", 99));
        assert!(!key.check(&token, AppId::from(Uuid::from_u128(2)), "orders/7", 99));
        assert!(!TopicKey::new(PreviewKey::new([2; 32])).check(&token, app, "orders/7", 99));
        for bad in ["", ".", "100.", &token.replacen("100", "999", 1), &token[..token.len() - 1]] {
            assert!(!key.check(bad, app, "orders/7", 99), "{bad}");
        }
    }
}
