//! Routes of the active deployment.

use jiff::Timestamp;

use super::AppStore;
use crate::{AppId, DeploymentId, Error, Listed, Page, Result, Revision, RouteId, ScriptId, time::Time};

/// A route as it is in one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub id: RouteId,
    pub script: ScriptId,
    /// Upper case; `None` for any.
    pub method: Option<String>,
    /// Exact host or `*.` wildcard; `None` for any of the app's hosts.
    pub host: Option<String>,
    /// `/exact`, `/users/:id` or `/files/*`.
    pub path: String,
    /// When this form was deployed.
    pub changed_at: Timestamp,
}

impl Route {
    /// Of script, method, host and path.
    #[must_use]
    pub fn revision(&self) -> Revision {
        let [method, host] = [&self.method, &self.host].map(|part| part.as_deref().unwrap_or_default().as_bytes());
        Revision::of(&[self.script.uuid().as_bytes(), method, host, self.path.as_bytes()])
    }
}

impl AppStore {
    /// Routes of the active deployment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn routes(&self, page: Page) -> Result<Listed<Route>> {
        let rows = sqlx::query_as!(
            Route,
            r#"
            select d.route_id as "id: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path,
                d.changed_at as "changed_at: Time"
            from apps a join deployment_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
            where a.id = $1 and d.route_id > $2 order by d.route_id limit $3
            "#,
            self.app as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list routes"))?;
        Ok(page.cut(rows, |route| route.id.uuid()))
    }

    /// All routes of the active deployment, for `check` and `match`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all_routes(&self) -> Result<Vec<Route>> {
        sqlx::query_as!(
            Route,
            r#"
            select d.route_id as "id: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path,
                d.changed_at as "changed_at: Time"
            from apps a join deployment_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
            where a.id = $1 order by d.route_id
            "#,
            self.app as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read routes"))
    }

    /// One route of the active deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn route(&self, id: RouteId) -> Result<Option<Route>> {
        sqlx::query_as!(
            Route,
            r#"
            select d.route_id as "id: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path,
                d.changed_at as "changed_at: Time"
            from apps a join deployment_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
            where a.id = $1 and d.route_id = $2
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("get route"))
    }
}

/// All routes of one deployment, oldest first.
pub(super) async fn of_deployment(connection: &mut sqlx::PgConnection, app: AppId, id: DeploymentId) -> Result<Vec<Route>> {
    sqlx::query_as!(
        Route,
        r#"
        select d.route_id as "id: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path, d.changed_at as "changed_at: Time"
        from deployment_routes d where d.app_id = $1 and d.deployment_id = $2 order by d.route_id
        "#,
        app as _,
        id as _
    )
    .fetch_all(connection)
    .await
    .map_err(Error::sql("read routes"))
}
