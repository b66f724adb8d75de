//! Following the chains.

use sqlx::PgPool;
use uuid::Uuid;

use super::{AuditEntry, AuditPosition, BEFORE_THE_FIRST, OF_THE_INSTANCE, read::after};
use crate::{AppId, AppStore, Digest, Error, InstanceStore, Result};

/// Rows that are read at once.
const ROWS_AT_ONCE: u16 = 500;

/// What following the chains has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Chains that were followed.
    pub chains: u64,
    /// Rows that were found in order, over all of them.
    pub rows: u64,
    /// The first row that is not as it was written; `None`: everything is.
    pub broken: Option<AuditFault>,
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFault {
    /// The chain; `None` for the instance's.
    pub app: Option<AppId>,
    /// The row, or the number that is missing.
    pub seq: i64,
    /// One sentence.
    pub why: &'static str,
}

impl AppStore {
    /// Follows the app's chain.
    ///
    /// # Errors
    /// The database failed.
    pub async fn verify_audit(&self) -> Result<AuditVerdict> {
        verify(&self.pool, Some(self.app.uuid())).await
    }
}

impl InstanceStore {
    /// Follows every chain, or that of one app (which may be gone).
    ///
    /// # Errors
    /// The database failed.
    pub async fn verify_audit(&self, app: Option<AppId>) -> Result<AuditVerdict> {
        verify(&self.pool, app.map(AppId::uuid)).await
    }
}

/// The end of a chain as it was before its rows were read: what is appended meanwhile is not looked at.
struct End {
    chain: Uuid,
    seq: i64,
    hash: Digest,
}

async fn verify(pool: &PgPool, chain: Option<Uuid>) -> Result<AuditVerdict> {
    let mut verdict = AuditVerdict { chains: 0, rows: 0, broken: None };
    let mut last = None;
    while let Some(end) = next_chain(pool, chain, last).await? {
        last = Some(end.chain);
        verdict.chains += 1;
        verdict.broken = follow(pool, &end, &mut verdict.rows).await?;
        if verdict.broken.is_some() {
            return Ok(verdict);
        }
    }
    Ok(verdict)
}

/// The first chain behind `last`. Rows without an end count as a chain whose end says that there are none.
async fn next_chain(pool: &PgPool, chain: Option<Uuid>, last: Option<Uuid>) -> Result<Option<End>> {
    sqlx::query_as!(
        End,
        r#"
        select n.chain as "chain!", coalesce(c.last_seq, 0) as "seq!", coalesce(c.last_hash, $3) as "hash!: Digest"
        from (select least(
            (select app_id from audit_chains where ($1::uuid is null or app_id = $1) and ($2::uuid is null or app_id > $2)
                order by app_id limit 1),
            (select app_id from audit where ($1::uuid is null or app_id = $1) and ($2::uuid is null or app_id > $2)
                order by app_id limit 1)) as chain) n
        left join audit_chains c on c.app_id = n.chain
        where n.chain is not null
        "#,
        chain,
        last,
        BEFORE_THE_FIRST.as_slice()
    )
    .fetch_optional(pool)
    .await
    .map_err(Error::sql("verify audit log"))
}

async fn follow(pool: &PgPool, end: &End, rows: &mut u64) -> Result<Option<AuditFault>> {
    let fault = |seq, why| Ok(Some(AuditFault { app: (end.chain != OF_THE_INSTANCE).then(|| end.chain.into()), seq, why }));
    let (mut seq, mut hash) = (0, Digest::from(BEFORE_THE_FIRST));
    let mut position = AuditPosition { chain: end.chain, seq: 0 };
    loop {
        let (entries, next) = after(pool, Some(end.chain), position, ROWS_AT_ONCE).await?;
        position = next;
        for entry in &entries {
            if seq == end.seq && end.seq > 0 {
                break;
            }
            if let Err(why) = continues(entry, seq, &hash) {
                return fault(seq + 1, why);
            }
            if end.seq == 0 {
                return fault(entry.content.seq, "the end of the chain is missing");
            }
            (seq, hash) = (entry.content.seq, entry.hash);
            *rows += 1;
        }
        if entries.is_empty() || seq == end.seq {
            break;
        }
    }
    match (seq == end.seq, hash == end.hash) {
        (true, true) => Ok(None),
        (true, false) => fault(seq, "this row is not the one that the chain ended with"),
        (false, _) => fault(seq + 1, "this row is missing"),
    }
}

/// Whether `entry` is what was written behind the row `seq` with `hash`.
fn continues(entry: &AuditEntry, seq: i64, hash: &Digest) -> Result<(), &'static str> {
    if entry.content.seq != seq + 1 {
        return Err("this row is missing");
    }
    if entry.previous_hash != *hash {
        return Err("this row does not continue the one before it");
    }
    match entry.content.chained(hash) {
        Ok(made) if made == entry.hash => Ok(()),
        _ => Err("the content of this row was changed"),
    }
}
