//! What an app's scripts may call. Nothing, but for these rules.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor};

use super::AppStore;
use crate::{
    EgressRuleId, Error, Listed, Page, Result, Revision, Thing,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_app,
    time::Time,
};

/// Rules of one app. All of them are looked through for each call, and held in memory on every node.
pub const EGRESS_RULES_MAX: u64 = 100;

/// A rule, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressRule {
    pub id: EgressRuleId,
    /// A name, `*.` and a name, an address, or `*`; canonical.
    pub host: String,
    /// `None`: 80 and 443.
    pub port: Option<u16>,
    /// `http` or `https`; `None`: both.
    pub scheme: Option<String>,
    pub created_at: Timestamp,
}

/// A rule to be made. The caller has checked it.
#[derive(Debug, Clone)]
pub struct NewEgressRule {
    pub host: String,
    pub port: Option<u16>,
    pub scheme: Option<String>,
    pub now: Timestamp,
}

struct Row {
    id: EgressRuleId,
    host: String,
    port: Option<i32>,
    scheme: Option<String>,
    created_at: Timestamp,
}

impl From<Row> for EgressRule {
    fn from(row: Row) -> Self {
        let Row { id, host, port, scheme, created_at } = row;
        Self { id, host, port: port.and_then(|port| u16::try_from(port).ok()), scheme, created_at }
    }
}

impl EgressRule {
    /// A rule never changes, so this is its identity.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of_row(self)
    }
}

impl AppStore {
    /// The app's rules, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn egress_rules(&self, page: Page) -> Result<Listed<EgressRule>> {
        let rows = sqlx::query_as!(
            Row,
            r#"
            select id as "id: EgressRuleId", host, port, scheme, created_at as "created_at: Time"
            from egress_rules where app_id = $1 and id > $2 order by id limit $3
            "#,
            self.app as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list egress rules"))?;
        Ok(page.cut(rows.into_iter().map(EgressRule::from).collect(), |rule| rule.id.uuid()))
    }

    /// One rule.
    ///
    /// # Errors
    /// The database failed.
    pub async fn egress_rule(&self, id: EgressRuleId) -> Result<Option<EgressRule>> {
        self.find_egress_rule(&self.pool, id).await
    }

    async fn find_egress_rule(&self, connection: impl PgExecutor<'_>, id: EgressRuleId) -> Result<Option<EgressRule>> {
        let row = sqlx::query_as!(
            Row,
            r#"
            select id as "id: EgressRuleId", host, port, scheme, created_at as "created_at: Time"
            from egress_rules where app_id = $1 and id = $2
            "#,
            self.app as _,
            id as _
        )
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("get egress rule"))?;
        Ok(row.map(EgressRule::from))
    }

    /// Allows the app's scripts something. Every node hears of it.
    ///
    /// # Errors
    /// [`Error::Duplicate`]: it is allowed already. [`Error::LimitReached`].
    pub async fn create_egress_rule(&self, rule: &NewEgressRule) -> Result<EgressRule> {
        const OPERATION: &str = "create egress rule";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        self.check_egress_rules(&mut transaction).await?;
        let made = sqlx::query_as!(
            Row,
            r#"
            insert into egress_rules (id, app_id, host, port, scheme, created_at) values ($1, $2, $3, $4, $5, $6)
            returning id as "id: EgressRuleId", host, port, scheme, created_at as "created_at: Time"
            "#,
            EgressRuleId::new(rule.now) as _,
            self.app as _,
            rule.host,
            rule.port.map(i32::from),
            rule.scheme,
            Time(rule.now) as _
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| {
            if violates(&error, "egress_rules_same_key") {
                return Error::Duplicate { what: Thing::EgressRule, name: rule.host.clone() };
            }
            if violates(&error, "egress_rules_app_fkey") {
                return self.gone();
            }
            Error::sql(OPERATION)(error)
        })?;
        let made = EgressRule::from(made);
        let details = json!({ "target": made.id, "host": made.host, "port": made.port, "scheme": made.scheme });
        Watched::new(Subject::EgressRule(made.id))
            .record(&mut transaction, &self.actor, Some(self.app), "egress_rule.created", details, rule.now)
            .await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// Whether there is room for one more. Others that add rules to the app wait until the transaction ends.
    async fn check_egress_rules(&self, connection: &mut PgConnection) -> Result<()> {
        const OPERATION: &str = "count egress rules";
        self.lock_app(&mut *connection, OPERATION).await?;
        let count = sqlx::query_scalar!(r#"select count(*) as "count!" from egress_rules where app_id = $1"#, self.app as _)
            .fetch_one(connection)
            .await
            .map_err(Error::sql(OPERATION))?;
        if u64::try_from(count).unwrap_or(0) < EGRESS_RULES_MAX {
            return Ok(());
        }
        Err(Error::LimitReached { what: "egress rules of this app", max: EGRESS_RULES_MAX, advice: "a wildcard can stand for several" })
    }

    /// Allows it no longer. Every node hears of it. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Changed`]: it is not at `expected`.
    pub async fn delete_egress_rule(&self, id: EgressRuleId, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "delete egress rule";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!("select from egress_rules where app_id = $1 and id = $2 for update", self.app as _, id as _)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let Some(before) = self.find_egress_rule(&mut *transaction, id).await? else { return Ok(false) };
        before.revision().check(Thing::EgressRule, expected)?;
        let watched = Watched::before(&mut transaction, Subject::EgressRule(id)).await?;
        sqlx::query!("delete from egress_rules where app_id = $1 and id = $2", self.app as _, id as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": id, "host": before.host, "port": before.port, "scheme": before.scheme });
        watched.record(&mut transaction, &self.actor, Some(self.app), "egress_rule.deleted", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}
