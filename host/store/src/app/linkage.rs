//! What scripts of the app import: read before a deployment, so that it can be checked as a whole.

use super::{AppStore, ScriptKind};
use crate::{DeploymentId, Digest, Error, Result};

/// Modules of the active deployment, and the scripts that may import them, all of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linkage {
    /// Number of the active deployment; 0 before the first.
    pub deployment: u32,
    /// Every module, and the endpoints that were asked for, in the order of their names.
    pub scripts: Vec<LinkedScript>,
}

/// A script with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedScript {
    pub name: String,
    pub kind: ScriptKind,
    pub source: String,
}

impl AppStore {
    /// The modules of the active deployment and, with `importers`, the endpoints whose text has the word `import`. At most as many bytes as
    /// the app may store.
    ///
    /// # Errors
    /// The database failed.
    pub async fn linkage(&self, importers: bool) -> Result<Linkage> {
        let rows = sqlx::query!(
            r#"
            select d.number as "number?", s.name as "name?", s.kind as "kind?: ScriptKind", s.text as "text?"
            from apps a
            left join deployments d on d.app_id = a.id and d.id = a.active_deployment_id
            left join lateral (
                select ds.name, ds.kind, t.text from deployment_scripts ds
                join sources t on t.app_id = ds.app_id and t.digest = ds.source_digest
                where ds.app_id = a.id and ds.deployment_id = d.id and (ds.kind = 'module' or $2 and t.text ~ '\mimport\M')
            ) s on true
            where a.id = $1
            order by s.name
            "#,
            self.app as _,
            importers
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read linkage"))?;
        let number = rows.first().and_then(|row| row.number).unwrap_or(0);
        let script = |(name, kind, source)| LinkedScript { name, kind, source };
        let scripts = rows.into_iter().filter_map(|row| Some(script((row.name?, row.kind?, row.text?)))).collect();
        Ok(Linkage { deployment: u32::try_from(number).unwrap_or(0), scripts })
    }

    /// The modules of a deployment, and its endpoints whose text has the word `import`, in the order of their names.
    ///
    /// # Errors
    /// The database failed.
    pub async fn linkage_of(&self, deployment: DeploymentId) -> Result<Vec<LinkedScript>> {
        sqlx::query_as!(
            LinkedScript,
            r#"
            select s.name, s.kind as "kind: ScriptKind", t.text as source
            from deployment_scripts s join sources t on t.app_id = s.app_id and t.digest = s.source_digest
            where s.app_id = $1 and s.deployment_id = $2 and (s.kind = 'module' or t.text ~ '\mimport\M')
            order by s.name
            "#,
            self.app as _,
            deployment as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read linkage"))
    }

    /// Of texts that the app has: those of `modules`, and of `others` those that have the word `import`. In no order; what is gone is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn linked_sources(&self, modules: &[Digest], others: &[Digest]) -> Result<Vec<(Digest, String)>> {
        let rows = sqlx::query!(
            r#"
            select digest as "digest: Digest", text from sources
            where app_id = $1 and (digest = any($2) or digest = any($3) and text ~ '\mimport\M')
            "#,
            self.app as _,
            modules as &[Digest],
            others as &[Digest]
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("read sources"))?;
        Ok(rows.into_iter().map(|row| (row.digest, row.text)).collect())
    }
}
