//! The one way to change what runs.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction, types::Json};

use super::{
    AppStore, Change, Deployment, Difference, Manifest, Route, RouteTarget, Script, StaticTerms,
    activate::{Active, Cause},
    asset_sets,
    contents::Contents,
    deployments, routes, scripts, triggers,
};
use crate::{
    AppId, DeploymentId, Digest, Error, Result, RouteId, ScriptId, Thing,
    audit::{Subject, Watched},
    time::Time,
};

/// Deployments that are kept beside the newest one.
const DEPLOYMENTS_KEPT: i64 = 100;

/// Changes of one deployment that the audit log names; of the others it knows the number.
const CHANGES_AUDITED_MAX: usize = 50;

/// Whether a new deployment runs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    AtOnce,
    /// It waits: for a preview, a share of the traffic, an activation.
    Later,
}

/// What became of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    New(Deployment),
    /// The active deployment runs the same already.
    Unchanged(Deployment),
}

impl AppStore {
    /// Makes the next deployment: the active one with `changes` applied in order, and activates it. All or nothing; concurrent calls queue
    /// on the app's row. Every node hears of it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Duplicate`], [`Error::RouteConflict`], [`Error::NotAnEndpoint`], [`Error::Changed`]; `Missing` with
    /// [`Thing::App`] if the app was deleted.
    pub async fn deploy(&self, changes: &[Change], message: &str, now: Timestamp) -> Result<Deployment> {
        self.deploy_onto(None, changes, message, now).await
    }

    /// [`AppStore::deploy`] if the number of the active deployment is still `expected`, 0 for none: for who looked at the whole app before.
    ///
    /// # Errors
    /// The same, and [`Error::ActiveMoved`].
    pub async fn deploy_onto(&self, expected: Option<u32>, changes: &[Change], message: &str, now: Timestamp) -> Result<Deployment> {
        let (mut transaction, active) = self.begin_deploy(expected).await?;
        let mut contents = present(&mut transaction, self.app, &active).await?;
        for change in changes {
            contents.apply(change, now)?;
        }
        contents.check()?;
        asset_sets::check_named(&mut transaction, self.app, &contents).await?;
        let shown: Vec<_> = changes.iter().take(CHANGES_AUDITED_MAX).map(Change::summary).collect();
        let details = json!({ "changes": shown, "changes_total": changes.len() });
        self.finish_deploy(transaction, &active, &contents, Activation::AtOnce, (message, details), now).await
    }

    /// Makes the next deployment of a manifest: nothing of the active one stays but the ids. All or nothing, and nothing at all if the
    /// active one runs the same. `expected` is the number of the active deployment as the caller saw it, 0 for none.
    ///
    /// # Errors
    /// Those of [`AppStore::deploy`], [`Error::ActiveMoved`], and `Missing` with [`Thing::Source`].
    pub async fn deploy_manifest(
        &self,
        manifest: &Manifest,
        expected: Option<u32>,
        activation: Activation,
        message: &str,
        now: Timestamp,
    ) -> Result<Deployed> {
        let (mut transaction, active) = self.begin_deploy(expected).await?;
        let present = present(&mut transaction, self.app, &active).await?;
        let contents = self.contents_of(&mut transaction, manifest, &present, now).await?;
        // What the active deployment has is there.
        if contents.assets != present.assets {
            asset_sets::hold(&mut transaction, self.app, &manifest.assets).await?;
        }
        if let Some(id) = active.id
            && contents.runs_like(&present)
        {
            let unchanged = deployments::get(&mut transaction, self.app, id).await?.ok_or_else(|| self.gone())?;
            return Ok(Deployed::Unchanged(unchanged));
        }
        let details = json!({
            "scripts": contents.scripts.len(),
            "routes": contents.routes.len(),
            "triggers": contents.triggers.len(),
            "assets": manifest.assets.len(),
            "active": activation == Activation::AtOnce,
        });
        self.finish_deploy(transaction, &active, &contents, activation, (message, details), now).await.map(Deployed::New)
    }

    /// What [`AppStore::deploy_manifest`] would change. Writes nothing.
    ///
    /// # Errors
    /// The same.
    pub async fn plan_manifest(&self, manifest: &Manifest, expected: Option<u32>, now: Timestamp) -> Result<Difference> {
        let (mut transaction, active) = self.begin_deploy(expected).await?;
        let present = present(&mut transaction, self.app, &active).await?;
        let contents = self.contents_of(&mut transaction, manifest, &present, now).await?;
        let assets = asset_sets::difference(&mut transaction, self.app, &present, &contents).await.map_err(Error::sql("compare assets"))?;
        Ok(Difference::between(present, contents, assets))
    }

    /// A transaction that holds the lock on the app's row, and what is active in it.
    async fn begin_deploy(&self, expected: Option<u32>) -> Result<(Transaction<'static, Postgres>, Active)> {
        let mut transaction = self.pool.begin().await.map_err(Error::sql("deploy"))?;
        let active = self.lock(&mut transaction).await?.ok_or_else(|| self.gone())?;
        match expected {
            Some(expected) if expected != active.number => Err(Error::ActiveMoved { active: active.number }),
            _ => Ok((transaction, active)),
        }
    }

    /// The manifest's contents; what it takes for known has to be there now, under the lock.
    async fn contents_of(
        &self,
        connection: &mut PgConnection,
        manifest: &Manifest,
        present: &Contents,
        now: Timestamp,
    ) -> Result<Contents> {
        let named = manifest.known();
        let known = known_sources(connection, self.app, &named).await.map_err(Error::sql("read sources"))?;
        if let Some(missing) = named.iter().find(|digest| !known.contains(digest)) {
            return Err(Error::Missing { what: Thing::Source, name: missing.to_string() });
        }
        Contents::of_manifest(manifest, present, now)
    }

    /// `details` is what the audit log says beside the deployment itself.
    async fn finish_deploy(
        &self,
        mut transaction: Transaction<'static, Postgres>,
        active: &Active,
        contents: &Contents,
        activation: Activation,
        (message, mut details): (&str, Value),
        now: Timestamp,
    ) -> Result<Deployment> {
        const OPERATION: &str = "deploy";
        let id = DeploymentId::new(now);
        let watched = match activation {
            Activation::AtOnce => Watched::before(&mut transaction, Subject::Running(self.app)).await?,
            Activation::Later => Watched::new(Subject::Deployment(self.app, id)),
        };
        let number = self.insert(&mut transaction, id, contents, message, now).await.map_err(Error::sql(OPERATION))?;
        write(&mut transaction, self.app, id, contents, now).await.map_err(Error::sql(OPERATION))?;
        let before = asset_sets::insert(&mut transaction, self.app, contents, now).await.map_err(Error::sql(OPERATION))?;
        if activation == Activation::AtOnce {
            self.point(&mut transaction, active, (id, number), Cause::Deploy, message, now).await.map_err(Error::sql(OPERATION))?;
        }
        prune(&mut transaction, self.app, now).await.map_err(Error::sql(OPERATION))?;
        if let Some(before) = before {
            self.check_asset_quota(&mut transaction, before).await?;
        }
        let deployment = deployments::get(&mut transaction, self.app, id).await?.ok_or_else(|| self.gone())?;
        (details["target"], details["number"], details["message"]) = (json!(id), json!(number), json!(message));
        watched.record(&mut transaction, &self.actor, Some(self.app), "deployment.created", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(deployment)
    }

    /// Counts the app's number up and writes the deployment's own row. Returns the number.
    async fn insert(
        &self,
        connection: &mut PgConnection,
        id: DeploymentId,
        contents: &Contents,
        message: &str,
        now: Timestamp,
    ) -> sqlx::Result<i32> {
        let number = sqlx::query_scalar!(
            "update apps set last_deployment = last_deployment + 1 where id = $1 returning last_deployment",
            self.app as _
        )
        .fetch_one(&mut *connection)
        .await?;
        sqlx::query!(
            "insert into deployments (app_id, id, number, message, settings, created_by, created_with, created_at, contents_sha256, asset_set,
                triggers)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            self.app as _,
            id as _,
            number,
            message,
            Json(&contents.settings) as _,
            self.actor.admin as _,
            self.actor.key() as _,
            Time(now) as _,
            contents.digest() as _,
            contents.assets as _,
            Json(contents.triggers.values().collect::<Vec<_>>()) as _
        )
        .execute(connection)
        .await?;
        Ok(number)
    }

    pub(super) fn gone(&self) -> Error {
        Error::Missing { what: Thing::App, name: self.app.to_string() }
    }
}

/// What the app runs, or nothing.
async fn present(connection: &mut PgConnection, app: AppId, active: &Active) -> Result<Contents> {
    match active.id {
        Some(id) => Ok(contents(connection, app, id).await?.unwrap_or_default()),
        None => Ok(Contents::default()),
    }
}

/// What a deployment consists of; `None` if the app has no such one.
pub(super) async fn contents(connection: &mut PgConnection, app: AppId, id: DeploymentId) -> Result<Option<Contents>> {
    let Some(deployment) = deployments::get(connection, app, id).await? else { return Ok(None) };
    let scripts = scripts::of_deployment(connection, app, id).await?;
    let routes = routes::of_deployment(connection, app, id).await?;
    let triggers = triggers::of_deployment(connection, app, id).await?;
    Ok(Some(Contents::new(scripts, routes, triggers, deployment.settings, deployment.asset_set)))
}

/// Those of `digests` whose text the app has.
pub(super) async fn known_sources(connection: &mut PgConnection, app: AppId, digests: &[Digest]) -> sqlx::Result<HashSet<Digest>> {
    let known = sqlx::query_scalar!(
        r#"select digest as "digest: Digest" from sources where app_id = $1 and digest = any($2)"#,
        app as _,
        digests as &[Digest]
    )
    .fetch_all(connection)
    .await?;
    Ok(known.into_iter().collect())
}

/// Writes what the deployment consists of: one statement per table, however many rows.
async fn write(connection: &mut PgConnection, app: AppId, id: DeploymentId, contents: &Contents, now: Timestamp) -> sqlx::Result<()> {
    let (digests, texts): (Vec<Digest>, Vec<&str>) = contents.sources.iter().map(|(digest, text)| (*digest, text.as_str())).unzip();
    sqlx::query!(
        "insert into sources (app_id, digest, text) select $1, * from unnest($2::bytea[], $3::text[]) on conflict do nothing",
        app as _,
        &digests as &[Digest],
        &texts as &[&str]
    )
    .execute(&mut *connection)
    .await?;

    let scripts: Vec<&Script> = contents.scripts.values().collect();
    let ids: Vec<ScriptId> = scripts.iter().map(|script| script.id).collect();
    sqlx::query!(
        "insert into scripts (app_id, id, created_at) select $1, id, $3
        from unnest($2::uuid[]) as new (id) on conflict (app_id, id) do nothing",
        app as _,
        &ids as &[ScriptId],
        Time(now) as _
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into deployment_scripts (app_id, deployment_id, script_id, name, kind, source_digest, changed_at)
        select $1, $2, * from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[])",
        app as _,
        id as _,
        &ids as &[ScriptId],
        &scripts.iter().map(|script| script.name.as_str()).collect::<Vec<_>>() as &[&str],
        &scripts.iter().map(|script| script.kind.as_str()).collect::<Vec<_>>() as &[&str],
        &scripts.iter().map(|script| script.source_digest).collect::<Vec<_>>() as &[Digest],
        &scripts.iter().map(|script| Time(script.changed_at)).collect::<Vec<_>>() as &[Time]
    )
    .execute(&mut *connection)
    .await?;

    write_routes(connection, app, id, contents).await?;
    write_static_routes(connection, app, id, contents).await
}

async fn write_routes(connection: &mut PgConnection, app: AppId, id: DeploymentId, contents: &Contents) -> sqlx::Result<()> {
    let routes = contents.routes.values().filter_map(|route| Some((route, route.target.script()?)));
    let (routes, scripts): (Vec<&Route>, Vec<ScriptId>) = routes.unzip();
    sqlx::query!(
        "insert into deployment_routes (app_id, deployment_id, route_id, script_id, method, host, path, changed_at)
        select $1, $2, * from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])",
        app as _,
        id as _,
        &routes.iter().map(|route| route.id).collect::<Vec<_>>() as &[RouteId],
        &scripts as &[ScriptId],
        &routes.iter().map(|route| route.method.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &routes.iter().map(|route| route.host.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &routes.iter().map(|route| route.path.as_str()).collect::<Vec<_>>() as &[&str],
        &routes.iter().map(|route| Time(route.changed_at)).collect::<Vec<_>>() as &[Time]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_static_routes(connection: &mut PgConnection, app: AppId, id: DeploymentId, contents: &Contents) -> sqlx::Result<()> {
    let routes = contents.routes.values().filter_map(|route| match &route.target {
        RouteTarget::Script(_) => None,
        RouteTarget::Static(terms) => Some((route, terms)),
    });
    let (routes, terms): (Vec<&Route>, Vec<&StaticTerms>) = routes.unzip();
    if routes.is_empty() {
        return Ok(());
    }
    let seconds = |terms: &&StaticTerms| terms.max_age_seconds.and_then(|seconds| i32::try_from(seconds).ok());
    sqlx::query!(
        "insert into deployment_static_routes
            (app_id, deployment_id, route_id, host, path, fallback, not_found, max_age_seconds, changed_at)
        select $1, $2, * from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::timestamptz[])",
        app as _,
        id as _,
        &routes.iter().map(|route| route.id).collect::<Vec<_>>() as &[RouteId],
        &routes.iter().map(|route| route.host.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &routes.iter().map(|route| route.path.as_str()).collect::<Vec<_>>() as &[&str],
        &terms.iter().map(|terms| terms.fallback.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &terms.iter().map(|terms| terms.not_found.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &terms.iter().map(seconds).collect::<Vec<_>>() as &[Option<i32>],
        &routes.iter().map(|route| Time(route.changed_at)).collect::<Vec<_>>() as &[Time]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Drops deployments beyond those that are kept, then the scripts, sources and sets of assets that no deployment names any more. Never what is active,
/// was active before, or has a share of the visitors. The lock on the app's row keeps another deploy from naming them meanwhile.
async fn prune(connection: &mut PgConnection, app: AppId, now: Timestamp) -> sqlx::Result<()> {
    let pruned = sqlx::query!(
        "delete from deployments d where d.app_id = $1
            and d.number < (select number from deployments where app_id = $1 order by number desc offset $2 limit 1)
            and not exists (select from apps a where a.id = $1 and d.id in (a.active_deployment_id, a.previous_deployment_id))
            and not exists (select from splits s where s.app_id = $1 and s.deployment_id = d.id and s.ended_at is null)",
        app as _,
        DEPLOYMENTS_KEPT
    )
    .execute(&mut *connection)
    .await?;
    if pruned.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query!(
        "delete from sources s where app_id = $1
            and not exists (select from deployment_scripts d where d.app_id = s.app_id and d.source_digest = s.digest)",
        app as _
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from scripts s where app_id = $1
            and not exists (select from deployment_scripts d where d.app_id = s.app_id and d.script_id = s.id)",
        app as _
    )
    .execute(&mut *connection)
    .await?;
    asset_sets::prune(connection, app, now).await
}
