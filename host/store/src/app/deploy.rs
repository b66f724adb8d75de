//! The one way to change what runs.

use jiff::Timestamp;
use serde_json::json;
use sqlx::PgConnection;

use super::{AppStore, Change, Deployment, Route, Script, contents::Contents, deployments, routes, scripts};
use crate::{AppId, DeploymentId, Digest, Error, Result, RouteId, ScriptId, Thing, audit::record, listen::notify_app, time::Time};

/// Deployments that are kept beside the active one.
const DEPLOYMENTS_KEPT: i64 = 100;
/// Changes of one deployment that the audit log names; of the others it knows the number.
const CHANGES_AUDITED_MAX: usize = 50;

impl AppStore {
    /// Makes the next deployment: the active one with `changes` applied in order, and activates it. All or nothing; concurrent calls queue
    /// on the app's row. Every node hears of it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Duplicate`], [`Error::RouteConflict`], [`Error::NotAnEndpoint`], [`Error::Changed`]; `Missing` with
    /// [`Thing::App`] if the app was deleted.
    pub async fn deploy(&self, changes: &[Change], message: &str, now: Timestamp) -> Result<Deployment> {
        const OPERATION: &str = "deploy";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let active = self.lock(&mut transaction).await?.ok_or_else(|| self.gone())?;

        let mut contents = match active {
            Some(active) => Contents::new(
                scripts::of_deployment(&mut transaction, self.app, active).await?,
                routes::of_deployment(&mut transaction, self.app, active).await?,
            ),
            None => Contents::default(),
        };
        for change in changes {
            contents.apply(change, now)?;
        }
        contents.check()?;

        let id = DeploymentId::new(now);
        let deployment = self.insert(&mut transaction, id, message, now).await.map_err(Error::sql(OPERATION))?;
        write(&mut transaction, self.app, id, &contents, now).await.map_err(Error::sql(OPERATION))?;
        prune(&mut transaction, self.app, id).await.map_err(Error::sql(OPERATION))?;
        let shown: Vec<_> = changes.iter().take(CHANGES_AUDITED_MAX).map(Change::summary).collect();
        let details =
            json!({ "target": id, "number": deployment.number, "message": message, "changes": shown, "changes_total": changes.len() });
        record(&mut transaction, &self.actor, Some(self.app), "deployment.created", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(deployment)
    }

    /// Points the app at one of its deployments. Every node hears of it. `None`: it has no such deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn activate(&self, id: DeploymentId, now: Timestamp) -> Result<Option<Deployment>> {
        const OPERATION: &str = "activate";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        // The lock keeps a concurrent deploy from pruning what is about to be active.
        if self.lock(&mut transaction).await?.is_none() {
            return Ok(None);
        }
        let pointed = sqlx::query!(
            "update apps set active_deployment_id = $2 where id = $1 and exists (select from deployments where app_id = $1 and id = $2)",
            self.app as _,
            id as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        if pointed.rows_affected() == 0 {
            return Ok(None);
        }
        let Some(deployment) = deployments::get(&mut transaction, self.app, id).await? else { return Ok(None) };
        let details = json!({ "target": id, "number": deployment.number });
        record(&mut transaction, &self.actor, Some(self.app), "deployment.activated", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(deployment))
    }

    /// Locks the app's row until the end of the transaction; the inner option is the active deployment. `None`: the app is gone.
    async fn lock(&self, connection: &mut PgConnection) -> Result<Option<Option<DeploymentId>>> {
        sqlx::query_scalar!(r#"select active_deployment_id as "id: DeploymentId" from apps where id = $1 for no key update"#, self.app as _)
            .fetch_optional(connection)
            .await
            .map_err(Error::sql("lock app"))
    }

    /// Counts the app's number up, points the app at `id` and writes the deployment's own row.
    async fn insert(&self, connection: &mut PgConnection, id: DeploymentId, message: &str, now: Timestamp) -> sqlx::Result<Deployment> {
        let number = sqlx::query_scalar!(
            "update apps set last_deployment = last_deployment + 1, active_deployment_id = $2 where id = $1 returning last_deployment",
            self.app as _,
            id as _
        )
        .fetch_one(&mut *connection)
        .await?;
        sqlx::query!(
            "insert into deployments (app_id, id, number, message, created_by, created_with, created_at)
            values ($1, $2, $3, $4, $5, $6, $7)",
            self.app as _,
            id as _,
            number,
            message,
            self.actor.admin as _,
            self.actor.key() as _,
            Time(now) as _
        )
        .execute(connection)
        .await?;
        Ok(Deployment {
            id,
            number: u32::try_from(number).unwrap_or(0),
            message: message.to_owned(),
            created_by: Some(self.actor.admin),
            created_with: self.actor.key(),
            created_at: now,
            active: true,
        })
    }

    pub(super) fn gone(&self) -> Error {
        Error::Missing { what: Thing::App, name: self.app.to_string() }
    }
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

    let routes: Vec<&Route> = contents.routes.values().collect();
    sqlx::query!(
        "insert into deployment_routes (app_id, deployment_id, route_id, script_id, method, host, path, changed_at)
        select $1, $2, * from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])",
        app as _,
        id as _,
        &routes.iter().map(|route| route.id).collect::<Vec<_>>() as &[RouteId],
        &routes.iter().map(|route| route.script).collect::<Vec<_>>() as &[ScriptId],
        &routes.iter().map(|route| route.method.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &routes.iter().map(|route| route.host.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &routes.iter().map(|route| route.path.as_str()).collect::<Vec<_>>() as &[&str],
        &routes.iter().map(|route| Time(route.changed_at)).collect::<Vec<_>>() as &[Time]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Drops deployments beyond those that are kept, then the scripts and sources that no deployment names any more. The lock on the
/// app's row keeps another deploy from naming them meanwhile.
async fn prune(connection: &mut PgConnection, app: AppId, active: DeploymentId) -> sqlx::Result<()> {
    let pruned = sqlx::query!(
        "delete from deployments where app_id = $1 and id <> $2
            and number < (select number from deployments where app_id = $1 and id <> $2 order by number desc offset $3 limit 1)",
        app as _,
        active as _,
        DEPLOYMENTS_KEPT - 1
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
    .execute(connection)
    .await?;
    Ok(())
}
