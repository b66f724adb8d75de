//! The control plane: admins, sessions, keys and the list of apps.

mod admins;
mod api_keys;
mod apps;
mod own;
mod sessions;

pub use admins::{Admin, AdminUpdate, LoginFacts, NewAdmin};
pub use api_keys::{ApiKey, NewApiKey};
pub use apps::App;
pub use own::OwnStore;
pub use sessions::{NewSession, Session, SessionState};

use crate::Principal;

/// What can be done before a right is proved: log in, find out who a credential belongs to, and ask for a handle
/// ([`Control::authorize`], [`Control::authorize_instance`], [`Control::own`]). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) pool: sqlx::PgPool,
}

/// The instance's own things, for a principal who proved the right to them: admins, all keys, new apps.
#[derive(Debug)]
pub struct InstanceStore {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) actor: Principal,
}
