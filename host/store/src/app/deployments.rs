//! Deployments that were made.

use jiff::Timestamp;

use super::{AppStore, Route, Script};
use crate::{AdminId, ApiKeyId, DeploymentId, Listed, Page, Result};

/// All scripts and routes of an app at one moment; immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub id: DeploymentId,
    /// 1, 2, 3 ... in each app.
    pub number: u32,
    pub message: String,
    /// The admin who made it, or whose key did; `None` once he is deleted.
    pub created_by: Option<AdminId>,
    /// The key that made it; `None` for a browser.
    pub created_with: Option<ApiKeyId>,
    pub created_at: Timestamp,
    /// Whether it is the one that runs.
    pub active: bool,
}

/// A deployment with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentContents {
    pub deployment: Deployment,
    /// Oldest first.
    pub scripts: Vec<Script>,
    /// Oldest first.
    pub routes: Vec<Route>,
}

impl AppStore {
    /// Deployments, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployments(&self, page: Page) -> Result<Listed<Deployment>> {
        todo!()
    }

    /// One deployment with its scripts and routes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment(&self, id: DeploymentId) -> Result<Option<DeploymentContents>> {
        todo!()
    }
}
