//! What the look-up of a claim's DNS record has shown, and what follows from it (S-7.2, S-7.3).
//!
//! The look-up itself is the caller's: it takes seconds and holds no transaction.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{AppStore, Domain, DomainKind, DomainStatus};
use crate::{
    AppId, Control, DomainId, Error, Principal, Result, Thing,
    access::Credential,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_app,
    time::{MaybeTime, Time},
};

/// A proved domain is looked at again so often.
const CHECK_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// One whose record was missing is looked at again sooner.
const CHECK_FAILING_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// A proof that is gone for so long suspends the domain.
const SUSPENDED_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A suspended domain is looked at for so long after its proof was last seen.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(37 * 24);
/// A node that died while it looked leaves the domain to others after so long.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// Why a claim counts as proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainEvidence {
    /// Its DNS record was just seen. It wins over an earlier proof by another app.
    Dns,
    /// Nobody but this machine reaches the instance. Wins over nobody.
    NotNeeded,
}

/// A proved domain whose time to be looked at has come. No other node gets it for some minutes.
#[derive(Debug)]
pub struct DueDomain {
    pool: PgPool,
    app: AppId,
    id: DomainId,
    /// Canonical; for a wildcard without the leading `*.`.
    pub host: String,
    kind: DomainKind,
    /// The text that the DNS TXT record must hold.
    pub challenge: String,
    status: DomainStatus,
    failing_since: Option<Timestamp>,
}

impl AppStore {
    /// Marks a claim as proved. Every node hears of it. A claim of another app that was proved by DNS earlier ends, and that app's audit
    /// log says so. `None`: there is no such claim.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: another app has it, and the evidence does not win over that.
    pub async fn verify_domain(&self, id: DomainId, evidence: DomainEvidence, now: Timestamp) -> Result<Option<Domain>> {
        const OPERATION: &str = "verify domain";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        if evidence == DomainEvidence::Dns {
            self.supersede(&mut transaction, id, now).await?;
        }
        let watched = Watched::before(&mut transaction, Subject::Domain(id)).await?;
        let next_check = (evidence == DomainEvidence::Dns).then(|| Time(now + CHECK_EVERY));
        let domain = sqlx::query_as!(
            Domain,
            r#"
            update domains set status = 'verified', verified_at = coalesce(verified_at, $3), checked_at = $3, failing_since = null,
                check_result = case when $4::timestamptz is null then null else 'The record was found.' end, next_check_at = $4
            where app_id = $1 and id = $2
            returning id as "id: DomainId", host, kind as "kind: DomainKind", status as "status: DomainStatus", challenge,
                created_at as "created_at: Time", verified_at as "verified_at!: MaybeTime", checked_at as "checked_at!: MaybeTime",
                check_result, failing_since as "failing_since!: MaybeTime", next_check_at as "next_check_at!: MaybeTime"
            "#,
            self.app as _,
            id as _,
            Time(now) as _,
            next_check as _
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|error| {
            if violates(&error, "domains_verified_host_key") {
                return Error::Duplicate { what: Thing::Domain, name: id.to_string() };
            }
            Error::sql(OPERATION)(error)
        })?;
        let Some(domain) = domain else { return Ok(None) };
        let details = json!({ "target": id, "host": domain.host, "kind": domain.kind });
        watched.record(&mut transaction, &self.actor, Some(self.app), "domain.verified", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(domain))
    }

    /// Notes a look-up that did not find the record; the claim stays what it is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_domain_check(&self, id: DomainId, result: &str, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update domains set checked_at = $3, check_result = $4 where app_id = $1 and id = $2",
            self.app as _,
            id as _,
            Time(now) as _,
            result
        )
        .execute(&self.pool)
        .await
        .map_err(Error::sql("note domain check"))?;
        Ok(())
    }

    /// Ends another app's earlier proof of the same host and kind.
    async fn supersede(&self, connection: &mut PgConnection, id: DomainId, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "supersede domain";
        let earlier = sqlx::query!(
            r#"
            select o.app_id as "app: AppId", o.id as "id: DomainId", o.host
            from domains mine join domains o on o.host = mine.host and o.kind = mine.kind and o.app_id <> mine.app_id
            where mine.app_id = $1 and mine.id = $2 and o.status = 'verified' for update of o
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(Error::sql(OPERATION))?;
        let Some(earlier) = earlier else { return Ok(()) };
        let watched = Watched::before(connection, Subject::Domain(earlier.id)).await?;
        sqlx::query!(
            "update domains set status = 'superseded', next_check_at = null, checked_at = $3,
                check_result = 'Another app has proved this host since.' where app_id = $1 and id = $2",
            earlier.app as _,
            earlier.id as _,
            Time(now) as _
        )
        .execute(&mut *connection)
        .await
        .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": earlier.id, "host": earlier.host, "why": "another app has proved this host since" });
        watched.record(&mut *connection, &self.actor, Some(earlier.app), "domain.superseded", details, now).await?;
        notify_app(connection, earlier.app).await.map_err(Error::sql(OPERATION))
    }
}

impl Control {
    /// A proved or suspended domain whose record has to be looked for again; `None` if there is none now. The caller tells it what was seen.
    ///
    /// # Errors
    /// The database failed.
    pub async fn due_domain(&self, now: Timestamp) -> Result<Option<DueDomain>> {
        let row = sqlx::query!(
            r#"
            update domains set next_check_at = $2
            where id = (
                select id from domains where next_check_at <= $1 and status in ('verified', 'suspended')
                order by next_check_at limit 1 for update skip locked
            )
            returning app_id as "app: AppId", id as "id: DomainId", host, kind as "kind: DomainKind", challenge,
                status as "status: DomainStatus", failing_since as "failing_since!: MaybeTime"
            "#,
            Time(now) as _,
            Time(now + LEASE) as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("claim a due domain"))?;
        let due = row.map(|row| DueDomain {
            pool: self.pool.clone(),
            app: row.app,
            id: row.id,
            host: row.host,
            kind: row.kind,
            challenge: row.challenge,
            status: row.status,
            failing_since: row.failing_since.into(),
        });
        Ok(due)
    }
}

impl DueDomain {
    /// The record is there. A suspended domain serves again, unless another app has proved the host meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seen(self, now: Timestamp) -> Result<()> {
        match self.move_to(DomainStatus::Verified, "The record was found.", None, Some(now + CHECK_EVERY), now).await {
            Err(Error::Duplicate { .. }) => {
                self.move_to(DomainStatus::Superseded, "Another app has proved this host since.", None, None, now).await
            }
            other => other,
        }
    }

    /// The record is not there, or nobody could be asked; `why` is a sentence. After seven days the domain is suspended.
    ///
    /// # Errors
    /// The database failed.
    pub async fn missed(self, why: &str, now: Timestamp) -> Result<()> {
        let since = self.failing_since.unwrap_or(now);
        let failing = now.duration_since(since);
        let status = if failing >= SUSPENDED_AFTER { DomainStatus::Suspended } else { self.status };
        let next = (failing < GIVEN_UP_AFTER).then(|| now + CHECK_FAILING_EVERY);
        self.move_to(status, why, Some(since), next, now).await
    }

    async fn move_to(
        &self,
        status: DomainStatus,
        result: &str,
        failing_since: Option<Timestamp>,
        next_check: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        const OPERATION: &str = "note domain check";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::Domain(self.id)).await?;
        // Only if it is still what was looked at: it may have been released, or taken over.
        let moved = sqlx::query!(
            "update domains set status = $4, checked_at = $5, check_result = $6, failing_since = $7, next_check_at = $8
            where app_id = $1 and id = $2 and status = $3",
            self.app as _,
            self.id as _,
            self.status as _,
            status as _,
            Time(now) as _,
            result,
            failing_since.map(Time) as _,
            next_check.map(Time) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(|error| {
            if violates(&error, "domains_verified_host_key") {
                return Error::Duplicate { what: Thing::Domain, name: self.host.clone() };
            }
            Error::sql(OPERATION)(error)
        })?;
        if moved.rows_affected() > 0 && status != self.status {
            let action = match status {
                DomainStatus::Verified => "domain.restored",
                DomainStatus::Suspended => "domain.suspended",
                DomainStatus::Pending | DomainStatus::Superseded => "domain.superseded",
            };
            let details = json!({ "target": self.id, "host": self.host, "kind": self.kind, "why": result });
            let nobody = Principal::new(Uuid::nil().into(), Credential::Setup);
            watched.record(&mut transaction, &nobody, Some(self.app), action, details, now).await?;
            notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))
    }
}
