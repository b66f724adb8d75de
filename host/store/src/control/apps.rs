//! The list of apps and the making of new ones.

use execution::Limits;
use jiff::Timestamp;

use super::InstanceStore;
use crate::{AppId, Result, Revision, Slug};

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub slug: String,
    pub name: String,
    /// Number of the deployment that runs; `None` before the first.
    pub deployment: Option<u32>,
    /// Limits that differ from the defaults as a whole; `None` for the defaults.
    pub limits: Option<Limits>,
    pub created_at: Timestamp,
    /// Of slug, name and limits.
    pub revision: Revision,
}

impl InstanceStore {
    /// Makes an app, with the acting admin as its first member (`app_admin`).
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: the slug is taken.
    pub async fn create_app(&self, slug: &Slug, name: &str, now: Timestamp) -> Result<App> {
        todo!()
    }
}
