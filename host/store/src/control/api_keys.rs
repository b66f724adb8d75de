//! Credentials of programs.

use jiff::Timestamp;

use super::{Control, InstanceStore};
use crate::{AdminId, ApiKeyId, AppId, Digest, Listed, Page, Principal, Result};

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The beginning, as it may be shown.
    pub prefix: String,
    pub last4: String,
    pub scopes: Vec<String>,
    /// The only app that it reaches.
    pub app: Option<AppId>,
    pub created_by: AdminId,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// At most a minute late.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Of the whole key text.
    pub key: Digest,
    pub name: String,
    pub prefix: String,
    pub last4: String,
    pub scopes: Vec<String>,
    pub app: Option<AppId>,
    pub now: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl Control {
    /// Whose key this is, and notes that it was used (at most once a minute). `None` if there is none, it expired or was revoked, or its
    /// maker is inactive.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key(&self, key: &Digest, now: Timestamp) -> Result<Option<Principal>> {
        todo!()
    }
}

impl InstanceStore {
    /// Everybody's keys, oldest first, revoked ones included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_keys(&self, page: Page) -> Result<Listed<ApiKey>> {
        todo!()
    }

    /// Revokes anybody's key; on every node at once. `None`: there is no such key.
    ///
    /// # Errors
    /// The database failed.
    pub async fn revoke_api_key(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<ApiKey>> {
        todo!()
    }
}
