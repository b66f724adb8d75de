//! What an app's scripts keep, behind the data plane's handle to it.

mod commit;
mod kv;
mod sweep;
mod usage;

pub use commit::{Commit, Committed};
pub(crate) use commit::{change_kv, is_crossed};
pub(crate) use kv::end_of;
pub use usage::Quota;

use sqlx::PgPool;

use crate::{AppId, AppSnapshot, Runs};

/// The door to what scripts keep. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Data {
    pub(crate) runs: Runs,
}

/// The state of one app. Made only by [`crate::Snapshots::data`], from the snapshot of an app that a request was found to belong to; every statement
/// behind it names that app.
#[derive(Debug, Clone)]
pub struct AppData {
    runs: Runs,
    app: AppId,
}

impl Data {
    pub(crate) fn of(&self, app: &AppSnapshot) -> AppData {
        AppData { runs: self.runs.clone(), app: app.app_id }
    }
}

impl AppData {
    /// The app that this handle is bound to.
    #[must_use]
    pub fn app_id(&self) -> AppId {
        self.app
    }

    fn pool(&self) -> &PgPool {
        &self.runs.data
    }
}
