//! Following the chains, so many rows at a time.

use std::{fmt, str::FromStr};

use sqlx::PgPool;
use uuid::Uuid;

use super::{AuditEntry, AuditPosition, BEFORE_THE_FIRST, OF_THE_INSTANCE, read::after};
use crate::{AppId, AppStore, Digest, Error, InstanceStore, Result};

/// Rows that are read at once.
const ROWS_AT_ONCE: u16 = 500;

/// Where a chain was followed to, and what it looked like there: whoever kept it need not begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCheckpoint {
    chain: Uuid,
    seq: i64,
    hash: Digest,
}

/// What following the chains has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Chains that were followed.
    pub chains: u64,
    /// Rows that were found in order, over all of them.
    pub rows: u64,
    /// The first row that is not as it was written; `None`: everything is.
    pub broken: Option<AuditFault>,
    /// Where it stopped; `None` if there is nothing to follow.
    pub checkpoint: Option<AuditCheckpoint>,
    /// Whether that is the end. If not, there was no more room for rows: go on from the checkpoint.
    pub complete: bool,
}

impl fmt::Display for AuditCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.chain, self.seq, self.hash)
    }
}

/// A text that is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a checkpoint of the audit log")]
pub struct CheckpointError;

impl FromStr for AuditCheckpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(CheckpointError);
        let (chain, seq, hash) = (part()?, part()?, part()?);
        let seq = seq.parse().ok().filter(|seq: &i64| *seq >= 0).ok_or(CheckpointError)?;
        let hash = hash.parse().map_err(|_| CheckpointError)?;
        Ok(Self { chain: chain.parse().map_err(|_| CheckpointError)?, seq, hash })
    }
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
    /// Follows the app's chain, from its beginning or from a checkpoint in it, over at most `rows_max` rows.
    ///
    /// # Errors
    /// The database failed.
    pub async fn verify_audit(&self, from: Option<AuditCheckpoint>, rows_max: u64) -> Result<AuditVerdict> {
        let from = from.filter(|from| from.chain == self.app.uuid());
        verify(&self.pool, Some(self.app.uuid()), from, rows_max).await
    }
}

impl InstanceStore {
    /// Follows every chain, or that of one app (which may be gone), from the beginning or from a checkpoint, over at most `rows_max` rows.
    ///
    /// # Errors
    /// The database failed.
    pub async fn verify_audit(&self, app: Option<AppId>, from: Option<AuditCheckpoint>, rows_max: u64) -> Result<AuditVerdict> {
        let from = from.filter(|from| app.is_none_or(|app| from.chain == app.uuid()));
        verify(&self.pool, app.map(AppId::uuid), from, rows_max).await
    }
}

/// The end of a chain as it was before its rows were read: what is appended meanwhile is not looked at.
struct End {
    chain: Uuid,
    seq: i64,
    hash: Digest,
}

async fn verify(pool: &PgPool, chain: Option<Uuid>, from: Option<AuditCheckpoint>, rows_max: u64) -> Result<AuditVerdict> {
    let mut verdict = AuditVerdict { chains: 0, rows: 0, broken: None, checkpoint: from, complete: true };
    // The chain of the checkpoint is looked at again: rows may have come since.
    let mut bound = from.map(|from| (from.chain, true));
    while let Some(end) = next_chain(pool, chain, bound).await? {
        bound = Some((end.chain, false));
        verdict.chains += 1;
        let beginning = AuditCheckpoint { chain: end.chain, seq: 0, hash: Digest::from(BEFORE_THE_FIRST) };
        let start = verdict.checkpoint.filter(|at| at.chain == end.chain).unwrap_or(beginning);
        let mut walk = Walk { at: start, rows: 0, rows_max: rows_max - verdict.rows };
        let followed = walk.follow(pool, &end).await?;
        verdict.rows += walk.rows;
        verdict.checkpoint = Some(walk.at);
        match followed {
            Followed::ToItsEnd => {}
            Followed::AsFarAsAllowed => return Ok(AuditVerdict { complete: false, ..verdict }),
            Followed::To(fault) => return Ok(AuditVerdict { broken: Some(fault), ..verdict }),
        }
    }
    Ok(verdict)
}

/// The first chain behind `bound`, or that one itself if it says so. Rows without an end count as a chain whose end says that there are none.
async fn next_chain(pool: &PgPool, chain: Option<Uuid>, bound: Option<(Uuid, bool)>) -> Result<Option<End>> {
    sqlx::query_as!(
        End,
        r#"
        select n.chain as "chain!", coalesce(c.last_seq, 0) as "seq!", coalesce(c.last_hash, $3) as "hash!: Digest"
        from (select least(
            (select app_id from audit_chains where ($1::uuid is null or app_id = $1) and ($2::uuid is null or app_id > $2 or ($4 and app_id = $2))
                order by app_id limit 1),
            (select app_id from audit where ($1::uuid is null or app_id = $1) and ($2::uuid is null or app_id > $2 or ($4 and app_id = $2))
                order by app_id limit 1)) as chain) n
        left join audit_chains c on c.app_id = n.chain
        where n.chain is not null
        "#,
        chain,
        bound.map(|(chain, _)| chain),
        BEFORE_THE_FIRST.as_slice(),
        bound.is_some_and(|(_, itself)| itself)
    )
    .fetch_optional(pool)
    .await
    .map_err(Error::sql("verify audit log"))
}

/// How far a chain was followed.
enum Followed {
    ToItsEnd,
    /// There are more rows than were to be read.
    AsFarAsAllowed,
    To(AuditFault),
}

/// One chain on the way.
struct Walk {
    /// The row that was found to be right last.
    at: AuditCheckpoint,
    rows: u64,
    rows_max: u64,
}

impl Walk {
    async fn follow(&mut self, pool: &PgPool, end: &End) -> Result<Followed> {
        let fault = |seq, why| {
            let app = (end.chain != OF_THE_INSTANCE).then(|| end.chain.into());
            Ok(Followed::To(AuditFault { app, seq, why }))
        };
        loop {
            if self.at.seq > end.seq && end.seq > 0 {
                return fault(end.seq + 1, "this row is missing");
            }
            if self.at.seq == end.seq && end.seq > 0 {
                break;
            }
            let count = u16::try_from(self.rows_max - self.rows).unwrap_or(ROWS_AT_ONCE).min(ROWS_AT_ONCE);
            if count == 0 {
                return Ok(Followed::AsFarAsAllowed);
            }
            let position = AuditPosition { chain: end.chain, seq: self.at.seq };
            let before = self.at.seq;
            let (entries, _) = after(pool, Some(end.chain), position, count).await?;
            for entry in entries.iter().take_while(|entry| end.seq == 0 || entry.content.seq <= end.seq) {
                if let Err(why) = continues(entry, self.at.seq, &self.at.hash) {
                    return fault(self.at.seq + 1, why);
                }
                if end.seq == 0 {
                    return fault(entry.content.seq, "the end of the chain is missing");
                }
                (self.at.seq, self.at.hash) = (entry.content.seq, entry.hash);
                self.rows += 1;
            }
            if self.at.seq == before {
                break;
            }
        }
        match (self.at.seq == end.seq, self.at.hash == end.hash) {
            (true, true) => Ok(Followed::ToItsEnd),
            (true, false) => fault(self.at.seq, "this row is not the one that the chain ended with"),
            (false, _) => fault(self.at.seq + 1, "this row is missing"),
        }
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
