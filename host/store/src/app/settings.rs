//! The app itself: name, limits, end.

use execution::Limits;

use super::AppStore;
use crate::{App, Result, Revision};

impl AppStore {
    /// The app; `None` if it was deleted since the handle was made.
    ///
    /// # Errors
    /// The database failed.
    pub async fn app(&self) -> Result<Option<App>> {
        todo!()
    }

    /// Gives the app another name. `None`: it was deleted.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn rename(&self, name: &str, expected: Option<&Revision>) -> Result<Option<App>> {
        todo!()
    }

    /// Sets the limits of the app's executions; `None` for the defaults. The caller checked the ceilings. Every node hears of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_limits(&self, limits: Option<&Limits>) -> Result<Option<App>> {
        todo!()
    }

    /// Deletes the app with everything in it. Executions and logs are unreachable at once and swept by the next maintenance. Returns whether
    /// it was there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete(self) -> Result<bool> {
        todo!()
    }
}
