//! Whether a node has the master keys of its instance. The first one that starts leaves a key in the database, sealed as those of apps are; what does
//! not open it has other master keys, and what it would seal no other node could read (S-6.4).

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;
use vault::{Vault, Wrapped};

use crate::{Error, Result, ids::v7};

/// In the place of an app, of which none has this id.
const INSTANCE: Uuid = Uuid::nil();
const OPERATION: &str = "check the master keys";

/// The name of the master key that the nodes of the instance have; `None`: none has started yet.
pub(crate) async fn master(pool: &PgPool) -> Result<Option<String>> {
    Ok(kept(pool).await?.map(|kept| kept.master))
}

/// Leaves what the other nodes will be held against, or is held against it. To be called after [`crate::Control::instance`].
pub(crate) async fn join(pool: &PgPool, vault: &Arc<Vault>, now: Timestamp) -> Result<()> {
    let kept = match kept(pool).await? {
        Some(kept) => kept,
        None => {
            leave(pool, &vault.make(INSTANCE, v7(now)).map_err(|error| Error::Sealing(error.to_string()))?).await?;
            // Another node may have been faster.
            kept(pool).await?.ok_or(Error::Sealing("the instance has no row".to_owned()))?
        }
    };
    let newer = vault.renew(INSTANCE, &kept).map_err(|error| Error::Sealing(format!("the key of the instance: {error}")))?;
    let Some(newer) = newer else { return Ok(()) };
    sqlx::query!(
        "update instance set key_check_master = $2, key_check_sealed = $3 where key_check_master = $1",
        kept.master,
        newer.master,
        newer.sealed
    )
    .execute(pool)
    .await
    .map_err(Error::sql(OPERATION))?;
    Ok(())
}

/// Lets the next node that starts be the first one.
pub(crate) async fn forget(connection: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!("update instance set key_check_id = null, key_check_master = null, key_check_sealed = null")
        .execute(connection)
        .await
        .map_err(Error::sql(OPERATION))?;
    Ok(())
}

/// The same where something was sealed: the keys of all apps go, and the secrets with them. Returns how many secrets there were.
pub(crate) async fn forget_sealed(pool: &PgPool) -> Result<u64> {
    const OPERATION: &str = "forget what is sealed";
    let mut transaction = pool.begin().await.map_err(Error::sql(OPERATION))?;
    let secrets = sqlx::query!("delete from secrets").execute(&mut *transaction).await.map_err(Error::sql(OPERATION))?;
    sqlx::query!("delete from secret_keys").execute(&mut *transaction).await.map_err(Error::sql(OPERATION))?;
    forget(&mut *transaction).await?;
    transaction.commit().await.map_err(Error::sql(OPERATION))?;
    Ok(secrets.rows_affected())
}

async fn kept(pool: &PgPool) -> Result<Option<Wrapped>> {
    sqlx::query_as!(
        Wrapped,
        r#"
        select key_check_id as "id!", key_check_master as "master!", key_check_sealed as "sealed!" from instance
        where key_check_id is not null
        "#
    )
    .fetch_optional(pool)
    .await
    .map_err(Error::sql(OPERATION))
}

async fn leave(pool: &PgPool, made: &Wrapped) -> Result<()> {
    sqlx::query!(
        "update instance set key_check_id = $1, key_check_master = $2, key_check_sealed = $3 where key_check_id is null",
        made.id,
        made.master,
        made.sealed
    )
    .execute(pool)
    .await
    .map_err(Error::sql(OPERATION))?;
    Ok(())
}
