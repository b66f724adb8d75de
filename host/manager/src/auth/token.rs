//! Random tokens and their digests.

use sha2::{Digest, Sha256};

/// The operating system gave no randomness. Nothing secret may be made then.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// A token of a session: 256 random bits as 64 hexadecimal digits. Only its digest is stored (S-8.4).
///
/// # Errors
/// [`NoRandomness`].
pub fn session_token() -> Result<String, NoRandomness> {
    Ok(hex(&random::<32>()?))
}

/// SHA-256 of a token or key. A fast hash is right for what has at least 178 random bits (S-8.7); looking up by digest keeps
/// the timing of the index useless to an attacker (S-2.24).
#[must_use]
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Bytes from the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_8_4_session_token_has_256_bits() {
        let one = session_token().unwrap();
        assert_eq!(one.len(), 64);
        assert_ne!(one, session_token().unwrap());
    }

    #[test]
    fn digest_is_sha_256() {
        assert_eq!(hex(&digest("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
