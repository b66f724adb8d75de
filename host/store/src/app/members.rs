//! Who works on the app.

use jiff::Timestamp;

use super::AppStore;
use crate::{AdminId, AppRole, Listed, Page, Result};

/// An admin's role in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub admin: AdminId,
    pub username: String,
    pub role: AppRole,
    pub created_at: Timestamp,
}

impl AppStore {
    /// The app's members, by admin id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn members(&self, page: Page) -> Result<Listed<Member>> {
        todo!()
    }

    /// Gives an admin a role, or another one.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]: there is no such admin.
    pub async fn put_member(&self, admin: AdminId, role: AppRole, now: Timestamp) -> Result<Member> {
        todo!()
    }

    /// Takes an admin's role away. Returns whether he had one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove_member(&self, admin: AdminId) -> Result<bool> {
        todo!()
    }
}
