//! Credentials of programs.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{Control, InstanceStore, sessions::TOUCH_EVERY};
use crate::{
    AdminId, ApiKeyId, AppId, AppStore, Digest, Error, Listed, Page, Principal, Result, Revision, Revoked, Thing,
    access::Credential,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_revoked,
    time::{MaybeTime, Time},
};

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The beginning, as it may be shown.
    pub prefix: String,
    pub last4: String,
    pub scopes: Vec<String>,
    /// The only app that it reaches.
    pub app: Option<AppId>,
    /// The only networks that it is good from, as `address/bits`; empty: it is good from anywhere.
    pub networks: Vec<String>,
    pub created_by: AdminId,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// At most a minute late.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Its state; every use that is noted changes it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of_row(self)
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Of the whole key text.
    pub key: Digest,
    pub name: String,
    pub prefix: String,
    pub last4: String,
    pub scopes: Vec<String>,
    pub app: Option<AppId>,
    /// As `address/bits` without bits behind the prefix; at most [`KEY_NETWORKS_MAX`].
    pub networks: Vec<String>,
    pub now: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Networks that one key can be bound to.
pub const KEY_NETWORKS_MAX: usize = 50;

/// What the look-up of a good key has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    By(Principal),
    /// The key is good, but not from this address.
    FromElsewhere,
}

/// What becomes of somebody's keys when his password is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Whoever knew the password may have made some.
    Revoke,
    Keep,
}

impl Keys {
    /// Does so when the password of `maker` is replaced. Returns how many were revoked.
    pub(super) async fn replaced(self, connection: &mut PgConnection, maker: AdminId, now: Timestamp) -> Result<u64> {
        match self {
            Self::Revoke => revoke_all(connection, maker, now).await,
            Self::Keep => Ok(0),
        }
    }
}

impl Control {
    /// Whose key this is, and notes that it was used (at most once a minute). `None` if there is none, it expired or was revoked, or its
    /// maker is inactive.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key(&self, key: &Digest, from: IpAddr, now: Timestamp) -> Result<Option<KeyUse>> {
        const OPERATION: &str = "find API key";
        let row = sqlx::query!(
            r#"
            select k.id as "id: ApiKeyId", k.created_by as "admin: AdminId", k.last_used_at as "last_used_at!: MaybeTime",
                cardinality(k.networks) = 0 or $3::text::inet <<= any(k.networks::inet[]) as "from_here!"
            from api_keys k join admins a on a.id = k.created_by
            where k.key_sha256 = $1 and a.active and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
            "#,
            *key as _,
            Time(now) as _,
            from.to_canonical().to_string()
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql(OPERATION))?;
        let Some(row) = row else { return Ok(None) };
        if !row.from_here {
            return Ok(Some(KeyUse::FromElsewhere));
        }

        let used_at: Option<Timestamp> = row.last_used_at.into();
        if used_at.is_none_or(|used_at| now.duration_since(used_at) >= TOUCH_EVERY) {
            sqlx::query!("update api_keys set last_used_at = $2 where id = $1", row.id as _, Time(now) as _)
                .execute(&self.pool)
                .await
                .map_err(Error::sql(OPERATION))?;
        }
        Ok(Some(KeyUse::By(Principal::new(row.admin, Credential::Key(row.id)))))
    }
}

impl InstanceStore {
    /// Everybody's keys, oldest first, revoked ones included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_keys(&self, page: Page) -> Result<Listed<ApiKey>> {
        list(&self.pool, None, None, page).await
    }

    /// Anybody's key.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        find(&self.pool, (None, None), id).await
    }

    /// Revokes anybody's key; on every node at once. `None`: there is no such key.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn revoke_api_key(&self, id: ApiKeyId, expected: Option<&Revision>, now: Timestamp) -> Result<Option<ApiKey>> {
        revoke(&self.pool, &self.actor, (None, None), id, expected, now).await
    }
}

impl AppStore {
    /// The keys bound to the app, whoever made them, oldest first, revoked ones included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_keys(&self, page: Page) -> Result<Listed<ApiKey>> {
        list(&self.pool, None, Some(self.app), page).await
    }

    /// A key bound to the app.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        find(&self.pool, (None, Some(self.app)), id).await
    }

    /// Revokes a key bound to the app; on every node at once. `None`: there is no such key.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn revoke_api_key(&self, id: ApiKeyId, expected: Option<&Revision>, now: Timestamp) -> Result<Option<ApiKey>> {
        revoke(&self.pool, &self.actor, (None, Some(self.app)), id, expected, now).await
    }
}

/// Keys made by `maker`, or by anybody; bound to `app`, or to whatever.
pub(super) async fn list(pool: &PgPool, maker: Option<AdminId>, app: Option<AppId>, page: Page) -> Result<Listed<ApiKey>> {
    let rows = sqlx::query_as!(
        ApiKey,
        r#"
        select id as "id: ApiKeyId", name, prefix, last4, scopes, app_id as "app: AppId", networks::text[] as "networks!",
            created_by as "created_by: AdminId", created_at as "created_at: Time",
        expires_at as "expires_at!: MaybeTime", last_used_at as "last_used_at!: MaybeTime", revoked_at as "revoked_at!: MaybeTime"
        from api_keys where ($1::uuid is null or created_by = $1) and ($2::uuid is null or app_id = $2) and id > $3
        order by id limit $4
        "#,
        maker as _,
        app as _,
        page.above(),
        page.fetch()
    )
    .fetch_all(pool)
    .await
    .map_err(Error::sql("list API keys"))?;
    Ok(page.cut(rows, |key| key.id.uuid()))
}

pub(super) async fn insert(pool: &PgPool, maker: &Principal, key: &NewApiKey) -> Result<ApiKey> {
    const OPERATION: &str = "create API key";
    let mut transaction = pool.begin().await.map_err(Error::sql(OPERATION))?;
    let made = sqlx::query_as!(
        ApiKey,
        r#"
        insert into api_keys (id, key_sha256, name, prefix, last4, scopes, app_id, created_by, created_at, expires_at, networks)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text[]::cidr[])
        returning id as "id: ApiKeyId", name, prefix, last4, scopes, app_id as "app: AppId", networks::text[] as "networks!",
            created_by as "created_by: AdminId", created_at as "created_at: Time",
        expires_at as "expires_at!: MaybeTime", last_used_at as "last_used_at!: MaybeTime", revoked_at as "revoked_at!: MaybeTime"
        "#,
        ApiKeyId::new(key.now) as _,
        key.key as _,
        key.name,
        key.prefix,
        key.last4,
        &key.scopes,
        key.app as _,
        maker.admin as _,
        Time(key.now) as _,
        key.expires_at.map(Time) as _,
        &key.networks
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(|error| match key.app {
        Some(app) if violates(&error, "api_keys_app_fkey") => Error::Missing { what: Thing::App, name: app.to_string() },
        _ => Error::sql(OPERATION)(error),
    })?;
    let details = json!({ "target": made.id, "name": made.name, "scopes": made.scopes, "prefix": made.prefix, "last4": made.last4,
        "networks": made.networks, "expires_at": made.expires_at });
    Watched::new(Subject::ApiKey(made.id)).record(&mut transaction, maker, made.app, "api_key.created", details, key.now).await?;
    transaction.commit().await.map_err(Error::sql(OPERATION))?;
    Ok(made)
}

/// Whose keys: made by this one, or anybody; bound to this app, or whatever.
pub(super) type Whose = (Option<AdminId>, Option<AppId>);

pub(super) async fn find(connection: impl PgExecutor<'_>, (maker, app): Whose, id: ApiKeyId) -> Result<Option<ApiKey>> {
    sqlx::query_as!(
        ApiKey,
        r#"
        select id as "id: ApiKeyId", name, prefix, last4, scopes, app_id as "app: AppId", networks::text[] as "networks!",
            created_by as "created_by: AdminId", created_at as "created_at: Time",
        expires_at as "expires_at!: MaybeTime", last_used_at as "last_used_at!: MaybeTime", revoked_at as "revoked_at!: MaybeTime"
        from api_keys where id = $1 and ($2::uuid is null or created_by = $2) and ($3::uuid is null or app_id = $3)
        "#,
        id as _,
        maker as _,
        app as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("get API key"))
}

/// Revokes all keys of somebody. Returns how many.
pub(super) async fn revoke_all(connection: &mut PgConnection, maker: AdminId, now: Timestamp) -> Result<u64> {
    const OPERATION: &str = "revoke API keys";
    let revoked =
        sqlx::query!("update api_keys set revoked_at = $2 where created_by = $1 and revoked_at is null", maker as _, Time(now) as _)
            .execute(&mut *connection)
            .await
            .map_err(Error::sql(OPERATION))?;
    notify_revoked(connection, Revoked::Admin(maker)).await.map_err(Error::sql(OPERATION))?;
    Ok(revoked.rows_affected())
}

/// Revokes a key; a second time changes nothing.
pub(super) async fn revoke(
    pool: &PgPool,
    actor: &Principal,
    whose: Whose,
    id: ApiKeyId,
    expected: Option<&Revision>,
    now: Timestamp,
) -> Result<Option<ApiKey>> {
    const OPERATION: &str = "revoke API key";
    let mut transaction = pool.begin().await.map_err(Error::sql(OPERATION))?;
    sqlx::query!("select from api_keys where id = $1 for update", id as _)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
    let Some(before) = find(&mut *transaction, whose, id).await? else { return Ok(None) };
    before.revision().check(Thing::ApiKey, expected)?;
    let watched = Watched::before(&mut transaction, Subject::ApiKey(id)).await?;
    let revoked_at = before.revoked_at.unwrap_or(now);
    sqlx::query!("update api_keys set revoked_at = $2 where id = $1", id as _, Time(revoked_at) as _)
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
    notify_revoked(&mut transaction, Revoked::Key(id)).await.map_err(Error::sql(OPERATION))?;
    let details = json!({ "target": id, "name": before.name, "maker": before.created_by });
    watched.record(&mut transaction, actor, before.app, "api_key.revoked", details, now).await?;
    transaction.commit().await.map_err(Error::sql(OPERATION))?;
    Ok(Some(ApiKey { revoked_at: Some(revoked_at), ..before }))
}
