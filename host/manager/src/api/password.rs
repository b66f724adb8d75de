//! What stands before and behind every password that somebody sends: counting, verifying, hashing.

use std::net::IpAddr;

use jiff::Timestamp;
use store::{AdminId, LogInAttempt, LogInFailures, LoginFacts};

use super::problem::{Problem, ProblemType};
use crate::{
    State,
    auth::{
        password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordError, Verdict},
        throttle::{Network, Wait, admit},
    },
};

/// An attempt that was counted as failed until it succeeds (S-8.3).
pub(super) struct Attempt {
    account: String,
    network: Network,
    /// Whether the account's owner has logged in from this network before.
    known: bool,
    now: Timestamp,
}

impl Attempt {
    /// Counts it.
    ///
    /// # Errors
    /// 429: too many of this network, for this account, or of strangers. 503.
    pub(super) async fn count(state: &State, account: String, from: IpAddr) -> Result<Self, Problem> {
        let now = state.now();
        let mut attempt = Self { account, network: Network::of(from), known: false, now };
        state.throttle.attempt(attempt.network, now).map_err(throttled)?;
        let network = attempt.network.to_string();
        let mut known = false;
        let admitted = |failures: LogInFailures| {
            known = failures.known;
            admit(failures, now)?;
            if failures.known { Ok(()) } else { state.throttle.stranger(now) }
        };
        state.control.count_log_in(attempt.stored(&network), admitted).await?.map_err(throttled)?;
        attempt.known = known;
        Ok(attempt)
    }

    /// Verifies the password: exactly one argon2 verification with equal parameters, whether the account exists or not (S-8.2).
    /// `None`: it is wrong, or there is no such account, or it is not active.
    ///
    /// # Errors
    /// 503.
    pub(super) async fn verify(self, state: &State, facts: Option<LoginFacts>, password: String) -> Result<Option<LoginFacts>, Problem> {
        let stored = facts.as_ref().map(|facts| facts.password_hash.clone());
        let verdict = match state.passwords.verify(password.clone(), stored).await {
            Ok(verdict) => verdict,
            // Nobody has such a password, whatever the name.
            Err(PasswordError::TooLong) => Verdict::Wrong,
            Err(error) => return Err(failed(error)),
        };
        let Some(facts) = facts.filter(|facts| facts.active && verdict != Verdict::Wrong) else { return Ok(None) };
        if verdict == Verdict::RightButOld {
            let hash = state.passwords.hash(password).await.map_err(failed)?;
            state.control.rehash(facts.admin, &hash).await?;
        }
        self.succeeded(state, facts.admin).await?;
        Ok(Some(facts))
    }

    async fn succeeded(self, state: &State, admin: AdminId) -> Result<(), Problem> {
        state.throttle.succeeded(self.network);
        if !self.known {
            state.throttle.stranger_succeeded();
        }
        let network = self.network.to_string();
        Ok(state.control.log_in_succeeded(admin, self.stored(&network)).await?)
    }

    fn stored<'a>(&'a self, network: &'a str) -> LogInAttempt<'a> {
        LogInAttempt { account: &self.account, network, now: self.now }
    }
}

/// The hash of a new password.
///
/// # Errors
/// 400 if it is too short or too long, 503.
pub(super) async fn hash_new(state: &State, pointer: &str, password: String) -> Result<String, Problem> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        let message = format!("A password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes.");
        return Err(Problem::invalid(pointer, message));
    }
    state.passwords.hash(password).await.map_err(failed)
}

/// 429.
pub(super) fn throttled(wait: Wait) -> Problem {
    let detail = format!("Too many attempts. Try again in {} s.", wait.seconds);
    Problem::new(ProblemType::Throttled, detail).with_retry_after(wait.seconds)
}

fn failed(error: PasswordError) -> Problem {
    match error {
        PasswordError::Busy => Problem::unavailable("Too many passwords are checked at once. Try again in a moment.", error),
        PasswordError::TooLong | PasswordError::Failed => Problem::internal(error),
    }
}
