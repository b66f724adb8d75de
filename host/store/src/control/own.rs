//! What everybody may do with his own: keys, sessions, password, the list of the apps he sees.

use jiff::Timestamp;

use super::{ApiKey, App, Control, NewApiKey, Session};
use crate::{ApiKeyId, Listed, Page, Principal, Result, SessionId};

/// A principal's own things.
#[derive(Debug)]
pub struct OwnStore {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) actor: Principal,
}

impl Control {
    /// The principal's own things; needs no right but to be him. What a *key* may do with them is the caller's decision.
    #[must_use]
    pub fn own(&self, principal: &Principal) -> OwnStore {
        OwnStore { pool: self.pool.clone(), actor: principal.clone() }
    }
}

impl OwnStore {
    /// The apps that the principal sees, oldest first: all of them for owners and admins, else those he is a member of; with a bound key
    /// that one at most.
    ///
    /// # Errors
    /// The database failed.
    pub async fn apps(&self, page: Page) -> Result<Listed<App>> {
        todo!()
    }

    /// The principal's keys, oldest first, revoked ones included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_keys(&self, page: Page) -> Result<Listed<ApiKey>> {
        todo!()
    }

    /// Makes a key in the principal's name.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]: the app it is to be bound to is gone.
    pub async fn create_api_key(&self, key: &NewApiKey) -> Result<ApiKey> {
        todo!()
    }

    /// Revokes one of the principal's keys; on every node at once. `None`: he has no such key.
    ///
    /// # Errors
    /// The database failed.
    pub async fn revoke_api_key(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<ApiKey>> {
        todo!()
    }

    /// The principal's sessions, newest first; at most 200.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions(&self) -> Result<Vec<Session>> {
        todo!()
    }

    /// Ends one of the principal's sessions. Returns whether there was such a session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_session(&self, id: SessionId) -> Result<bool> {
        todo!()
    }

    /// Sets the principal's password (PHC string) and ends all his sessions but the one that acts.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_password(&self, password_hash: &str) -> Result<()> {
        todo!()
    }
}
