//! The control plane: admins, sessions, keys and the list of apps.

mod admins;
mod api_keys;
pub(crate) mod apps;
pub(crate) mod idempotency;
mod invitations;
mod log_ins;
mod own;
mod reset;
mod sessions;

pub use admins::{Admin, AdminUpdate, LoginFacts, NewAdmin};
pub use api_keys::{ApiKey, KEY_NETWORKS_MAX, KeyUse, Keys, NewApiKey};
pub use apps::App;
pub use idempotency::{CLAIM_KEPT, CLAIMS_PER_ADMIN_MAX, Claim, Claimed, KeyedRequest};
pub use invitations::{Invitation, Joining, NewInvitation, OpenInvitation, PENDING_INVITATIONS_MAX, PENDING_INVITATIONS_PER_MAKER_MAX};
pub use log_ins::{LogInAttempt, LogInFailures};
pub use own::OwnStore;
pub use sessions::{NewSession, Session, SessionState};

use std::sync::Arc;

use blobs::Blobs;
use execution::Ceilings;
use jiff::Timestamp;
use uuid::Uuid;
use vault::Vault;

use crate::{Digest, Error, Principal, Result, ids::v7, time::Time};

/// What can be done before a right is proved: log in, find out who a credential belongs to, and ask for a handle
/// ([`Control::authorize`], [`Control::authorize_instance`], [`Control::own`]). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) vault: Option<Arc<Vault>>,
    pub(crate) blobs: Option<Arc<Blobs>>,
    pub(crate) assets: Option<Arc<Blobs>>,
}

/// The instance's own things, for a principal who proved the right to them: admins, all keys and invitations, new apps.
#[derive(Debug)]
pub struct InstanceStore {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) actor: Principal,
}

impl Control {
    /// What any app of the instance can have at most.
    #[must_use]
    pub fn ceilings(&self) -> &Ceilings {
        &self.ceilings
    }

    /// What tells this installation from others; made at the first call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn instance(&self, now: Timestamp) -> Result<Uuid> {
        sqlx::query_scalar!(
            "insert into instance (id, created_at) values ($1, $2) on conflict (singleton) do update set singleton = true returning id",
            v7(now),
            Time(now) as _
        )
        .fetch_one(&self.pool)
        .await
        .map_err(Error::sql("read instance"))
    }

    /// The secret that previews are signed with, the same for all nodes: `fresh` if there was none. To be called after
    /// [`Control::instance`], by the program only.
    ///
    /// # Errors
    /// The database failed.
    pub async fn preview_secret(&self, fresh: [u8; 32]) -> Result<[u8; 32]> {
        let secret = sqlx::query_scalar!(
            r#"update instance set preview_secret = coalesce(preview_secret, $1) returning preview_secret as "secret!: Digest""#,
            fresh.as_slice()
        )
        .fetch_one(&self.pool)
        .await
        .map_err(Error::sql("read instance"))?;
        Ok(*secret.as_bytes())
    }
}
