//! People who log in.

use jiff::Timestamp;

use super::{Control, InstanceStore};
use crate::{AdminId, InstanceRole, Listed, Page, Principal, Result};

/// A person who logs in. The password's hash is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    pub id: AdminId,
    /// Lower case.
    pub username: String,
    pub display_name: String,
    pub role: InstanceRole,
    /// An inactive admin can't log in and his keys are refused.
    pub active: bool,
    pub created_at: Timestamp,
}

/// An admin to be made.
#[derive(Debug, Clone)]
pub struct NewAdmin {
    /// Stored in lower case.
    pub username: String,
    pub display_name: String,
    /// PHC string.
    pub password_hash: String,
    pub role: InstanceRole,
    pub now: Timestamp,
}

/// What changes about an admin; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct AdminUpdate {
    pub display_name: Option<String>,
    pub role: Option<InstanceRole>,
    pub active: Option<bool>,
    /// PHC string; ends all the admin's sessions.
    pub password_hash: Option<String>,
}

/// What a login compares with. Shown to nobody.
#[derive(Clone)]
pub struct LoginFacts {
    pub admin: AdminId,
    /// PHC string.
    pub password_hash: String,
    pub active: bool,
}

impl std::fmt::Debug for LoginFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginFacts").field("admin", &self.admin).field("active", &self.active).finish_non_exhaustive()
    }
}

impl Control {
    /// Active owners; 0 on a new installation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn owners(&self) -> Result<u32> {
        todo!()
    }

    /// Makes the first owner if there is no admin at all, and returns him as a principal, so that the installation can make its
    /// first app in his name. `None` if there is an admin already. Two nodes that start at once make one owner. The role is `owner` whatever
    /// `admin.role` says.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_first_owner(&self, admin: &NewAdmin) -> Result<Option<Principal>> {
        todo!()
    }

    /// The admin with this username (in any case), for a login.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_facts(&self, username: &str) -> Result<Option<LoginFacts>> {
        todo!()
    }

    /// Replaces the stored hash after a login with a hash made with other parameters; sessions stay.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rehash(&self, admin: AdminId, password_hash: &str) -> Result<()> {
        todo!()
    }
}

impl InstanceStore {
    /// All admins, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn admins(&self, page: Page) -> Result<Listed<Admin>> {
        todo!()
    }

    /// One admin.
    ///
    /// # Errors
    /// The database failed.
    pub async fn admin(&self, id: AdminId) -> Result<Option<Admin>> {
        todo!()
    }

    /// Makes an admin.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: the username is taken.
    pub async fn create_admin(&self, admin: &NewAdmin) -> Result<Admin> {
        todo!()
    }

    /// Changes an admin; making him inactive ends his sessions. `None`: there is no such admin.
    ///
    /// # Errors
    /// [`crate::Error::LastOwner`].
    pub async fn update_admin(&self, id: AdminId, update: &AdminUpdate) -> Result<Option<Admin>> {
        todo!()
    }
}
