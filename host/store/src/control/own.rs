//! What everybody may do with his own: keys, sessions, password, the list of the apps he sees.

use std::sync::Arc;

use execution::Ceilings;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::{PgConnection, types::Json};

use super::{ApiKey, App, Control, NewApiKey, Session, api_keys, apps::AppRow};
use crate::{
    ApiKeyId, AppId, Digest, Error, Listed, Page, Principal, Result, Revision, Revoked, SessionId,
    audit::{Subject, Watched},
    listen::notify_revoked,
    stored_limits::StoredLimits,
    time::Time,
};

/// A principal's own things.
#[derive(Debug)]
pub struct OwnStore {
    pub(crate) pool: sqlx::PgPool,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) actor: Principal,
}

impl Control {
    /// The principal's own things; needs no right but to be him. What a *key* may do with them is the caller's decision.
    #[must_use]
    pub fn own(&self, principal: &Principal) -> OwnStore {
        OwnStore { pool: self.pool.clone(), ceilings: Arc::clone(&self.ceilings), actor: principal.clone() }
    }
}

impl OwnStore {
    /// The apps that the principal sees, oldest first: all of them for owners and admins, else those he is a member of; with a bound key
    /// that one at most.
    ///
    /// # Errors
    /// The database failed.
    pub async fn apps(&self, page: Page) -> Result<Listed<App>> {
        let rows = sqlx::query_as!(
            AppRow,
            r#"
            select a.id as "id: AppId", a.slug, a.name, d.number as "number?", a.limits as "limits: Json<StoredLimits>",
                a.created_at as "created_at: Time"
            from apps a left join deployments d on d.app_id = a.id and d.id = a.active_deployment_id
            where a.id > $3
                and (exists (select from admins where id = $1 and active and role in ('owner', 'admin'))
                    or exists (select from members m where m.app_id = a.id and m.admin_id = $1))
                and not exists (select from api_keys k where k.id = $2 and k.app_id <> a.id)
            order by a.id limit $4
            "#,
            self.actor.admin as _,
            self.actor.key() as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list apps"))?;
        Ok(page.cut(rows.into_iter().map(|row| App::of(row, &self.ceilings)).collect(), |app| app.id.uuid()))
    }

    /// The principal's keys, oldest first, revoked ones included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_keys(&self, page: Page) -> Result<Listed<ApiKey>> {
        api_keys::list(&self.pool, Some(self.actor.admin), None, page).await
    }

    /// Makes a key in the principal's name.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]: the app it is to be bound to is gone.
    pub async fn create_api_key(&self, key: &NewApiKey) -> Result<ApiKey> {
        api_keys::insert(&self.pool, &self.actor, key).await
    }

    /// One of the principal's keys.
    ///
    /// # Errors
    /// The database failed.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        api_keys::find(&self.pool, (Some(self.actor.admin), None), id).await
    }

    /// Revokes one of the principal's keys; on every node at once. `None`: he has no such key.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn revoke_api_key(&self, id: ApiKeyId, expected: Option<&Revision>, now: Timestamp) -> Result<Option<ApiKey>> {
        api_keys::revoke(&self.pool, &self.actor, (Some(self.actor.admin), None), id, expected, now).await
    }

    /// The principal's sessions that have not ended and were not idle for longer than `idle`, newest first; at most 200.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions(&self, now: Timestamp, idle: SignedDuration) -> Result<Vec<Session>> {
        let seen_after = now.checked_sub(idle).unwrap_or(Timestamp::UNIX_EPOCH);
        sqlx::query_as!(
            Session,
            r#"
            select id as "id: SessionId", ip, user_agent, created_at as "created_at: Time", last_seen_at as "last_seen_at: Time",
                expires_at as "expires_at: Time"
            from sessions where admin_id = $1 and expires_at > $2 and last_seen_at > $3 order by id desc limit 200
            "#,
            self.actor.admin as _,
            Time(now) as _,
            Time(seen_after) as _
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list sessions"))
    }

    /// Ends one of the principal's sessions. Returns whether there was such a session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_session(&self, id: SessionId, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "end session";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::Session(id)).await?;
        let ended = sqlx::query!("delete from sessions where id = $1 and admin_id = $2", id as _, self.actor.admin as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        notify_revoked(&mut transaction, Revoked::Session(id)).await.map_err(Error::sql(OPERATION))?;
        watched.record(&mut transaction, &self.actor, None, "session.ended", json!({ "target": id }), now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }

    /// Ends all the principal's sessions but the one that acts. Returns how many.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_other_sessions(&self, now: Timestamp) -> Result<u64> {
        const OPERATION: &str = "end other sessions";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::Sessions(self.actor.admin)).await?;
        let ended = self.end_others(&mut transaction).await?;
        let details = json!({ "target": self.actor.admin, "sessions": ended });
        watched.record(&mut transaction, &self.actor, None, "sessions.ended", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(ended)
    }

    /// Sets the principal's password (PHC string), ends all his sessions but the one that acts, and gives that one another token.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_password(&self, password_hash: &str, token: &Digest, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "set password";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::Admin(self.actor.admin)).await?;
        sqlx::query!("update admins set password_hash = $2 where id = $1", self.actor.admin as _, password_hash)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        self.end_others(&mut transaction).await?;
        sqlx::query!("update sessions set token_sha256 = $2 where id = $1", self.actor.session() as _, *token as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": self.actor.admin });
        watched.record(&mut transaction, &self.actor, None, "password.changed", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))
    }

    async fn end_others(&self, connection: &mut PgConnection) -> Result<u64> {
        const OPERATION: &str = "end other sessions";
        let ended = sqlx::query!(
            "delete from sessions where admin_id = $1 and id is distinct from $2",
            self.actor.admin as _,
            self.actor.session() as _
        )
        .execute(&mut *connection)
        .await
        .map_err(Error::sql(OPERATION))?;
        notify_revoked(connection, Revoked::Admin(self.actor.admin)).await.map_err(Error::sql(OPERATION))?;
        Ok(ended.rows_affected())
    }
}
