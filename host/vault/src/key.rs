//! Sealing under one key.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of a nonce: so many that random ones don't meet.
const NONCE_BYTES: usize = 24;

/// A key that is overwritten when it is dropped, and that no log shows.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoEntropy;

/// What was sealed does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The master key that it was sealed with is not in the key file.
    #[error("it was sealed with the master key {master}, which is not in the key file")]
    NoMasterKey { master: String },
    /// It was changed, or copied from another place.
    #[error("it was damaged, or belongs elsewhere")]
    Damaged,
}

impl Key {
    pub(crate) fn random() -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoEntropy)?;
        Ok(Self(bytes))
    }

    /// `None`: that is not as long as a key.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Nonce, text and tag. It opens only with the same `place`.
    pub(crate) fn seal(&self, place: &[u8], text: &[u8]) -> Result<Vec<u8>, NoEntropy> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| NoEntropy)?;
        // It fails for texts of more than 256 GiB only.
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: text, aad: place }).map_err(|_| NoEntropy)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Unopened::Damaged)?;
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place });
        opened.map(Zeroizing::new).map_err(|_| Unopened::Damaged)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes().into())
    }
}

/// Parts one behind the other, each with its length, so that no two places read alike.
pub(crate) fn place(parts: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::new();
    for part in parts {
        place.extend_from_slice(&(part.len() as u64).to_le_bytes());
        place.extend_from_slice(part);
    }
    place
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// draft-irtf-cfrg-xchacha-03, A.3.1.
    #[test]
    fn s_6_4_the_published_example_opens() {
        let key: Vec<u8> = (0x80..0xa0).collect();
        let nonce: Vec<u8> = (0x40..0x58).collect();
        let sealed = bytes(concat!(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
            "21f9664c97637da9768812f615c68b13b52e",
            "c0875924c1c7987947deafd8780acf49"
        ));
        let place = bytes("50515253c0c1c2c3c4c5c6c7");
        let opened = Key::from_slice(&key).unwrap().open(&place, &[nonce, sealed].concat()).unwrap();
        assert!(opened.starts_with(b"Ladies and Gentlemen of the class of '99: If I could offer you"));
    }

    #[test]
    fn a_place_has_one_reading() {
        assert_ne!(place(&[b"ab", b"c"]), place(&[b"a", b"bc"]));
        assert_ne!(place(&[b"a"]), place(&[b"a", b""]));
    }

    proptest::proptest! {
        #[test]
        fn s_6_4_what_was_changed_does_not_open(text: Vec<u8>, at: proptest::sample::Index, flip in 1..=255_u8, cut: bool) {
            let key = Key::random().unwrap();
            let mut sealed = key.seal(b"place", &text).unwrap();
            assert_eq!(*key.open(b"place", &sealed).unwrap(), text);
            assert_eq!(key.open(b"other", &sealed), Err(Unopened::Damaged));
            assert_eq!(Key::random().unwrap().open(b"place", &sealed), Err(Unopened::Damaged));
            let at = at.index(sealed.len());
            if cut { sealed.truncate(at) } else { sealed[at] ^= flip }
            assert_eq!(key.open(b"place", &sealed), Err(Unopened::Damaged));
        }
    }
}
