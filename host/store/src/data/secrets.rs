//! Secrets on their way to scripts. They come with the app's snapshot, sealed, and are opened one by one when a script asks: no database, and
//! nothing opened stays in memory (S-2.21).

use std::sync::Arc;

use execution::{Secret, Unanswered};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;
use vault::{Unopened, Vault, Wrapped, Zeroizing};

use super::AppData;
use crate::{AppId, Error, Result};

/// All secrets of one app, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecrets {
    pub(crate) key: Wrapped,
    /// In the order of their names.
    pub(crate) secrets: Vec<SealedSecret>,
}

/// One secret, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedSecret {
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) sealed: Vec<u8>,
}

impl AppData {
    /// The value of a secret, as it was when the app was last read; `None`: there is none of this name.
    ///
    /// # Errors
    /// It does not open; why is in the log.
    pub fn secret(&self, name: &str) -> std::result::Result<Option<Secret>, Unanswered> {
        let Some(SealedSecrets { key, secrets }) = self.secrets.as_deref() else { return Ok(None) };
        vault::see_a_secret();
        let Ok(place) = secrets.binary_search_by(|secret| secret.name.as_str().cmp(name)) else { return Ok(None) };
        let failed = |why: &dyn std::fmt::Display| {
            tracing::error!(app = %self.app, name, %why, "a secret can't be opened");
            Unanswered::Unavailable
        };
        let vault = self.vault.as_ref().ok_or_else(|| failed(&Error::NoVault))?;
        open(vault, self.app, key, &secrets[place]).map(Some).map_err(|why| failed(&why))
    }
}

fn open(vault: &Vault, app: AppId, key: &Wrapped, secret: &SealedSecret) -> std::result::Result<Secret, Unopened> {
    let SealedSecret { name, version, sealed } = secret;
    let mut opened = vault.open(app.uuid(), key)?.open(name, *version, sealed)?;
    // What was sealed was text. The bytes move; no copy of them stays.
    let text = String::from_utf8(std::mem::take(&mut *opened)).map_err(|_| Unopened::Damaged)?;
    Ok(Secret::new(*version, Zeroizing::new(text)))
}

/// The sealed secrets of the apps whose ids are in this range.
pub(crate) async fn sealed(connection: &mut PgConnection, first: Uuid, last: Uuid) -> sqlx::Result<Vec<(AppId, SealedSecrets)>> {
    let rows = sqlx::query!(
        r#"
        select k.app_id as "app: AppId", k.id, k.master, k.sealed as key, s.name, s.version, s.sealed
        from secret_keys k join secrets s on s.app_id = k.app_id where k.app_id between $1 and $2 order by k.app_id, s.name
        "#,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let mut apps: Vec<(AppId, SealedSecrets)> = Vec::new();
    for row in rows {
        let secret = SealedSecret { name: row.name, version: row.version, sealed: row.sealed };
        match apps.last_mut().filter(|(app, _)| *app == row.app) {
            Some((_, known)) => known.secrets.push(secret),
            None => {
                let key = Wrapped { id: row.id, master: row.master, sealed: row.key };
                apps.push((row.app, SealedSecrets { key, secrets: vec![secret] }));
            }
        }
    }
    Ok(apps)
}

/// The names of the master keys that app keys are sealed with.
pub(crate) async fn masters_in_use(executor: impl PgExecutor<'_>) -> Result<Vec<String>> {
    sqlx::query_scalar!("select distinct master from secret_keys order by master")
        .fetch_all(executor)
        .await
        .map_err(Error::sql("read the keys of secrets"))
}

/// Opens every secret of every app, and forgets it again. Returns how many apps have some.
pub(crate) async fn check(pool: &PgPool, vault: &Arc<Vault>) -> Result<u64> {
    const OPERATION: &str = "read the secrets";
    let mut connection = pool.acquire().await.map_err(Error::sql(OPERATION))?;
    let apps = sealed(&mut connection, Uuid::nil(), Uuid::max()).await.map_err(Error::sql(OPERATION))?;
    for (app, SealedSecrets { key, secrets }) in &apps {
        for secret in secrets {
            let opened = open(vault, *app, key, secret);
            opened.map_err(|error| Error::Sealing(format!("{} of app {app}: {error}", secret.name)))?;
        }
    }
    Ok(apps.len() as u64)
}

/// Seals every app key with the newest master key that is not yet. Returns how many were.
pub(crate) async fn renew(pool: &PgPool, vault: &Arc<Vault>) -> Result<u64> {
    const OPERATION: &str = "renew the keys of secrets";
    let keys = sqlx::query!(r#"select app_id as "app: AppId", id, master, sealed from secret_keys order by app_id"#)
        .fetch_all(pool)
        .await
        .map_err(Error::sql(OPERATION))?;
    let mut renewed = 0;
    for row in keys {
        let wrapped = Wrapped { id: row.id, master: row.master, sealed: row.sealed };
        let newer =
            vault.renew(row.app.uuid(), &wrapped).map_err(|error| Error::Sealing(format!("the key of app {}: {error}", row.app)))?;
        let Some(newer) = newer else { continue };
        // Another node may have done it meanwhile.
        let done = sqlx::query!(
            "update secret_keys set master = $3, sealed = $4 where app_id = $1 and master = $2",
            row.app as _,
            wrapped.master,
            newer.master,
            newer.sealed
        )
        .execute(pool)
        .await
        .map_err(Error::sql(OPERATION))?;
        renewed += done.rows_affected();
    }
    Ok(renewed)
}
