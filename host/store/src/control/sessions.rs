//! Logged-in browsers.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Control;
use crate::{
    AdminId, Digest, Error, Origin, Principal, Result, Revoked, SessionId,
    access::Credential,
    audit::{Subject, Watched},
    listen::notify_revoked,
    time::Time,
};

/// "Last seen" and "last used" are kept this coarse, so that reading does not become writing.
pub(super) const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// A session to be made after a password was verified.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub admin: AdminId,
    /// Of the token; the token itself is never stored.
    pub token: Digest,
    pub ip: String,
    pub user_agent: String,
    /// Of the log-in, for the audit log.
    pub request_id: Option<String>,
    pub now: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
}

/// A session as it is listed to its admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub ip: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    /// At most a minute late.
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A session that was found by its token.
#[derive(Debug, Clone)]
pub struct SessionState {
    pub principal: Principal,
    pub expires_at: Timestamp,
}

impl Control {
    /// Makes a session and sweeps those that ended.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_session(&self, session: &NewSession) -> Result<SessionState> {
        const OPERATION: &str = "create session";
        let id = SessionId::new(session.now);
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!("delete from sessions where expires_at <= $1", Time(session.now) as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        sqlx::query!(
            "insert into sessions (token_sha256, id, admin_id, ip, user_agent, created_at, last_seen_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $6, $7)",
            session.token as _,
            id as _,
            session.admin as _,
            session.ip,
            session.user_agent,
            Time(session.now) as _,
            Time(session.expires_at) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let principal = Principal::new(session.admin, Credential::Session(id));
        let origin = Origin { ip: Some(session.ip.clone()), request_id: session.request_id.clone() };
        let details = json!({ "target": id, "user_agent": session.user_agent });
        let actor = principal.clone().from_origin(origin);
        Watched::new(Subject::Session(id)).record(&mut transaction, &actor, None, "session.created", details, session.now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(SessionState { principal, expires_at: session.expires_at })
    }

    /// The session of this token, and notes that it was seen (at most once a minute). `None` if there is none, it ended, it was idle for
    /// longer than `idle`, or its admin is inactive.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session(&self, token: &Digest, now: Timestamp, idle: SignedDuration) -> Result<Option<SessionState>> {
        const OPERATION: &str = "find session";
        let seen_after = now.checked_sub(idle).unwrap_or(Timestamp::UNIX_EPOCH);
        let row = sqlx::query!(
            r#"
            select s.id as "id: SessionId", s.admin_id as "admin: AdminId", s.last_seen_at as "last_seen_at: Time",
                s.expires_at as "expires_at: Time"
            from sessions s join admins a on a.id = s.admin_id
            where s.token_sha256 = $1 and a.active and s.expires_at > $2 and s.last_seen_at > $3
            "#,
            *token as _,
            Time(now) as _,
            Time(seen_after) as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql(OPERATION))?;
        let Some(row) = row else { return Ok(None) };

        if now.duration_since(row.last_seen_at.into()) >= TOUCH_EVERY {
            sqlx::query!("update sessions set last_seen_at = $2 where token_sha256 = $1", *token as _, Time(now) as _)
                .execute(&self.pool)
                .await
                .map_err(Error::sql(OPERATION))?;
        }
        let principal = Principal::new(row.admin, Credential::Session(row.id));
        Ok(Some(SessionState { principal, expires_at: row.expires_at.into() }))
    }

    /// Ends the session of this token in favour of another that its browser gets (rotation). Returns whether there was such a session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_session(&self, token: &Digest) -> Result<bool> {
        const OPERATION: &str = "delete session";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let ended = sqlx::query_scalar!(r#"delete from sessions where token_sha256 = $1 returning id as "id: SessionId""#, *token as _)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        if let Some(id) = ended {
            notify_revoked(&mut transaction, Revoked::Session(id)).await.map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(ended.is_some())
    }
}
