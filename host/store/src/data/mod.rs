//! What an app's scripts keep, behind the data plane's handle to it.

pub(crate) mod assets;
mod commit;
pub(crate) mod files;
pub(crate) mod jobs;
pub(crate) mod key_check;
mod kv;
pub(crate) mod messages;
mod next_due;
pub(crate) mod schedules;
pub(crate) mod secrets;
mod sweep;
mod usage;

pub use assets::OpenAsset;
pub use commit::{Commit, Committed};
pub(crate) use commit::{change_kv, is_crossed};
pub use jobs::{Claim, Claimed, ClaimedJob, DELIVERIES_MAX, FailedAttempt, LEASE, QUEUE_COUNT_MAX, QueueFigures};
pub(crate) use kv::end_of;
pub use messages::{BACKLOG_MAX, MESSAGES_KEPT_SECONDS, Message, NewMessages, Position};
pub use next_due::NextDue;
pub use schedules::Materialized;
pub use secrets::SealedSecrets;
pub use usage::Quota;

use std::sync::Arc;

use blobs::Blobs;
use sqlx::PgPool;
use vault::Vault;

use crate::{AppId, AppSnapshot, Runs};

/// The door to what scripts keep. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Data {
    pub(crate) runs: Runs,
    pub(crate) vault: Option<Arc<Vault>>,
    pub(crate) blobs: Option<Arc<Blobs>>,
    pub(crate) assets: Option<Arc<Blobs>>,
}

/// The state of one app. Made only by [`crate::Snapshots::data`], from the snapshot of an app that a request was found to belong to; every statement
/// behind it names that app.
#[derive(Debug, Clone)]
pub struct AppData {
    runs: Runs,
    app: AppId,
    vault: Option<Arc<Vault>>,
    blobs: Option<Arc<Blobs>>,
    assets: Option<Arc<Blobs>>,
    secrets: Option<Arc<SealedSecrets>>,
}

impl Data {
    pub(crate) fn of(&self, app: &AppSnapshot) -> AppData {
        AppData {
            runs: self.runs.clone(),
            app: app.app_id,
            vault: self.vault.clone(),
            blobs: self.blobs.clone(),
            assets: self.assets.clone(),
            secrets: app.secrets.clone(),
        }
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
