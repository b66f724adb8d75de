//! The one way to change what runs.

use jiff::Timestamp;

use super::{AppStore, Change, Deployment};
use crate::{DeploymentId, Result};

/// Deployments that are kept beside the active one.
pub const DEPLOYMENTS_KEPT: i64 = 100;

impl AppStore {
    /// Makes the next deployment: the active one with `changes` applied in order, and activates it. All or nothing; concurrent calls queue
    /// on the app's row. Every node hears of it.
    ///
    /// # Errors
    /// [`crate::Error::Missing`], [`crate::Error::Duplicate`], [`crate::Error::RouteConflict`], [`crate::Error::NotAnEndpoint`],
    /// [`crate::Error::Changed`]; `Missing` with [`crate::Thing::App`] if the app was deleted.
    pub async fn deploy(&self, changes: &[Change], message: &str, now: Timestamp) -> Result<Deployment> {
        todo!()
    }

    /// Points the app at one of its deployments. `None`: it has no such deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn activate(&self, id: DeploymentId) -> Result<Option<Deployment>> {
        todo!()
    }
}
