//! Counters of wrong passwords (S-8.3). They are kept here so that neither a restart nor a second node gives guesses away; how many
//! are too many is the caller's decision.

use jiff::{SignedDuration, Timestamp};

use super::Control;
use crate::{AdminId, Digest, Error, Result, time::Time};

/// Networks that are remembered of an admin; the one seen longest ago goes when one more is needed.
const KNOWN_NETWORKS_MAX: i64 = 50;
/// Failures are forgotten after so long without another.
const FAILURES_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Accounts whose failures are kept when the old ones are swept: names that are tried come from outside.
const ACCOUNTS_MAX: i64 = 100_000;

/// Who tries to log in, and from where.
#[derive(Debug, Clone, Copy)]
pub struct LogInAttempt<'a> {
    /// In lower case; whether there is such an admin does not matter.
    pub account: &'a str,
    /// Canonical text of a network; not empty.
    pub network: &'a str,
    pub now: Timestamp,
}

/// The wrong passwords so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogInFailures {
    pub count: u32,
    /// Of the last one, or now if there was none.
    pub last_at: Timestamp,
    /// Whether the account's owner has logged in from this network before.
    pub known: bool,
}

impl Control {
    /// Counts an attempt as failed, before its password is looked at, unless `admit` refuses it. Attempts of one account wait for each
    /// other, on all nodes, so that guesses sent at once count too. A network from which the admin has logged in counts apart.
    ///
    /// # Errors
    /// The database failed. What `admit` refused with is inside.
    pub async fn count_log_in<E>(
        &self,
        attempt: LogInAttempt<'_>,
        admit: impl FnOnce(LogInFailures) -> Result<(), E> + Send,
    ) -> Result<Result<(), E>> {
        const OPERATION: &str = "count log-in";
        let account = Digest::of(attempt.account.as_bytes());
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let row = sqlx::query!(
            r#"
            insert into log_in_failures as f (account_sha256, network, failures, last_at)
            select $1, coalesce(max(k.network), ''), 0, $4
            from known_networks k join admins a on a.id = k.admin_id where a.username = $2 and k.network = $3
            on conflict (account_sha256, network) do update set network = f.network
            returning network, failures, last_at as "last_at: Time"
            "#,
            account as _,
            attempt.account,
            attempt.network,
            Time(attempt.now) as _
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let outcome = admit(LogInFailures {
            count: u32::try_from(row.failures).unwrap_or(0),
            last_at: row.last_at.into(),
            known: !row.network.is_empty(),
        });
        if outcome.is_ok() {
            sqlx::query!(
                "update log_in_failures set failures = least(failures, 1000) + 1, last_at = $3 where account_sha256 = $1 and network = $2",
                account as _,
                row.network,
                Time(attempt.now) as _
            )
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        }
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(outcome)
    }

    /// The password was right: forgets the failures that this network could have caused, and remembers the network.
    ///
    /// # Errors
    /// The database failed.
    pub async fn log_in_succeeded(&self, admin: AdminId, attempt: LogInAttempt<'_>) -> Result<()> {
        const OPERATION: &str = "note log-in";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!(
            "delete from log_in_failures where account_sha256 = $1 and network in ('', $2)",
            Digest::of(attempt.account.as_bytes()) as _,
            attempt.network
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        sqlx::query!(
            "insert into known_networks (admin_id, network, seen_at) values ($1, $2, $3)
            on conflict (admin_id, network) do update set seen_at = excluded.seen_at",
            admin as _,
            attempt.network,
            Time(attempt.now) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        sqlx::query!(
            "delete from known_networks where admin_id = $1 and network in
                (select network from known_networks where admin_id = $1 order by seen_at desc, network offset $2)",
            admin as _,
            KNOWN_NETWORKS_MAX
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))
    }

    /// Forgets failures that are old, and the oldest of too many. Called now and then. Returns how many were forgotten.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep_log_ins(&self, now: Timestamp) -> Result<u64> {
        let kept_from = now.checked_sub(FAILURES_KEPT).unwrap_or(Timestamp::UNIX_EPOCH);
        let swept = sqlx::query!(
            "delete from log_in_failures where last_at < $1
                or last_at < (select last_at from log_in_failures order by last_at desc offset $2 limit 1)",
            Time(kept_from) as _,
            ACCOUNTS_MAX
        )
        .execute(&self.pool)
        .await
        .map_err(Error::sql("sweep log-ins"))?;
        Ok(swept.rows_affected())
    }
}
