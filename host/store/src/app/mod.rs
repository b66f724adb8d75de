//! One app's things, behind the handle that proves the right to them.

mod activate;
mod activations;
mod asset_sets;
mod assets;
mod change;
mod contents;
mod deploy;
mod deploy_settings;
mod deployments;
mod difference;
mod domain_proof;
mod domains;
mod egress;
mod executions;
mod files;
mod jobs;
mod kv;
mod linkage;
mod lock;
mod logs;
mod manifest;
mod members;
mod recordings;
mod routes;
mod scripts;
mod secrets;
mod series;
mod settings;
pub(crate) mod split;
mod topics;
pub(crate) mod triggers;
mod upload;

pub use activate::Cause;
pub use activations::{ActivationEntry, Author};
pub use asset_sets::AssetDifference;
pub use assets::{AssetEntry, AssetPage};
pub use change::Change;
pub use deploy::{Activation, Deployed};
pub use deploy_settings::Settings;
pub use deployments::{Deployment, DeploymentContents};
pub use difference::{Difference, Differing};
pub use domain_proof::{DomainEvidence, DueDomain};
pub use domains::{Domain, DomainKind, DomainStatus, NewDomain, PENDING_CLAIMS_MAX};
pub use egress::{EGRESS_RULES_MAX, EgressRule, NewEgressRule};
pub use executions::{Execution, ExecutionFilter};
pub use files::{FileChange, FileEntry, FilePage};
pub use jobs::{Job, JobFailure};
pub use kv::{KvChange, KvEntry, KvPage};
pub use linkage::{Linkage, LinkedScript};
pub use logs::{LogEntry, LogFilter, LogQuery};
pub use manifest::{Manifest, ManifestRoute, ManifestScript, ManifestSource, ManifestTarget, ManifestTrigger};
pub(crate) use members::insert as insert_member;
pub use members::{Member, Person};
pub use recordings::RecordingEntry;
pub use routes::{Route, RouteTarget, StaticTerms};
pub use scripts::{Script, ScriptKind, SourceAt};
pub use secrets::{SecretChange, SecretEntry, SecretPage};
pub use series::{UsagePoint, UsageQuery};
pub use settings::{AppUpdate, LimitsUpdate};
pub use split::{Split, SplitTerms, Sticky, StickyError};
pub use topics::{MessageEntry, TopicEntry};
pub use triggers::{LiveTrigger, ScheduleRun};
pub use upload::{Upload, Uploaded};

use std::sync::Arc;

use blobs::Blobs;
use execution::Ceilings;
use vault::Vault;

use crate::{AppId, Principal};

/// One app's things. Made only by [`crate::Control::authorize`]; every statement behind it names the app it is bound to.
#[derive(Debug)]
pub struct AppStore {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) vault: Option<Arc<Vault>>,
    pub(crate) blobs: Option<Arc<Blobs>>,
    pub(crate) assets: Option<Arc<Blobs>>,
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
