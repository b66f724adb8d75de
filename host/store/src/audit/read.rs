//! Reading rows.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{AuditContent, AuditEntry, OF_THE_INSTANCE};
use crate::{AdminId, ApiKeyId, AppId, AppStore, Digest, Error, InstanceStore, Listed, Page, Result, time::Time};

/// Which rows are wanted; `None` for all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Exactly this action.
    pub action: Option<String>,
    /// Id or user name (as it was then, in any case) of who acted.
    pub actor: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// Where an export goes on: behind this row, in the order of chains and rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditPosition {
    pub(super) chain: Uuid,
    pub(super) seq: i64,
}

impl AppStore {
    /// What was changed about the app, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit(&self, filter: &AuditFilter, page: Page) -> Result<Listed<AuditEntry>> {
        list(&self.pool, Some(self.app.uuid()), filter, page).await
    }

    /// The next rows of the app's chain, at most `count`, and where to go on; none at its end.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit_after(&self, position: AuditPosition, count: u16) -> Result<(Vec<AuditEntry>, AuditPosition)> {
        after(&self.pool, Some(self.app.uuid()), position, count).await
    }
}

impl InstanceStore {
    /// What was changed anywhere, or about one app (which may be gone), newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit(&self, app: Option<AppId>, filter: &AuditFilter, page: Page) -> Result<Listed<AuditEntry>> {
        list(&self.pool, app.map(AppId::uuid), filter, page).await
    }

    /// The next rows of all chains, or of one app's, at most `count`, and where to go on; none at their end.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit_after(&self, app: Option<AppId>, position: AuditPosition, count: u16) -> Result<(Vec<AuditEntry>, AuditPosition)> {
        after(&self.pool, app.map(AppId::uuid), position, count).await
    }

    /// Whether anything was ever changed about such an app, which may be gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_audit(&self, app: AppId) -> Result<bool> {
        sqlx::query_scalar!(r#"select exists (select from audit_chains where app_id = $1) as "known!""#, app as _)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::sql("look for an audit chain"))
    }
}

async fn list(pool: &PgPool, chain: Option<Uuid>, filter: &AuditFilter, page: Page) -> Result<Listed<AuditEntry>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select app_id, seq, id, at as "at: Time", actor_id as "actor_id: AdminId", actor, key_id as "key_id: ApiKeyId", ip, request_id,
            action, target, details, before_sha256 as "before_sha256: Digest", after_sha256 as "after_sha256: Digest",
            previous_hash as "previous_hash: Digest", hash as "hash: Digest"
        from audit
        where ($1::uuid is null or app_id = $1) and id < $2
            and ($3::text is null or action = $3)
            and ($4::text is null or actor = lower($4) or actor_id::text = lower($4))
            and ($5::timestamptz is null or at >= $5)
            and ($6::timestamptz is null or at < $6)
        order by id desc limit $7
        "#,
        chain,
        page.below(),
        filter.action,
        filter.actor,
        filter.from.map(Time) as _,
        filter.to.map(Time) as _,
        page.fetch()
    )
    .fetch_all(pool)
    .await
    .map_err(Error::sql("list audit log"))?;
    Ok(page.cut(rows.into_iter().map(AuditEntry::from).collect(), |entry: &AuditEntry| entry.content.id))
}

/// In the order of chains and rows, so that whoever reads them can follow the hashes.
pub(super) async fn after(
    pool: &PgPool,
    chain: Option<Uuid>,
    position: AuditPosition,
    count: u16,
) -> Result<(Vec<AuditEntry>, AuditPosition)> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select app_id, seq, id, at as "at: Time", actor_id as "actor_id: AdminId", actor, key_id as "key_id: ApiKeyId", ip, request_id,
            action, target, details, before_sha256 as "before_sha256: Digest", after_sha256 as "after_sha256: Digest",
            previous_hash as "previous_hash: Digest", hash as "hash: Digest"
        from audit
        where ($1::uuid is null or app_id = $1) and (app_id, seq) > ($2, $3)
        order by app_id, seq limit $4
        "#,
        chain,
        position.chain,
        position.seq,
        i64::from(count)
    )
    .fetch_all(pool)
    .await
    .map_err(Error::sql("read audit log"))?;
    let next = rows.last().map_or(position, |row| AuditPosition { chain: row.app_id, seq: row.seq });
    Ok((rows.into_iter().map(AuditEntry::from).collect(), next))
}

struct Row {
    app_id: Uuid,
    seq: i64,
    id: Uuid,
    at: Timestamp,
    actor_id: AdminId,
    actor: String,
    key_id: Option<ApiKeyId>,
    ip: Option<String>,
    request_id: Option<String>,
    action: String,
    target: Option<String>,
    details: Value,
    before_sha256: Option<Digest>,
    after_sha256: Option<Digest>,
    previous_hash: Digest,
    hash: Digest,
}

impl From<Row> for AuditEntry {
    fn from(row: Row) -> Self {
        let content = AuditContent {
            id: row.id,
            app_id: (row.app_id != OF_THE_INSTANCE).then(|| row.app_id.into()),
            seq: row.seq,
            at: row.at,
            actor_id: row.actor_id,
            actor: row.actor,
            key_id: row.key_id,
            ip: row.ip,
            request_id: row.request_id,
            action: row.action,
            target: row.target,
            details: row.details,
            before_sha256: row.before_sha256,
            after_sha256: row.after_sha256,
        };
        Self { content, previous_hash: row.previous_hash, hash: row.hash }
    }
}
