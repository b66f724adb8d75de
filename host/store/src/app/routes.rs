//! Routes of the active deployment.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::AppStore;
use crate::{AppId, DeploymentId, Error, Listed, Page, Result, Revision, RouteId, ScriptId, time::Time};

/// What answers the requests of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteTarget {
    /// An endpoint.
    Script(ScriptId),
    /// The assets of the deployment. The method of such a route is `GET`, which answers `HEAD` as well.
    Static(StaticTerms),
}

/// How assets answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaticTerms {
    /// Path of the asset that answers with 200 where there is no other.
    pub fallback: Option<String>,
    /// Path of the asset that answers with 404 where there is no other, and no fallback.
    pub not_found: Option<String>,
    /// For how many seconds browsers need not ask again, up to [`execution::assets::MAX_AGE_SECONDS_MAX`]; `None`: they ask each time.
    pub max_age_seconds: Option<u32>,
}

impl RouteTarget {
    /// Of a row: one without a script is static.
    pub(crate) fn of(script: Option<ScriptId>, fallback: Option<String>, not_found: Option<String>, max_age_seconds: Option<i32>) -> Self {
        let max_age_seconds = max_age_seconds.and_then(|seconds| u32::try_from(seconds).ok());
        script.map_or(Self::Static(StaticTerms { fallback, not_found, max_age_seconds }), Self::Script)
    }

    /// The script, if one answers.
    #[must_use]
    pub fn script(&self) -> Option<ScriptId> {
        match self {
            Self::Script(script) => Some(*script),
            Self::Static(_) => None,
        }
    }

    /// For digests and the audit log. A script is its id alone, as it was before there were others.
    pub(super) fn summary(&self) -> Value {
        match self {
            Self::Script(script) => json!(script),
            Self::Static(StaticTerms { fallback, not_found, max_age_seconds }) => {
                json!({ "static": { "fallback": fallback, "not_found": not_found, "max_age": max_age_seconds } })
            }
        }
    }
}

impl From<ScriptId> for RouteTarget {
    fn from(script: ScriptId) -> Self {
        Self::Script(script)
    }
}

impl StaticTerms {
    /// The assets that it names, each with the field that does.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [("fallback", &self.fallback), ("not_found", &self.not_found)];
        fields.into_iter().filter_map(|(field, path)| Some((field, path.as_deref()?)))
    }
}

/// A route as it is in one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub id: RouteId,
    pub target: RouteTarget,
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
    /// Of target, method, host and path.
    #[must_use]
    pub fn revision(&self) -> Revision {
        let [method, host] = [&self.method, &self.host].map(|part| part.as_deref().unwrap_or_default().as_bytes());
        match &self.target {
            RouteTarget::Script(script) => Revision::of(&[script.uuid().as_bytes(), method, host, self.path.as_bytes()]),
            RouteTarget::Static(_) => Revision::of(&[self.target.summary().to_string().as_bytes(), method, host, self.path.as_bytes()]),
        }
    }
}

/// A row of the view of both kinds.
struct Row {
    id: RouteId,
    script: Option<ScriptId>,
    method: Option<String>,
    host: Option<String>,
    path: String,
    fallback: Option<String>,
    not_found: Option<String>,
    max_age_seconds: Option<i32>,
    changed_at: Timestamp,
}

impl From<Row> for Route {
    fn from(row: Row) -> Self {
        let Row { id, script, method, host, path, fallback, not_found, max_age_seconds, changed_at } = row;
        Self { id, target: RouteTarget::of(script, fallback, not_found, max_age_seconds), method, host, path, changed_at }
    }
}

impl AppStore {
    /// Routes of the active deployment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn routes(&self, page: Page) -> Result<Listed<Route>> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            select d.route_id as "id!: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path as "path!",
                d.fallback, d.not_found, d.max_age_seconds, d.changed_at as "changed_at!: Time"
            from apps a join deployment_all_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
            where a.id = $1 and d.route_id > $2 order by d.route_id limit $3
            "#,
            self.app as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list routes"))?;
        let rows = rows.into_iter().map(Route::from).collect();
        Ok(page.cut(rows, |route: &Route| route.id.uuid()))
    }

    /// All routes of the active deployment, for `check` and `match`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all_routes(&self) -> Result<Vec<Route>> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            select d.route_id as "id!: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path as "path!",
                d.fallback, d.not_found, d.max_age_seconds, d.changed_at as "changed_at!: Time"
            from apps a join deployment_all_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
            where a.id = $1 order by d.route_id
            "#,
            self.app as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read routes"))?;
        Ok(rows.into_iter().map(Route::from).collect())
    }

    /// One route of the active deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn route(&self, id: RouteId) -> Result<Option<Route>> {
        let row = sqlx::query_as!(
            Row,
            r#"
            select d.route_id as "id!: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path as "path!",
                d.fallback, d.not_found, d.max_age_seconds, d.changed_at as "changed_at!: Time"
            from apps a join deployment_all_routes d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
            where a.id = $1 and d.route_id = $2
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("get route"))?;
        Ok(row.map(Route::from))
    }
}

/// All routes of one deployment, oldest first.
pub(super) async fn of_deployment(connection: &mut sqlx::PgConnection, app: AppId, id: DeploymentId) -> Result<Vec<Route>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select d.route_id as "id!: RouteId", d.script_id as "script: ScriptId", d.method, d.host, d.path as "path!",
            d.fallback, d.not_found, d.max_age_seconds, d.changed_at as "changed_at!: Time"
        from deployment_all_routes d where d.app_id = $1 and d.deployment_id = $2 order by d.route_id
        "#,
        app as _,
        id as _
    )
    .fetch_all(connection)
    .await
    .map_err(Error::sql("read routes"))?;
    Ok(rows.into_iter().map(Route::from).collect())
}
