//! Moving the pointer: which of its deployments an app runs.

use jiff::Timestamp;
use serde_json::json;
use sqlx::PgConnection;

use super::{AppStore, Deployment, deployments, split, triggers};
use crate::{
    DeploymentId, Error, Result,
    audit::{Subject, Watched},
    ids::v7,
    listen::notify_app,
    time::Time,
};

/// Activations that are remembered per app.
const ACTIVATIONS_KEPT: i64 = 1_000;

/// Why another deployment became active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Cause {
    /// It was new.
    Deploy,
    /// Somebody chose it.
    Activate,
    /// Somebody went back.
    Rollback,
}

impl Cause {
    /// The word used in SQL and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Activate => "activate",
            Self::Rollback => "rollback",
        }
    }
}

/// What an app runs, read under the lock on its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Active {
    pub(super) id: Option<DeploymentId>,
    /// 0 before the first.
    pub(super) number: u32,
    previous: Option<DeploymentId>,
}

impl AppStore {
    /// Points the app at one of its deployments. Every node hears of it. `None`: it has no such deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn activate(&self, id: DeploymentId, now: Timestamp) -> Result<Option<Deployment>> {
        const OPERATION: &str = "activate";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        // The lock keeps a concurrent deploy from pruning what is about to be active.
        let Some(active) = self.lock(&mut transaction).await? else { return Ok(None) };
        let Some(target) = deployments::get(&mut transaction, self.app, id).await? else { return Ok(None) };
        let watched = Watched::before(&mut transaction, Subject::Running(self.app)).await?;
        let message = target.message.clone();
        let number = i32::try_from(target.number).unwrap_or(i32::MAX);
        self.point(&mut transaction, &active, (id, number), Cause::Activate, &message, now).await.map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": id, "number": number });
        watched.record(&mut transaction, &self.actor, Some(self.app), "deployment.activated", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(Deployment { active: true, ..target }))
    }

    /// Goes back to deployment number `to`, or, without one, to the one that was active before the present one. `None`: there is no such
    /// one. Every node hears of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn roll_back(&self, to: Option<u32>, message: &str, now: Timestamp) -> Result<Option<Deployment>> {
        const OPERATION: &str = "roll back";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(active) = self.lock(&mut transaction).await? else { return Ok(None) };
        let target = match to {
            Some(number) => deployments::id_of(&mut transaction, self.app, number).await?,
            None => active.previous,
        };
        let Some(target) = target else { return Ok(None) };
        let Some(target) = deployments::get(&mut transaction, self.app, target).await? else { return Ok(None) };
        let watched = Watched::before(&mut transaction, Subject::Running(self.app)).await?;
        let number = i32::try_from(target.number).unwrap_or(i32::MAX);
        self.point(&mut transaction, &active, (target.id, number), Cause::Rollback, message, now).await.map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": target.id, "number": number, "from": active.number, "message": message });
        watched.record(&mut transaction, &self.actor, Some(self.app), "app.rolled_back", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(Deployment { active: true, ..target }))
    }

    /// Notes that the actor hands out a link to the preview of a deployment, good until `expires_at`. `None`: the app has no such one.
    ///
    /// # Errors
    /// The database failed: then no link may be handed out.
    pub async fn hand_out_preview(&self, id: DeploymentId, expires_at: Timestamp, now: Timestamp) -> Result<Option<Deployment>> {
        const OPERATION: &str = "hand out preview";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(deployment) = deployments::get(&mut transaction, self.app, id).await? else { return Ok(None) };
        let watched = Watched::before(&mut transaction, Subject::Deployment(self.app, id)).await?;
        let details = json!({ "target": id, "number": deployment.number, "expires_at": expires_at });
        watched.record(&mut transaction, &self.actor, Some(self.app), "deployment.preview_linked", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(deployment))
    }

    /// Locks the app's row until the end of the transaction. `None`: the app is gone.
    pub(super) async fn lock(&self, connection: &mut PgConnection) -> Result<Option<Active>> {
        let row = sqlx::query!(
            r#"
            select a.active_deployment_id as "active: DeploymentId", a.previous_deployment_id as "previous: DeploymentId",
                (select number from deployments d where d.app_id = a.id and d.id = a.active_deployment_id) as "number?"
            from apps a where a.id = $1 for no key update
            "#,
            self.app as _
        )
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("lock app"))?;
        let number = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        Ok(row.map(|row| Active { id: row.active, number: number(row.number), previous: row.previous }))
    }

    /// Makes a deployment (id and number) the active one, notes it, and tells every node. If it is active already, only tells.
    pub(super) async fn point(
        &self,
        connection: &mut PgConnection,
        active: &Active,
        (id, number): (DeploymentId, i32),
        cause: Cause,
        message: &str,
        now: Timestamp,
    ) -> sqlx::Result<()> {
        if active.id == Some(id) {
            return notify_app(connection, self.app).await;
        }
        sqlx::query!(
            "update apps set previous_deployment_id = active_deployment_id, active_deployment_id = $2 where id = $1",
            self.app as _,
            id as _
        )
        .execute(&mut *connection)
        .await?;
        triggers::follow(connection, self.app, id).await?;
        // Whoever chose the active deployment anew has decided about both sides.
        split::end(connection, self.app, None, &format!("Deployment {number} was activated."), now).await?;
        sqlx::query!(
            "insert into activations (app_id, id, number, previous, cause, message, activated_by, activated_with, activated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.app as _,
            v7(now),
            number,
            active.id.and_then(|_| i32::try_from(active.number).ok()),
            cause.as_str(),
            message,
            self.actor.admin as _,
            self.actor.key() as _,
            Time(now) as _
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "delete from activations where app_id = $1
                and id < (select id from activations where app_id = $1 order by id desc offset $2 limit 1)",
            self.app as _,
            ACTIVATIONS_KEPT - 1
        )
        .execute(&mut *connection)
        .await?;
        notify_app(connection, self.app).await
    }
}
