//! Deployments that were made.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AppStore, Route, Script, routes, scripts};
use crate::{AdminId, ApiKeyId, AppId, DeploymentId, Error, Listed, Page, Result, time::Time};

/// All scripts and routes of an app at one moment; immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub id: DeploymentId,
    /// 1, 2, 3 ... in each app.
    pub number: u32,
    pub message: String,
    /// The admin who made it, or whose key did; `None` once he is deleted.
    pub created_by: Option<AdminId>,
    /// The key that made it; `None` for a browser.
    pub created_with: Option<ApiKeyId>,
    pub created_at: Timestamp,
    /// Whether it is the one that runs.
    pub active: bool,
}

/// A deployment with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentContents {
    pub deployment: Deployment,
    /// Oldest first.
    pub scripts: Vec<Script>,
    /// Oldest first.
    pub routes: Vec<Route>,
}

impl AppStore {
    /// Deployments, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployments(&self, page: Page) -> Result<Listed<Deployment>> {
        // The cursor is the number, since ids follow the callers' clocks and need not follow the numbers.
        let below = i32::try_from(page.below().as_u128()).unwrap_or(i32::MAX);
        let rows = sqlx::query_as!(
            DeploymentRow,
            r#"
            select d.id as "id: DeploymentId", d.number, d.message, d.created_by as "created_by: AdminId",
                d.created_with as "created_with: ApiKeyId",
                d.created_at as "created_at: Time", d.id is not distinct from a.active_deployment_id as "active!"
            from deployments d join apps a on a.id = d.app_id
            where d.app_id = $1 and d.number < $2 order by d.number desc limit $3
            "#,
            self.app as _,
            below,
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list deployments"))?;
        let rows = rows.into_iter().map(Deployment::from).collect();
        Ok(page.cut(rows, |deployment: &Deployment| Uuid::from_u128(deployment.number.into())))
    }

    /// One deployment with its scripts and routes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment(&self, id: DeploymentId) -> Result<Option<DeploymentContents>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get deployment"))?;
        // Three statements, no transaction: a deployment never changes.
        let Some(deployment) = get(&mut connection, self.app, id).await? else { return Ok(None) };
        let scripts = scripts::of_deployment(&mut connection, self.app, id).await?;
        let routes = routes::of_deployment(&mut connection, self.app, id).await?;
        Ok(Some(DeploymentContents { deployment, scripts, routes }))
    }
}

struct DeploymentRow {
    id: DeploymentId,
    number: i32,
    message: String,
    created_by: Option<AdminId>,
    created_with: Option<ApiKeyId>,
    created_at: Timestamp,
    active: bool,
}

impl From<DeploymentRow> for Deployment {
    fn from(row: DeploymentRow) -> Self {
        let DeploymentRow { id, number, message, created_by, created_with, created_at, active } = row;
        // The table holds positive numbers only.
        Self { id, number: u32::try_from(number).unwrap_or(0), message, created_by, created_with, created_at, active }
    }
}

/// One deployment's own row.
pub(super) async fn get(connection: &mut sqlx::PgConnection, app: AppId, id: DeploymentId) -> Result<Option<Deployment>> {
    let row = sqlx::query_as!(
        DeploymentRow,
        r#"
        select d.id as "id: DeploymentId", d.number, d.message, d.created_by as "created_by: AdminId",
            d.created_with as "created_with: ApiKeyId",
        d.created_at as "created_at: Time", d.id is not distinct from a.active_deployment_id as "active!"
        from deployments d join apps a on a.id = d.app_id
        where d.app_id = $1 and d.id = $2
        "#,
        app as _,
        id as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("get deployment"))?;
    Ok(row.map(Deployment::from))
}
