//! Scripts of the active deployment.

use jiff::Timestamp;

use super::AppStore;
use crate::{AppId, DeploymentId, Digest, Error, Listed, Page, Result, Revision, ScriptId, time::Time};

/// What a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ScriptKind {
    /// Answers requests.
    Endpoint,
    /// Is imported by other scripts of the app.
    Module,
}

impl ScriptKind {
    /// The word used in SQL and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Module => "module",
        }
    }
}

/// A script as it is in one deployment, without its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub id: ScriptId,
    pub name: String,
    pub kind: ScriptKind,
    pub source_digest: Digest,
    pub created_at: Timestamp,
    /// When this name, kind or source was deployed.
    pub changed_at: Timestamp,
}

impl Script {
    /// Of name, kind and source.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of(&[self.name.as_bytes(), self.kind.as_str().as_bytes(), self.source_digest.as_bytes()])
    }
}

impl AppStore {
    /// Scripts of the active deployment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn scripts(&self, page: Page) -> Result<Listed<Script>> {
        let rows = sqlx::query_as!(
            Script,
            r#"
            select s.id as "id: ScriptId", d.name, d.kind as "kind: ScriptKind", d.source_digest as "source_digest: Digest",
                s.created_at as "created_at: Time",
                d.changed_at as "changed_at: Time"
            from apps a
                join deployment_scripts d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
                join scripts s on s.app_id = d.app_id and s.id = d.script_id
            where a.id = $1 and d.script_id > $2 order by d.script_id limit $3
            "#,
            self.app as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list scripts"))?;
        Ok(page.cut(rows, |script| script.id.uuid()))
    }

    /// Whether the active deployment has an endpoint of this name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_endpoint(&self, name: &str) -> Result<bool> {
        sqlx::query_scalar!(
            r#"
            select exists (
                select from apps a join deployment_scripts d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
                where a.id = $1 and d.name = $2 and d.kind = 'endpoint'
            ) as "exists!"
            "#,
            self.app as _,
            name
        )
        .fetch_one(&self.pool)
        .await
        .map_err(Error::sql("find endpoint"))
    }

    /// One script of the active deployment and its source.
    ///
    /// # Errors
    /// The database failed.
    pub async fn script(&self, id: ScriptId) -> Result<Option<(Script, String)>> {
        let row = sqlx::query!(
            r#"
            select s.id as "id: ScriptId", d.name, d.kind as "kind: ScriptKind", d.source_digest as "source_digest: Digest",
                s.created_at as "created_at: Time",
                d.changed_at as "changed_at: Time", t.text
            from apps a
                join deployment_scripts d on d.app_id = a.id and d.deployment_id = a.active_deployment_id
                join scripts s on s.app_id = d.app_id and s.id = d.script_id
            join sources t on t.app_id = d.app_id and t.digest = d.source_digest
            where a.id = $1 and d.script_id = $2
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("get script"))?;
        Ok(row.map(|row| {
            let script = Script {
                id: row.id,
                name: row.name,
                kind: row.kind,
                source_digest: row.source_digest,
                created_at: row.created_at.into(),
                changed_at: row.changed_at.into(),
            };
            (script, row.text)
        }))
    }

    /// The source that a script of this name had in deployment `number`: for the line and caret of an old error.
    ///
    /// # Errors
    /// The database failed.
    pub async fn source_at(&self, number: u32, name: &str) -> Result<Option<String>> {
        let Ok(number) = i32::try_from(number) else { return Ok(None) };
        sqlx::query_scalar!(
            "select t.text from deployments p
            join deployment_scripts d on d.app_id = p.app_id and d.deployment_id = p.id
            join sources t on t.app_id = d.app_id and t.digest = d.source_digest
            where p.app_id = $1 and p.number = $2 and d.name = $3",
            self.app as _,
            number,
            name
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("read source"))
    }

    /// A script as it was in deployment `number`, and all modules that it could import then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sources_at(&self, number: u32, name: &str) -> Result<Vec<SourceAt>> {
        let Ok(number) = i32::try_from(number) else { return Ok(Vec::new()) };
        sqlx::query_as!(
            SourceAt,
            r#"
            select d.name, d.kind as "kind: ScriptKind", t.text from deployments p
            join deployment_scripts d on d.app_id = p.app_id and d.deployment_id = p.id
            join sources t on t.app_id = d.app_id and t.digest = d.source_digest
            where p.app_id = $1 and p.number = $2 and (d.name = $3 or d.kind = 'module') order by d.name
            "#,
            self.app as _,
            number,
            name
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read sources"))
    }
}

/// A text of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAt {
    pub name: String,
    pub kind: ScriptKind,
    pub text: String,
}

/// All scripts of one deployment, oldest first.
pub(super) async fn of_deployment(connection: &mut sqlx::PgConnection, app: AppId, id: DeploymentId) -> Result<Vec<Script>> {
    sqlx::query_as!(
        Script,
        r#"
        select s.id as "id: ScriptId", d.name, d.kind as "kind: ScriptKind", d.source_digest as "source_digest: Digest",
            s.created_at as "created_at: Time",
        d.changed_at as "changed_at: Time"
        from deployment_scripts d join scripts s on s.app_id = d.app_id and s.id = d.script_id
        where d.app_id = $1 and d.deployment_id = $2 order by d.script_id
        "#,
        app as _,
        id as _
    )
    .fetch_all(connection)
    .await
    .map_err(Error::sql("read scripts"))
}
