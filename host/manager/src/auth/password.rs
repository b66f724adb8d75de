//! Passwords: argon2id on blocking threads, never more at once than the machine has cores (S-8.1, S-3.3).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use super::token::{NoRandomness, random};

/// Longest password, in bytes: hashing must not become work that an attacker chooses.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Shortest password, in characters: OWASP's figure for accounts without a second factor.
pub const PASSWORD_CHARS_MIN: usize = 15;
/// Hashes that may wait for their turn. Beyond it a log-in answers 503.
const WAITING_MAX: usize = 32;

/// Hash of a password nobody has, with today's parameters: verifying against it takes what an existing account takes (S-8.2).
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cGljbG91ZC1ub2JvZHkhIQ$8ViLkqeiBEtkbt3TfNFlrfLjOG+hHUhTYz9aZGQTnnA";

/// Letters and digits that nobody mistakes for another, 32 of them: five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Of a password that PiCloud makes: 120 bits.
const GENERATED_CHARS: usize = 24;

/// A password drawn from the operating system, to be shown once to whoever gives it to its owner.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate() -> Result<String, NoRandomness> {
    // 32 divides 256: every letter is as likely as any other.
    Ok(random::<GENERATED_CHARS>()?.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}

/// Why a password was not hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already: 503.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// Longer than [`PASSWORD_BYTES_MAX`].
    #[error("the password is longer than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The algorithm or its thread failed: a defect.
    #[error("hashing a password failed")]
    Failed,
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed with other parameters than today's: hash it again and store that.
    RightButOld,
}

/// Hashes and verifies passwords. One per process; made at start.
#[derive(Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    /// Callers that run or wait.
    admitted: Arc<Semaphore>,
    /// Verifications since start: the test of S-8.2 reads it.
    verifications: AtomicU64,
}

impl Passwords {
    /// Allows `cores` hashes at once.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            admitted: Arc::new(Semaphore::new(cores + WAITING_MAX)),
            verifications: AtomicU64::new(0),
        }
    }

    /// A new hash as PHC text, with its own salt. Called by log-in (old parameters), first owner and password reset.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(password, |password| Ok(Argon2::default().hash_password(password).map_err(|_| PasswordError::Failed)?.to_string())).await
    }

    /// Compares a password with a stored hash, or with nobody's when there is no such account: both cost the same.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<Verdict, PasswordError> {
        self.verifications.fetch_add(1, Ordering::Relaxed);
        self.run(password, move |password| {
            let text = stored.as_deref().unwrap_or(NOBODY);
            let hash = PasswordHash::new(text).map_err(|_| PasswordError::Failed)?;
            // The verifier takes the parameters of the stored hash.
            let right = Argon2::default().verify_password(password, &hash).is_ok() && stored.is_some();
            let current = is_current(&hash);
            Ok(match (right, current) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOld,
            })
        })
        .await
    }

    /// Verifications since start.
    #[must_use]
    pub fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        password: String,
        work: impl FnOnce(&[u8]) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        tokio::task::spawn_blocking(move || {
            // Both permits end with the work, not with the caller: a client that hangs up must not make room for another hash.
            let _permits = (admitted, running);
            work(password.as_bytes())
        })
        .await
        .map_err(|_| PasswordError::Failed)?
    }
}

/// Whether a hash was made with the parameters of today. (The length of the output is in a hash and not in the defaults.)
fn is_current(hash: &PasswordHash) -> bool {
    let today = Params::default();
    let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    hash.algorithm.as_str() == "argon2id" && Params::try_from(hash).is_ok_and(|params| costs(&params) == costs(&today))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_8_8_generated_passwords_are_random_and_long() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), GENERATED_CHARS);
        assert!(one.bytes().all(|byte| ALPHABET.contains(&byte)));
    }

    #[tokio::test]
    async fn s_8_1_round_trip_with_owasp_parameters() {
        let passwords = Passwords::new(2);
        let hash = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(passwords.verify("correct horse battery".to_owned(), Some(hash.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(passwords.verify("correct horse".to_owned(), Some(hash)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn s_8_1_old_parameters_are_noticed() {
        let params = Params::new(8192, 1, 1, None).unwrap();
        let old = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params).hash_password(b"secret").unwrap().to_string();
        assert_eq!(Passwords::new(1).verify("secret".to_owned(), Some(old)).await.unwrap(), Verdict::RightButOld);
    }

    #[tokio::test]
    async fn s_8_2_unknown_account_costs_one_equal_verification() {
        let passwords = Passwords::new(1);
        assert_eq!(passwords.verify("anything".to_owned(), None).await.unwrap(), Verdict::Wrong);
        assert_eq!(passwords.verifications(), 1);
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert!(is_current(&nobody));
    }

    #[tokio::test]
    async fn s_8_1_queue_and_length_are_bounded() {
        let passwords = Passwords::new(1);
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        assert!(matches!(passwords.verify(long, None).await, Err(PasswordError::TooLong)));
        let _all = passwords.admitted.clone().acquire_many_owned(33).await.unwrap();
        assert!(matches!(passwords.verify("x".to_owned(), None).await, Err(PasswordError::Busy)));
    }
}
