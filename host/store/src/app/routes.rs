//! Routes of the active deployment.

use jiff::Timestamp;

use super::AppStore;
use crate::{Listed, Page, Result, Revision, RouteId, ScriptId};

/// A route as it is in one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub id: RouteId,
    pub script: ScriptId,
    /// Upper case; `None` for any.
    pub method: Option<String>,
    /// Exact host or `*.` wildcard; `None` for any of the app's hosts.
    pub host: Option<String>,
    /// `/exact`, `/users/:id` or `/files/*`.
    pub path: String,
    /// When this form was deployed.
    pub changed_at: Timestamp,
}

impl Route {
    /// Of script, method, host and path.
    #[must_use]
    pub fn revision(&self) -> Revision {
        todo!()
    }
}

impl AppStore {
    /// Routes of the active deployment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn routes(&self, page: Page) -> Result<Listed<Route>> {
        todo!()
    }

    /// All routes of the active deployment, for `check` and `match`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all_routes(&self) -> Result<Vec<Route>> {
        todo!()
    }

    /// One route of the active deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn route(&self, id: RouteId) -> Result<Option<Route>> {
        todo!()
    }
}
