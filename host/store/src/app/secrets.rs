//! An app's secrets, for people who set them. Nobody reads a value here: there is no statement that would.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor};
use vault::{AppKey, Vault, Wrapped};

use super::AppStore;
use crate::{
    Error, Result, Revision, Thing,
    audit::{Subject, Watched},
    ids::v7,
    listen::notify_app,
    time::Time,
};

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretEntry {
    pub name: String,
    /// Another one after each change.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Secrets in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPage {
    pub entries: Vec<SecretEntry>,
    /// Go on behind this name.
    pub next: Option<String>,
}

/// A value to be set. The caller has checked name and value.
pub struct SecretChange<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// Only if it still is so.
    pub expected: Option<Revision>,
    /// Secrets that the app may have.
    pub secrets_max: u64,
    pub now: Timestamp,
}

impl std::fmt::Debug for SecretChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretChange").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SecretEntry {
    /// Of its state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::parse(&self.version.to_string())
    }
}

impl AppStore {
    /// The names of the app's secrets, behind `after`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn secrets(&self, after: Option<&str>, limit: u16) -> Result<SecretPage> {
        let limit = usize::from(limit);
        let mut entries = sqlx::query_as!(
            SecretEntry,
            r#"
            select name, version, created_at as "created_at: Time", updated_at as "updated_at: Time" from secrets
            where app_id = $1 and name > $2 order by name limit $3
            "#,
            self.app as _,
            after.unwrap_or_default(),
            i64::try_from(limit + 1).unwrap_or(i64::MAX)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list secrets"))?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|entry| entry.name.clone());
        Ok(SecretPage { entries, next })
    }

    /// One secret, without its value.
    ///
    /// # Errors
    /// The database failed.
    pub async fn secret(&self, name: &str) -> Result<Option<SecretEntry>> {
        self.find_secret(&self.pool, name).await
    }

    async fn find_secret(&self, connection: impl PgExecutor<'_>, name: &str) -> Result<Option<SecretEntry>> {
        sqlx::query_as!(
            SecretEntry,
            r#"
            select name, version, created_at as "created_at: Time", updated_at as "updated_at: Time" from secrets
            where app_id = $1 and name = $2
            "#,
            self.app as _,
            name
        )
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("get secret"))
    }

    /// Sets a secret, sealed. Every node hears of it: executions that begin after that read the new value.
    ///
    /// # Errors
    /// [`Error::Changed`], [`Error::LimitReached`], [`Error::NoVault`], [`Error::Sealing`].
    pub async fn set_secret(&self, change: &SecretChange<'_>) -> Result<SecretEntry> {
        const OPERATION: &str = "set secret";
        vault::see_a_secret();
        let vault = self.vault.as_ref().ok_or(Error::NoVault)?;
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        self.lock_app(&mut transaction, OPERATION).await?;
        let before = self.find_secret(&mut *transaction, change.name).await?;
        check(before.as_ref(), change.expected.as_ref())?;
        if before.is_none() {
            self.check_secrets(&mut transaction, change.secrets_max).await?;
        }
        let watched = Watched::before(&mut transaction, Subject::Secret(self.app, change.name)).await?;
        let key = self.secret_key(&mut transaction, vault, change.now).await?;
        let version = sqlx::query_scalar!(r#"select nextval('secret_version_seq') as "version!""#)
            .fetch_one(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let sealed = key.seal(change.name, version, change.value.as_bytes()).map_err(|error| Error::Sealing(error.to_string()))?;
        let made = sqlx::query_as!(
            SecretEntry,
            r#"
            insert into secrets (app_id, name, version, sealed, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
            on conflict (app_id, name) do update set version = excluded.version, sealed = excluded.sealed, updated_at = excluded.updated_at
            returning name, version, created_at as "created_at: Time", updated_at as "updated_at: Time"
            "#,
            self.app as _,
            change.name,
            version,
            sealed,
            Time(change.now) as _
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": change.name, "version": version });
        watched.record(&mut transaction, &self.actor, Some(self.app), "secret.set", details, change.now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// Removes a secret. Every node hears of it. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub async fn delete_secret(&self, name: &str, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "delete secret";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        self.lock_app(&mut transaction, OPERATION).await?;
        let before = self.find_secret(&mut *transaction, name).await?;
        check(before.as_ref(), expected)?;
        let Some(before) = before else { return Ok(false) };
        let watched = Watched::before(&mut transaction, Subject::Secret(self.app, name)).await?;
        sqlx::query!("delete from secrets where app_id = $1 and name = $2", self.app as _, name)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": name, "version": before.version });
        watched.record(&mut transaction, &self.actor, Some(self.app), "secret.deleted", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }

    async fn check_secrets(&self, connection: &mut PgConnection, max: u64) -> Result<()> {
        let count = sqlx::query_scalar!(r#"select count(*) as "count!" from secrets where app_id = $1"#, self.app as _)
            .fetch_one(connection)
            .await
            .map_err(Error::sql("count secrets"))?;
        if u64::try_from(count).unwrap_or(0) < max {
            return Ok(());
        }
        Err(Error::LimitReached { what: "secrets of this app (the limit `secrets`)", max, advice: "remove one that is not needed" })
    }

    /// The app's key, made if this is its first secret.
    async fn secret_key(&self, connection: &mut PgConnection, vault: &Arc<Vault>, now: Timestamp) -> Result<AppKey> {
        const OPERATION: &str = "read the key of secrets";
        let kept = sqlx::query_as!(Wrapped, "select id, master, sealed from secret_keys where app_id = $1", self.app as _)
            .fetch_optional(&mut *connection)
            .await
            .map_err(Error::sql(OPERATION))?;
        let wrapped = match kept {
            Some(wrapped) => wrapped,
            None => {
                let made = vault.make(self.app.uuid(), v7(now)).map_err(|error| Error::Sealing(error.to_string()))?;
                sqlx::query!(
                    "insert into secret_keys (app_id, id, master, sealed) values ($1, $2, $3, $4)",
                    self.app as _,
                    made.id,
                    made.master,
                    made.sealed
                )
                .execute(connection)
                .await
                .map_err(Error::sql(OPERATION))?;
                made
            }
        };
        vault.open(self.app.uuid(), &wrapped).map_err(|error| Error::Sealing(error.to_string()))
    }
}

fn check(present: Option<&SecretEntry>, expected: Option<&Revision>) -> Result<()> {
    let revision = present.map_or_else(|| Revision::parse(Revision::ABSENT), SecretEntry::revision);
    revision.check(Thing::Secret, expected)
}
