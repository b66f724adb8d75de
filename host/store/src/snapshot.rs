//! What the data plane holds in memory: everything that runs, without the sources.

use std::collections::HashMap;

use execution::Limits;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::{AppId, DeploymentId, Digest, DomainKind, Error, Result, RouteId, ScriptId, ScriptKind, stored_limits::StoredLimits};

/// The data plane's door: read-only, whole apps. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshots {
    pub(crate) pool: PgPool,
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
        self.read(Uuid::nil(), Uuid::max()).await
    }

    /// One app; `None` once it is deleted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn one(&self, app: AppId) -> Result<Option<AppSnapshot>> {
        Ok(self.read(app.uuid(), app.uuid()).await?.pop())
    }

    /// The texts of these digests, in no order; a digest that is gone (pruned meanwhile) is left out. Ask for some hundreds at a
    /// time: a text has up to 256 KiB.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sources(&self, digests: &[Digest]) -> Result<Vec<(Digest, String)>> {
        let rows = sqlx::query!(
            r#"select distinct on (digest) digest as "digest: Digest", text from sources where digest = any($1)"#,
            digests as &[Digest]
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read sources"))?;
        Ok(rows.into_iter().map(|row| (row.digest, row.text)).collect())
    }

    /// The apps whose ids are in this range, which is one app or all: one text for both, and an index scan for either.
    async fn read(&self, first: Uuid, last: Uuid) -> Result<Vec<AppSnapshot>> {
        const OPERATION: &str = "read snapshot";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        // All statements see the same moment.
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let mut apps = apps(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?;
        let mut hosts = by_app(hosts(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut scripts = by_app(scripts(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut routes = by_app(routes(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        transaction.commit().await.map_err(Error::sql(OPERATION))?;

        for app in &mut apps {
            app.hosts = hosts.remove(&app.app_id).unwrap_or_default();
            app.scripts = scripts.remove(&app.app_id).unwrap_or_default();
            app.routes = routes.remove(&app.app_id).unwrap_or_default();
        }
        Ok(apps)
    }
}

fn by_app<T>(rows: Vec<(AppId, T)>) -> HashMap<AppId, Vec<T>> {
    let mut grouped: HashMap<AppId, Vec<T>> = HashMap::new();
    for (app, row) in rows {
        grouped.entry(app).or_default().push(row);
    }
    grouped
}

/// The apps themselves, without what belongs to them.
async fn apps(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<AppSnapshot>> {
    let rows = sqlx::query!(
        r#"
        select a.id as "id: AppId", a.slug, a.limits as "limits: Json<StoredLimits>",
            d.id as "deployment_id?: DeploymentId", d.number as "number?"
        from apps a left join deployments d on d.app_id = a.id and d.id = a.active_deployment_id
        where a.id between $1 and $2 order by a.id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let apps = rows.into_iter().map(|row| AppSnapshot {
        app_id: row.id,
        slug: row.slug,
        limits: row.limits.map_or_else(Limits::default, |Json(StoredLimits(limits))| limits),
        deployment: row.number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
        deployment_id: row.deployment_id,
        hosts: Vec::new(),
        routes: Vec::new(),
        scripts: Vec::new(),
    });
    Ok(apps.collect())
}

async fn hosts(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, (String, DomainKind))>> {
    let rows = sqlx::query!(
        r#"
        select app_id as "app: AppId", host, kind as "kind: DomainKind" from domains
        where status = 'verified' and app_id between $1 and $2 order by app_id, id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.app, (row.host, row.kind))).collect())
}

async fn scripts(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, SnapshotScript)>> {
    let rows = sqlx::query!(
        r#"
        select a.id as "app: AppId", d.script_id as "script: ScriptId", d.name, d.kind as "kind: ScriptKind",
            d.source_digest as "source: Digest"
        from apps a join deployment_scripts d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
        where a.id between $1 and $2 order by a.id, d.script_id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let scripts = rows.into_iter().map(|row| {
        let script = SnapshotScript { script: row.script, name: row.name, kind: row.kind, source: row.source };
        (row.app, script)
    });
    Ok(scripts.collect())
}

async fn routes(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, SnapshotRoute)>> {
    let rows = sqlx::query!(
        r#"
        select a.id as "app: AppId", d.route_id as "route: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path
        from apps a join deployment_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
        where a.id between $1 and $2 order by a.id, d.route_id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let routes = rows.into_iter().map(|row| {
        let route = SnapshotRoute { route: row.route, script: row.script, method: row.method, host: row.host, path: row.path };
        (row.app, route)
    });
    Ok(routes.collect())
}
