//! Logged-in browsers.

use jiff::{SignedDuration, Timestamp};

use super::Control;
use crate::{AdminId, Digest, Principal, Result, SessionId};

/// A session to be made after a password was verified.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub admin: AdminId,
    /// Of the token; the token itself is never stored.
    pub token: Digest,
    pub ip: String,
    pub user_agent: String,
    pub now: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
}

/// A session as it is listed to its admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub ip: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    /// At most a minute late.
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A session that was found by its token.
#[derive(Debug, Clone)]
pub struct SessionState {
    pub principal: Principal,
    pub expires_at: Timestamp,
}

impl Control {
    /// Makes a session and sweeps those that ended.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_session(&self, session: &NewSession) -> Result<SessionState> {
        todo!()
    }

    /// The session of this token, and notes that it was seen (at most once a minute). `None` if there is none, it ended, it was idle for
    /// longer than `idle`, or its admin is inactive.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session(&self, token: &Digest, now: Timestamp, idle: SignedDuration) -> Result<Option<SessionState>> {
        todo!()
    }

    /// Logs out. Returns whether there was such a session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_session(&self, token: &Digest) -> Result<bool> {
        todo!()
    }
}
