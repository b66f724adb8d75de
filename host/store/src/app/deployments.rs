//! Deployments that were made.

use std::collections::BTreeMap;

use ::triggers::Trigger;
use jiff::Timestamp;
use sqlx::types::Json;
use uuid::Uuid;

use super::{AppStore, Author, Route, Script, Settings, asset_sets, routes, scripts, triggers};
use crate::{AdminId, ApiKeyId, AppId, DeploymentId, Digest, Error, Listed, Page, Result, time::Time};

/// All scripts and routes of an app at one moment; immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub id: DeploymentId,
    /// 1, 2, 3 ... in each app.
    pub number: u32,
    pub message: String,
    pub settings: Settings,
    /// Names the set of its assets, for [`AppStore::assets`]; `None`: it has none.
    pub asset_set: Option<Digest>,
    /// Who made it.
    pub author: Author,
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
    /// By id, schedules included.
    pub triggers: Vec<Trigger>,
    /// By path.
    pub assets: BTreeMap<String, Digest>,
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
            select d.id as "id: DeploymentId", d.number, d.message, d.settings as "settings: Json<Settings>", d.asset_set as "asset_set: Digest",
                d.created_by as "admin: AdminId", m.username as "username?", m.display_name as "display_name?",
                d.created_with as "key: ApiKeyId", k.name as "key_name?",
                d.created_at as "created_at: Time", d.id is not distinct from a.active_deployment_id as "active!"
            from deployments d join apps a on a.id = d.app_id
                left join admins m on m.id = d.created_by left join api_keys k on k.id = d.created_with
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

    /// One deployment with its scripts, routes and assets.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment(&self, id: DeploymentId) -> Result<Option<DeploymentContents>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get deployment"))?;
        // Some statements, no transaction: a deployment never changes.
        let Some(deployment) = get(&mut connection, self.app, id).await? else { return Ok(None) };
        let scripts = scripts::of_deployment(&mut connection, self.app, id).await?;
        let routes = routes::of_deployment(&mut connection, self.app, id).await?;
        let triggers = triggers::of_deployment(&mut connection, self.app, id).await?;
        let assets = asset_sets::entries(&mut connection, self.app, deployment.asset_set).await.map_err(Error::sql("read assets"))?;
        Ok(Some(DeploymentContents { deployment, scripts, routes, triggers, assets }))
    }
}

impl AppStore {
    /// One deployment's own row.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment_row(&self, id: DeploymentId) -> Result<Option<Deployment>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get deployment"))?;
        get(&mut connection, self.app, id).await
    }

    /// The deployment of this number, its own row.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment_numbered(&self, number: u32) -> Result<Option<Deployment>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get deployment"))?;
        match id_of(&mut connection, self.app, number).await? {
            Some(id) => get(&mut connection, self.app, id).await,
            None => Ok(None),
        }
    }

    /// The newest deployment with a lower number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deployment_before(&self, number: u32) -> Result<Option<Deployment>> {
        let page = Page::before_number(number);
        Ok(self.deployments(page).await?.items.into_iter().next())
    }
}

struct DeploymentRow {
    id: DeploymentId,
    number: i32,
    message: String,
    settings: Json<Settings>,
    asset_set: Option<Digest>,
    admin: Option<AdminId>,
    username: Option<String>,
    display_name: Option<String>,
    key: Option<ApiKeyId>,
    key_name: Option<String>,
    created_at: Timestamp,
    active: bool,
}

impl From<DeploymentRow> for Deployment {
    fn from(row: DeploymentRow) -> Self {
        let DeploymentRow {
            id,
            number,
            message,
            settings: Json(settings),
            asset_set,
            admin,
            username,
            display_name,
            key,
            key_name,
            created_at,
            active,
        } = row;
        let author = Author { admin, username, display_name, key, key_name };
        // The table holds positive numbers only.
        Self { id, number: u32::try_from(number).unwrap_or(0), message, settings, asset_set, author, created_at, active }
    }
}

/// One deployment's own row.
pub(super) async fn get(connection: &mut sqlx::PgConnection, app: AppId, id: DeploymentId) -> Result<Option<Deployment>> {
    let row = sqlx::query_as!(
        DeploymentRow,
        r#"
        select d.id as "id: DeploymentId", d.number, d.message, d.settings as "settings: Json<Settings>", d.asset_set as "asset_set: Digest",
                d.created_by as "admin: AdminId", m.username as "username?", m.display_name as "display_name?",
                d.created_with as "key: ApiKeyId", k.name as "key_name?",
                d.created_at as "created_at: Time", d.id is not distinct from a.active_deployment_id as "active!"
            from deployments d join apps a on a.id = d.app_id
                left join admins m on m.id = d.created_by left join api_keys k on k.id = d.created_with
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

/// The deployment that has this number.
pub(super) async fn id_of(connection: &mut sqlx::PgConnection, app: AppId, number: u32) -> Result<Option<DeploymentId>> {
    let Ok(number) = i32::try_from(number) else { return Ok(None) };
    sqlx::query_scalar!(r#"select id as "id: DeploymentId" from deployments where app_id = $1 and number = $2"#, app as _, number)
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("find deployment"))
}
