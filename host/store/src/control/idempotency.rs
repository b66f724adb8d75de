//! Requests that must not be carried out twice (`Idempotency-Key`).
//!
//! A request claims its key before it is carried out. Whatever it changes is noted in the claim by the transaction of the change
//! ([`note_done`], called for every row of the audit log), so that after a crash the row tells whether the change was made. An attempt
//! that never ended is taken over after [`LEASE`]; the one before it, should it still live, then finds its claim gone and changes nothing.

use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Control;
use crate::{Digest, Error, Principal, Result, ids::v7, time::Time};

/// How long a key is known.
pub const CLAIM_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// An attempt that has not ended after so long never will: longer than the longest execution and its waiting.
const LEASE: SignedDuration = SignedDuration::from_secs(180);
/// Keys of one admin, over all his sessions and API keys.
pub const CLAIMS_PER_ADMIN_MAX: i64 = 5_000;
/// Bytes of sealed answers of one admin. What is beyond is not kept.
const ANSWER_BYTES_PER_ADMIN_MAX: i64 = 32 * 1024 * 1024;

/// The right to carry a request out. [`Principal::claiming`] makes its changes belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    holder: Uuid,
    key: Digest,
    attempt: Uuid,
}

impl Claim {
    /// Differs for each attempt.
    #[must_use]
    pub fn attempt(&self) -> Uuid {
        self.attempt
    }
}

/// A key, and what it was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Of the key.
    pub key: Digest,
    /// Equal for equal requests.
    pub fingerprint: Digest,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: the request is to be carried out now.
    Ours(Claim),
    /// Another attempt is under way.
    InFlight,
    /// The key came with another request.
    OtherRequest,
    /// It was carried out, by this attempt and with this sealed answer.
    Answered { attempt: Uuid, answer: Vec<u8> },
    /// It was carried out, and its answer is not kept: this was done, and to what.
    Done { action: String, target: Option<String> },
    /// The admin has too many keys; the oldest is forgotten then.
    TooMany { until: Timestamp },
}

impl Control {
    /// Claims a key for one attempt, or says what became of the attempt before.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim(&self, principal: &Principal, request: &KeyedRequest, now: Timestamp) -> Result<Claimed> {
        const OPERATION: &str = "claim idempotency key";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let claim = Claim { holder: principal.holder(), key: request.key, attempt: v7(now) };
        let claimed = attempt(&mut transaction, principal, claim, request, now).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(claimed)
    }

    /// Keeps the sealed answer of a claim; without one, only that it was carried out. An answer that the admin has no room for is not kept.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_answer(&self, claim: &Claim, answer: Option<&[u8]>) -> Result<()> {
        sqlx::query!(
            r#"
            update idempotency_keys k set ended = true, action = coalesce(action, 'answered'), answer = case
                when $4::bytea is null then null
                when octet_length($4) + (select coalesce(sum(octet_length(o.answer)), 0) from idempotency_keys o where o.admin_id = k.admin_id)
                    <= $5 then $4
                end
            where holder_id = $1 and key_sha256 = $2 and attempt_id = $3
            "#,
            claim.holder,
            claim.key as _,
            claim.attempt,
            answer,
            ANSWER_BYTES_PER_ADMIN_MAX
        )
        .execute(&self.pool)
        .await
        .map_err(Error::sql("keep answer"))?;
        Ok(())
    }

    /// Gives a claim up: the key may be sent again, with whatever request. What was done under it stays done, and known.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release(&self, claim: &Claim) -> Result<()> {
        sqlx::query!(
            r#"
            with done as (
                update idempotency_keys set ended = true
                where holder_id = $1 and key_sha256 = $2 and attempt_id = $3 and action is not null
            )
            delete from idempotency_keys where holder_id = $1 and key_sha256 = $2 and attempt_id = $3 and action is null
            "#,
            claim.holder,
            claim.key as _,
            claim.attempt
        )
        .execute(&self.pool)
        .await
        .map_err(Error::sql("release idempotency key"))?;
        Ok(())
    }

    /// Forgets the keys of more than a day ago. Returns how many.
    ///
    /// # Errors
    /// The database failed; the next call goes on.
    pub async fn sweep_claims(&self, now: Timestamp) -> Result<u64> {
        let swept = sqlx::query!("delete from idempotency_keys where claimed_at <= $1", Time(earlier(now, CLAIM_KEPT)) as _)
            .execute(&self.pool)
            .await
            .map_err(Error::sql("sweep idempotency keys"))?;
        Ok(swept.rows_affected())
    }
}

async fn attempt(
    connection: &mut PgConnection,
    principal: &Principal,
    claim: Claim,
    request: &KeyedRequest,
    now: Timestamp,
) -> sqlx::Result<Claimed> {
    // One claim of an admin after the other, so that their number is what it seems.
    sqlx::query!("select from admins where id = $1 for no key update", principal.admin as _).fetch_optional(&mut *connection).await?;
    let known = sqlx::query!(
        r#"
        select fingerprint as "fingerprint: Digest", attempt_id, claimed_at as "claimed_at: Time", action, target, ended, answer
        from idempotency_keys where holder_id = $1 and key_sha256 = $2 and claimed_at > $3 for update
        "#,
        claim.holder,
        claim.key as _,
        Time(earlier(now, CLAIM_KEPT)) as _
    )
    .fetch_optional(&mut *connection)
    .await?;
    match known {
        Some(known) if known.fingerprint != request.fingerprint => return Ok(Claimed::OtherRequest),
        Some(known) if !known.ended && Timestamp::from(known.claimed_at) > earlier(now, LEASE) => return Ok(Claimed::InFlight),
        Some(known) => match (known.action, known.answer) {
            (Some(_), Some(answer)) => return Ok(Claimed::Answered { attempt: known.attempt_id, answer }),
            (Some(action), None) => return Ok(Claimed::Done { action, target: known.target }),
            // The attempt before never ended, and changed nothing: this one takes its place.
            (None, _) => {}
        },
        None => {
            if let Some(until) = full(connection, principal, now).await? {
                return Ok(Claimed::TooMany { until });
            }
        }
    }
    sqlx::query!(
        r#"
        insert into idempotency_keys (holder_id, key_sha256, admin_id, fingerprint, attempt_id, claimed_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (holder_id, key_sha256) do update set fingerprint = excluded.fingerprint, attempt_id = excluded.attempt_id,
            claimed_at = excluded.claimed_at, action = null, target = null, ended = false, answer = null
        "#,
        claim.holder,
        claim.key as _,
        principal.admin as _,
        request.fingerprint as _,
        claim.attempt,
        Time(now) as _
    )
    .execute(connection)
    .await?;
    Ok(Claimed::Ours(claim))
}

/// When the admin has room for one more key, if he has none now.
async fn full(connection: &mut PgConnection, principal: &Principal, now: Timestamp) -> sqlx::Result<Option<Timestamp>> {
    let held = sqlx::query!(
        r#"select count(*) as "count!", min(claimed_at) as "oldest: Time" from idempotency_keys where admin_id = $1 and claimed_at > $2"#,
        principal.admin as _,
        Time(earlier(now, CLAIM_KEPT)) as _
    )
    .fetch_one(connection)
    .await?;
    Ok((held.count >= CLAIMS_PER_ADMIN_MAX).then(|| held.oldest.map_or(now, Timestamp::from) + CLAIM_KEPT))
}

/// Notes, in the transaction of a change, that the request of its maker was carried out. Nothing if that request claimed no key.
///
/// # Errors
/// [`Error::ClaimLost`]: another attempt took the claim over. The change must fail too.
pub(crate) async fn note_done(connection: &mut PgConnection, actor: &Principal, action: &str, target: Option<&str>) -> Result<()> {
    let Some(claim) = &actor.claim else { return Ok(()) };
    let noted = sqlx::query!(
        "update idempotency_keys set action = $4, target = $5 where holder_id = $1 and key_sha256 = $2 and attempt_id = $3",
        claim.holder,
        claim.key as _,
        claim.attempt,
        action,
        target
    )
    .execute(connection)
    .await
    .map_err(Error::sql("note idempotency key"))?;
    if noted.rows_affected() == 0 { Err(Error::ClaimLost) } else { Ok(()) }
}

fn earlier(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::UNIX_EPOCH)
}
