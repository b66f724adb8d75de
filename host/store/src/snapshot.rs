//! What the data plane holds in memory: everything that runs, without the sources.

use std::{collections::HashMap, sync::Arc};

use execution::{AllLimits, AppLimits, Ceilings, Limits};
use sqlx::{PgConnection, PgPool, types::Json};
use triggers::Trigger;
use uuid::Uuid;

use crate::{
    AppData, AppId, Asset, AssetSet, Data, DeploymentId, Digest, DomainKind, Error, Result, RouteId, RouteTarget, ScriptId, ScriptKind,
    SealedSecrets, Settings, SplitTerms, app::split::terms, data::secrets, stored_limits::StoredLimits,
};

/// The data plane's door: read-only, whole apps. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshots {
    pub(crate) pool: PgPool,
    pub(crate) data: Data,
    pub(crate) ceilings: Arc<Ceilings>,
}

/// What one app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSnapshot {
    pub app_id: AppId,
    pub slug: String,
    /// What each execution may use: what the app has, lowered by the deployment.
    pub limits: Limits,
    /// What the app as a whole may use, whatever is deployed.
    pub app_limits: AppLimits,
    /// Number of the active deployment; 0 before the first.
    pub deployment: u32,
    pub deployment_id: Option<DeploymentId>,
    /// Verified claims: canonical host (for a wildcard without the leading `*.`).
    pub hosts: Vec<(String, DomainKind)>,
    /// What its scripts may call.
    pub egress: Vec<SnapshotEgress>,
    /// Sealed; `None` if it has none.
    pub secrets: Option<Arc<SealedSecrets>>,
    pub routes: Vec<SnapshotRoute>,
    pub scripts: Vec<SnapshotScript>,
    /// Names its assets, for [`Snapshots::asset_sets`]; `None`: it has none.
    pub asset_set: Option<Digest>,
    /// What starts its scripts when something happens, as long as it is not paused. No schedules: those are in the database.
    pub triggers: Vec<Trigger>,
    /// A share of the visitors gets another deployment.
    pub split: Option<SplitSnapshot>,
}

/// A running split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitSnapshot {
    /// Another one for each time it was set.
    pub id: Uuid,
    pub terms: SplitTerms,
    /// The other deployment.
    pub version: VersionSnapshot,
}

/// Something that the app's scripts may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotEgress {
    /// A name, `*.` and a name, an address, or `*`.
    pub host: String,
    /// `None`: 80 and 443.
    pub port: Option<u16>,
    /// `http` or `https`; `None`: both.
    pub scheme: Option<String>,
}

/// A route that is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRoute {
    pub route: RouteId,
    pub target: RouteTarget,
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

/// One deployment, active or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSnapshot {
    /// Its number.
    pub deployment: u32,
    /// What the app has, lowered by the deployment.
    pub limits: Limits,
    pub routes: Vec<SnapshotRoute>,
    pub scripts: Vec<SnapshotScript>,
    /// As in [`AppSnapshot`].
    pub asset_set: Option<Digest>,
}

impl Snapshots {
    /// What the scripts of an app keep.
    #[must_use]
    pub fn data(&self, app: &AppSnapshot) -> AppData {
        self.data.of(app)
    }

    /// One deployment of an app; `None`: it has no such one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment(&self, app: AppId, number: u32) -> Result<Option<VersionSnapshot>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("read deployment"))?;
        // No transaction: a deployment never changes. If it is pruned meanwhile, nobody has to see it.
        version(&mut connection, app, number, &self.ceilings).await.map_err(Error::sql("read deployment"))
    }

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

    /// What is in these sets of assets, in no order; one that is gone (pruned meanwhile) is left out. Ask for some at a time: a set has up to 50,000.
    ///
    /// # Errors
    /// The database failed.
    pub async fn asset_sets(&self, sets: &[(AppId, Digest)]) -> Result<Vec<((AppId, Digest), AssetSet)>> {
        let (apps, digests): (Vec<AppId>, Vec<Digest>) = sets.iter().copied().unzip();
        let rows = sqlx::query!(
            r#"
            select e.app_id as "app: AppId", e.set_digest as "set: Digest", e.path, e.digest as "digest: Digest", b.size
            from unnest($1::uuid[], $2::bytea[]) as asked (app_id, set_digest)
            join asset_set_entries e on e.app_id = asked.app_id and e.set_digest = asked.set_digest
            join asset_blobs b on b.app_id = e.app_id and b.digest = e.digest
            "#,
            &apps as &[AppId],
            &digests as &[Digest]
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read assets"))?;
        let mut found: HashMap<(AppId, Digest), Vec<(String, Asset)>> = HashMap::new();
        for row in rows {
            let asset = Asset { digest: row.digest, size: u64::try_from(row.size).unwrap_or(0) };
            found.entry((row.app, row.set)).or_default().push((row.path, asset));
        }
        Ok(found.into_iter().map(|(name, rows)| (name, rows.into_iter().collect())).collect())
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
        let mut apps = apps(&mut transaction, first, last, &self.ceilings).await.map_err(Error::sql(OPERATION))?;
        let mut hosts = by_app(hosts(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut egress = by_app(egress(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut sealed: HashMap<_, _> =
            secrets::sealed(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?.into_iter().collect();
        let mut scripts = by_app(scripts(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut routes = by_app(routes(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut triggers = by_app(triggers(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))?);
        let mut splits = HashMap::new();
        for (app, id, terms, number) in running_splits(&mut transaction, first, last).await.map_err(Error::sql(OPERATION))? {
            let version = version(&mut transaction, app, number, &self.ceilings).await.map_err(Error::sql(OPERATION))?;
            splits.extend(version.map(|version| (app, SplitSnapshot { id, terms, version })));
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;

        for app in &mut apps {
            app.split = splits.remove(&app.app_id);
            app.hosts = hosts.remove(&app.app_id).unwrap_or_default();
            app.egress = egress.remove(&app.app_id).unwrap_or_default();
            app.secrets = sealed.remove(&app.app_id).map(Arc::new);
            app.scripts = scripts.remove(&app.app_id).unwrap_or_default();
            app.routes = routes.remove(&app.app_id).unwrap_or_default();
            app.triggers = triggers.remove(&app.app_id).unwrap_or_default();
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
async fn apps(connection: &mut PgConnection, first: Uuid, last: Uuid, ceilings: &Ceilings) -> sqlx::Result<Vec<AppSnapshot>> {
    let rows = sqlx::query!(
        r#"
        select a.id as "id: AppId", a.slug, a.limits as "limits: Json<StoredLimits>",
            d.id as "deployment_id?: DeploymentId", d.number as "number?", d.settings as "settings?: Json<Settings>",
            d.asset_set as "asset_set?: Digest"
        from apps a left join deployments d on d.app_id = a.id and d.id = a.active_deployment_id
        where a.id between $1 and $2 order by a.id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let apps = rows.into_iter().map(|row| {
        let AllLimits { execution: limits, app: app_limits } = limits(ceilings, row.limits, row.settings);
        AppSnapshot {
            app_id: row.id,
            slug: row.slug,
            limits,
            app_limits,
            deployment: row.number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
            deployment_id: row.deployment_id,
            hosts: Vec::new(),
            egress: Vec::new(),
            secrets: None,
            routes: Vec::new(),
            scripts: Vec::new(),
            asset_set: row.asset_set,
            triggers: Vec::new(),
            split: None,
        }
    });
    Ok(apps.collect())
}

/// What the app has, and what its executions may use lowered by the deployment.
fn limits(ceilings: &Ceilings, app: Option<Json<StoredLimits>>, deployment: Option<Json<Settings>>) -> AllLimits {
    let StoredLimits(given) = app.map(|Json(limits)| limits).unwrap_or_default();
    let AllLimits { execution, app } = ceilings.resolve(&given);
    match deployment {
        Some(Json(settings)) => AllLimits { execution: settings.narrow(execution), app },
        None => AllLimits { execution, app },
    }
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

async fn egress(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, SnapshotEgress)>> {
    let rows = sqlx::query!(
        r#"select app_id as "app: AppId", host, port, scheme from egress_rules where app_id between $1 and $2 order by app_id, id"#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let rules = rows.into_iter().map(|row| {
        let port = row.port.and_then(|port| u16::try_from(port).ok());
        (row.app, SnapshotEgress { host: row.host, port, scheme: row.scheme })
    });
    Ok(rules.collect())
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
        select a.id as "app: AppId", d.route_id as "route!: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path as "path!",
            d.fallback, d.not_found, d.max_age_seconds
        from apps a join deployment_all_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
        where a.id between $1 and $2 order by a.id, d.route_id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let routes = rows.into_iter().map(|row| {
        let target = RouteTarget::of(row.script, row.fallback, row.not_found, row.max_age_seconds);
        (row.app, SnapshotRoute { route: row.route, target, method: row.method, host: row.host, path: row.path })
    });
    Ok(routes.collect())
}

/// In the order in which they were made. One that this version can't read starts nothing.
async fn triggers(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, Trigger)>> {
    let rows = sqlx::query!(
        r#"
        select app_id as "app: AppId", definition from triggers
        where kind <> 'schedule' and paused_at is null and app_id between $1 and $2 order by app_id, id
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.app, serde_json::from_value(row.definition).ok()?))).collect())
}

/// Few at any time, so that their contents are read one by one.
async fn running_splits(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, Uuid, SplitTerms, u32)>> {
    let rows = sqlx::query!(
        r#"
        select s.app_id as "app: AppId", s.id, d.number, s.percent, s.sticky, s.stop_above, s.window_requests
        from splits s join deployments d on d.app_id = s.app_id and d.id = s.deployment_id
        where s.ended_at is null and s.app_id between $1 and $2
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let running = rows.into_iter().map(|row| {
        let terms = terms(row.percent, &row.sticky, row.stop_above, row.window_requests);
        (row.app, row.id, terms, u32::try_from(row.number).unwrap_or(0))
    });
    Ok(running.collect())
}

async fn version(connection: &mut PgConnection, app: AppId, deployment: u32, ceilings: &Ceilings) -> sqlx::Result<Option<VersionSnapshot>> {
    let Ok(number) = i32::try_from(deployment) else { return Ok(None) };
    let row = sqlx::query!(
        r#"
        select d.id as "id: DeploymentId", a.limits as "limits: Json<StoredLimits>", d.settings as "settings: Json<Settings>",
            d.asset_set as "asset_set: Digest"
        from deployments d join apps a on a.id = d.app_id where d.app_id = $1 and d.number = $2
        "#,
        app as _,
        number
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let scripts = sqlx::query_as!(
        SnapshotScript,
        r#"
        select script_id as "script: ScriptId", name, kind as "kind: ScriptKind", source_digest as "source: Digest"
        from deployment_scripts where app_id = $1 and deployment_id = $2 order by script_id
        "#,
        app as _,
        row.id as _
    )
    .fetch_all(&mut *connection)
    .await?;
    let routes = sqlx::query!(
        r#"
        select route_id as "route!: RouteId", script_id as "script: ScriptId", method, host, path as "path!",
            fallback, not_found, max_age_seconds
        from deployment_all_routes where app_id = $1 and deployment_id = $2 order by route_id
        "#,
        app as _,
        row.id as _
    )
    .fetch_all(connection)
    .await?;
    let routes = routes.into_iter().map(|row| {
        let target = RouteTarget::of(row.script, row.fallback, row.not_found, row.max_age_seconds);
        SnapshotRoute { route: row.route, target, method: row.method, host: row.host, path: row.path }
    });
    Ok(Some(VersionSnapshot {
        deployment,
        limits: limits(ceilings, row.limits, Some(row.settings)).execution,
        routes: routes.collect(),
        scripts,
        asset_set: row.asset_set,
    }))
}
