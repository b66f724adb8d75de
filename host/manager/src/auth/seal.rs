//! What is kept for a caller and nobody else can read: the key is made of his credential, of which the database has a digest only.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::Sha256;
use uuid::Uuid;

/// The text of a session's token or of an API key: at least 128 random bits.
#[derive(Clone)]
pub struct Credential(String);

impl Credential {
    /// Of a credential that was found to be good.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Tells whether two requests are the same; tells nothing to who has not got the credential, however guessable they are.
    #[must_use]
    pub fn fingerprint(&self, parts: &[&[u8]]) -> Option<[u8; 32]> {
        self.derive("idempotency fingerprint", parts)
    }

    /// Seals what [`Credential::open`] opens. Once for each `attempt`: its key is used for nothing else, so that the nonce may be a fixed one.
    #[must_use]
    pub fn seal(&self, attempt: Uuid, mut text: Vec<u8>) -> Option<Vec<u8>> {
        self.cipher(attempt)?.seal_in_place_append_tag(nonce(), Aad::empty(), &mut text).ok()?;
        Some(text)
    }

    /// What was sealed; `None` if it was by another credential, for another attempt, or is damaged.
    #[must_use]
    pub fn open(&self, attempt: Uuid, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let length = self.cipher(attempt)?.open_in_place(nonce(), Aad::empty(), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }

    fn cipher(&self, attempt: Uuid) -> Option<LessSafeKey> {
        let key = self.derive("idempotency answer", &[attempt.as_bytes()])?;
        UnboundKey::new(&CHACHA20_POLY1305, &key).ok().map(LessSafeKey::new)
    }

    /// HMAC-SHA-256 under the credential; each part is delimited. It takes keys of any length, so that it is never `None`.
    fn derive(&self, purpose: &str, parts: &[&[u8]]) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        for part in [purpose.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().into())
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(..)")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn only_the_same_credential_opens_the_same_attempt() {
        let (ada, eve) = (Credential::new("ada's token"), Credential::new("eve's token"));
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = ada.seal(one, b"the answer".to_vec()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"answer"));
        assert_eq!(ada.open(one, sealed.clone()).unwrap(), b"the answer");
        assert_eq!(eve.open(one, sealed.clone()), None);
        assert_eq!(ada.open(two, sealed.clone()), None);
        let mut damaged = sealed.clone();
        damaged[0] ^= 1;
        assert_eq!(ada.open(one, damaged), None);
        assert_eq!(ada.open(one, Vec::new()), None);
    }

    #[test]
    fn fingerprints_tell_parts_and_credentials_apart() {
        let (ada, eve) = (Credential::new("ada's token"), Credential::new("eve's token"));
        let print = ada.fingerprint(&[b"POST", b"/a", b"body"]);
        assert!(print.is_some());
        assert_eq!(print, ada.fingerprint(&[b"POST", b"/a", b"body"]));
        assert_ne!(print, ada.fingerprint(&[b"POST", b"/ab", b"ody"]));
        assert_ne!(print, eve.fingerprint(&[b"POST", b"/a", b"body"]));
    }
}
