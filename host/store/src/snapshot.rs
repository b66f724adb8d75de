//! What the data plane holds in memory: everything that runs, without the sources.

use execution::Limits;

use crate::{AppId, DeploymentId, Digest, DomainKind, Result, RouteId, ScriptId, ScriptKind};

/// The data plane's door: read-only, whole apps. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshots {
    pub(crate) pool: sqlx::PgPool,
}

/// What one app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSnapshot {
    pub app_id: AppId,
    pub slug: String,
    pub limits: Limits,
    /// Number of the active deployment; 0 before the first.
    pub deployment: u32,
    pub deployment_id: Option<DeploymentId>,
    /// Verified claims: canonical host (for a wildcard without the leading `*.`).
    pub hosts: Vec<(String, DomainKind)>,
    pub routes: Vec<SnapshotRoute>,
    pub scripts: Vec<SnapshotScript>,
}

/// A route that is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRoute {
    pub route: RouteId,
    pub script: ScriptId,
    /// Upper case; `None` for any.
    pub method: Option<String>,
    /// Exact host or `*.` wildcard; `None` for any of the app's hosts.
    pub host: Option<String>,
    pub path: String,
}

/// A script that is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotScript {
    pub script: ScriptId,
    pub name: String,
    pub kind: ScriptKind,
    pub source: Digest,
}

impl Snapshots {
    /// Every app, as of one moment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all(&self) -> Result<Vec<AppSnapshot>> {
        todo!()
    }

    /// One app; `None` once it is deleted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn one(&self, app: AppId) -> Result<Option<AppSnapshot>> {
        todo!()
    }

    /// The texts of these digests, in no order; a digest that is gone (pruned meanwhile) is left out. Ask for some hundreds at a time: a text has up to
    /// 256 KiB.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sources(&self, digests: &[Digest]) -> Result<Vec<(Digest, String)>> {
        todo!()
    }
}
