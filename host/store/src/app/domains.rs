//! Claimed host names.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor};

use super::AppStore;
use crate::{
    DomainId, Error, Listed, Page, Result, Revision, Thing,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_app,
    time::{MaybeTime, Time},
};

/// Claims of one app that are not proved. Each is a row and a look-up at its owner's wish, and may name anybody's host.
pub const PENDING_CLAIMS_MAX: u64 = 50;

/// What a claim covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DomainKind {
    /// The host itself.
    Exact,
    /// Every host below it, not the host itself.
    Wildcard,
}

/// Whether the claim was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DomainStatus {
    /// Serves nothing and blocks nobody.
    Pending,
    Verified,
    /// The proof was gone for a week. Serves nothing until it is back.
    Suspended,
    /// Another app proved the host later. Serves nothing; a new look at its own record takes it back.
    Superseded,
}

/// A claimed host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    pub id: DomainId,
    /// Canonical; for a wildcard without the leading `*.`.
    pub host: String,
    pub kind: DomainKind,
    pub status: DomainStatus,
    /// The text that the DNS TXT record must hold.
    pub challenge: String,
    pub created_at: Timestamp,
    /// When it was first proved.
    pub verified_at: Option<Timestamp>,
    /// When the record was last looked for.
    pub checked_at: Option<Timestamp>,
    /// What came of it: a sentence.
    pub check_result: Option<String>,
    /// Since when a proved domain's record is not there.
    pub failing_since: Option<Timestamp>,
    /// When it is looked for again by itself.
    pub next_check_at: Option<Timestamp>,
}

impl Domain {
    /// Its state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of_row(self)
    }
}

/// A claim to be made.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// Canonical; for a wildcard without the leading `*.`.
    pub host: String,
    pub kind: DomainKind,
    /// `Verified` only where claims need no proof (everything on loopback).
    pub status: DomainStatus,
    pub challenge: String,
    pub now: Timestamp,
}

impl AppStore {
    /// The app's claims, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn domains(&self, page: Page) -> Result<Listed<Domain>> {
        let rows = sqlx::query_as!(
            Domain,
            r#"
            select id as "id: DomainId", host, kind as "kind: DomainKind", status as "status: DomainStatus", challenge,
                created_at as "created_at: Time", verified_at as "verified_at!: MaybeTime", checked_at as "checked_at!: MaybeTime",
                check_result, failing_since as "failing_since!: MaybeTime", next_check_at as "next_check_at!: MaybeTime"
            from domains where app_id = $1 and id > $2 order by id limit $3
            "#,
            self.app as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list domains"))?;
        Ok(page.cut(rows, |domain| domain.id.uuid()))
    }

    /// One claim.
    ///
    /// # Errors
    /// The database failed.
    pub async fn domain(&self, id: DomainId) -> Result<Option<Domain>> {
        self.find_domain(&self.pool, id).await
    }

    async fn find_domain(&self, connection: impl PgExecutor<'_>, id: DomainId) -> Result<Option<Domain>> {
        sqlx::query_as!(
            Domain,
            r#"
            select id as "id: DomainId", host, kind as "kind: DomainKind", status as "status: DomainStatus", challenge,
                created_at as "created_at: Time", verified_at as "verified_at!: MaybeTime", checked_at as "checked_at!: MaybeTime",
                check_result, failing_since as "failing_since!: MaybeTime", next_check_at as "next_check_at!: MaybeTime"
            from domains where app_id = $1 and id = $2
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("get domain"))
    }

    /// Claims a host name. Every node hears of it.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: this app claimed it already, or it is to be verified and another app has proved it.
    /// [`crate::Error::LimitReached`]: too many of the app's claims are not proved.
    pub async fn create_domain(&self, domain: &NewDomain) -> Result<Domain> {
        const OPERATION: &str = "create domain";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        if domain.status != DomainStatus::Verified {
            self.check_pending_claims(&mut transaction).await?;
        }
        let verified_at = (domain.status == DomainStatus::Verified).then_some(Time(domain.now));
        let made = sqlx::query_as!(
            Domain,
            r#"
            insert into domains (id, app_id, host, kind, status, challenge, created_at, verified_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
            returning id as "id: DomainId", host, kind as "kind: DomainKind", status as "status: DomainStatus", challenge,
                created_at as "created_at: Time", verified_at as "verified_at!: MaybeTime", checked_at as "checked_at!: MaybeTime",
                check_result, failing_since as "failing_since!: MaybeTime", next_check_at as "next_check_at!: MaybeTime"
            "#,
            DomainId::new(domain.now) as _,
            self.app as _,
            domain.host,
            domain.kind as _,
            domain.status as _,
            domain.challenge,
            Time(domain.now) as _,
            verified_at as _
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| {
            if violates(&error, "domains_claim_key") || violates(&error, "domains_verified_host_key") {
                return Error::Duplicate { what: Thing::Domain, name: domain.host.clone() };
            }
            if violates(&error, "domains_app_fkey") {
                return self.gone();
            }
            Error::sql(OPERATION)(error)
        })?;
        let details = json!({ "target": made.id, "host": made.host, "kind": made.kind, "status": made.status });
        Watched::new(Subject::Domain(made.id))
            .record(&mut transaction, &self.actor, Some(self.app), "domain.claimed", details, domain.now)
            .await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// Whether there is room for one more claim that is not proved. Others that claim for the app wait until the transaction ends.
    async fn check_pending_claims(&self, connection: &mut PgConnection) -> Result<()> {
        const OPERATION: &str = "count claims";
        self.lock_app(&mut *connection, OPERATION).await?;
        let pending =
            sqlx::query_scalar!(r#"select count(*) as "count!" from domains where app_id = $1 and status <> 'verified'"#, self.app as _)
                .fetch_one(connection)
                .await
                .map_err(Error::sql(OPERATION))?;
        if u64::try_from(pending).unwrap_or(0) < PENDING_CLAIMS_MAX {
            return Ok(());
        }
        Err(Error::LimitReached {
            what: "claims of this app that are not proved",
            max: PENDING_CLAIMS_MAX,
            advice: "prove some, or give them up",
        })
    }

    /// Gives a claim up. Every node hears of it. Returns whether it was there.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn delete_domain(&self, id: DomainId, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "delete domain";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!("select from domains where app_id = $1 and id = $2 for update", self.app as _, id as _)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let Some(before) = self.find_domain(&mut *transaction, id).await? else { return Ok(false) };
        before.revision().check(Thing::Domain, expected)?;
        let watched = Watched::before(&mut transaction, Subject::Domain(id)).await?;
        sqlx::query!("delete from domains where app_id = $1 and id = $2", self.app as _, id as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": id, "host": before.host });
        watched.record(&mut transaction, &self.actor, Some(self.app), "domain.released", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}
