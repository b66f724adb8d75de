//! One app's things, behind the handle that proves the right to them.

mod change;
mod contents;
mod deploy;
mod deployments;
mod domains;
mod executions;
mod logs;
mod members;
mod routes;
mod scripts;
mod settings;

pub use change::Change;
pub use deployments::{Deployment, DeploymentContents};
pub use domains::{Domain, DomainKind, DomainStatus, NewDomain};
pub use executions::{Execution, ExecutionFilter};
pub use logs::{LogEntry, LogQuery};
pub use members::Member;
pub use routes::Route;
pub use scripts::{Script, ScriptKind};

use crate::{AppId, Principal};

/// One app's things. Made only by [`crate::Control::authorize`]; every statement behind it names the app it is bound to.
#[derive(Debug)]
pub struct AppStore {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) app: AppId,
    pub(crate) actor: Principal,
}

impl AppStore {
    /// The app that this handle is bound to.
    #[must_use]
    pub fn app_id(&self) -> AppId {
        self.app
    }
}
