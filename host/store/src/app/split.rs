//! A share of an app's visitors for another deployment than the active one.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{AppStore, deployments};
use crate::{
    AdminId, AppId, DeploymentId, Error, Result, Revision, Thing,
    audit::{Subject, Watched},
    ids::v7,
    listen::notify_app,
    time::Time,
};

/// The running split of an app, or the last that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Another one for each time it was set.
    pub id: Uuid,
    /// Number of the other deployment.
    pub deployment: u32,
    pub terms: SplitTerms,
    /// The admin who set it; `None` once he is deleted.
    pub started_by: Option<AdminId>,
    pub started_at: Timestamp,
    /// When, and why in one sentence; `None` while it runs.
    pub ended: Option<(Timestamp, String)>,
}

impl Split {
    /// Its state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of_row(self)
    }
}

/// Who gets the other deployment, and when that stops by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitTerms {
    /// Of the visitors, 1 to 99.
    pub percent: u8,
    pub sticky: Sticky,
    /// Stops when more than so many percent (0 to 99) of the last `window_requests` failed; `None`: never.
    pub stop_above: Option<u8>,
    /// 20 to 10,000.
    pub window_requests: u16,
}

/// What keeps a visitor on his side. Who lacks it is told apart by his address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sticky {
    ClientIp,
    /// A cookie of this name.
    Cookie(String),
    /// A header field of this name, in lower case.
    Header(String),
}

/// A text that names nothing to hold on to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write client_ip, cookie:<name> or header:<name>; a name has 1 to 64 letters, digits, - and _")]
pub struct StickyError;

impl FromStr for Sticky {
    type Err = StickyError;

    fn from_str(text: &str) -> Result<Self, StickyError> {
        let is_name =
            |name: &str| (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        match text.split_once(':') {
            None if text == "client_ip" => Ok(Self::ClientIp),
            Some(("cookie", name)) if is_name(name) => Ok(Self::Cookie(name.to_owned())),
            Some(("header", name)) if is_name(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            _ => Err(StickyError),
        }
    }
}

impl fmt::Display for Sticky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIp => f.write_str("client_ip"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

impl AppStore {
    /// The running split, or the last that ended; `None` if there was none, or its deployment is no longer kept.
    ///
    /// # Errors
    /// The database failed.
    pub async fn split(&self) -> Result<Option<Split>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get split"))?;
        get(&mut connection, self.app).await
    }

    /// Gives deployment `number` a share, in place of any split that runs. Every node hears of it. `None`: the app has no such deployment.
    ///
    /// # Errors
    /// [`Error::AlreadyActive`]; [`Error::Changed`]: the split is not at `expected` any more; `Missing` with [`Thing::Deployment`] if the app has no active deployment.
    pub async fn set_split(&self, number: u32, terms: &SplitTerms, expected: Option<&Revision>, now: Timestamp) -> Result<Option<Split>> {
        const OPERATION: &str = "set split";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let active = self.lock(&mut transaction).await?.ok_or_else(|| self.gone())?;
        check(&mut transaction, self.app, expected).await?;
        let Some(other) = deployments::id_of(&mut transaction, self.app, number).await? else { return Ok(None) };
        match active.id {
            None => return Err(Error::Missing { what: Thing::Deployment, name: "that is active".to_owned() }),
            Some(active) if active == other => return Err(Error::AlreadyActive { number }),
            Some(_) => {}
        }
        let watched = Watched::before(&mut transaction, Subject::Split(self.app)).await?;
        sqlx::query!(
            "insert into splits (app_id, id, deployment_id, percent, sticky, stop_above, window_requests, started_by, started_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (app_id) do update set id = excluded.id, deployment_id = excluded.deployment_id, percent = excluded.percent,
                sticky = excluded.sticky, stop_above = excluded.stop_above, window_requests = excluded.window_requests,
                started_by = excluded.started_by, started_at = excluded.started_at, ended_at = null, ended_because = null",
            self.app as _,
            v7(now),
            other as _,
            i16::from(terms.percent),
            terms.sticky.to_string(),
            terms.stop_above.map(i16::from),
            i32::from(terms.window_requests),
            self.actor.admin as _,
            Time(now) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let split = get(&mut transaction, self.app).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": other, "number": number, "percent": terms.percent, "sticky": terms.sticky.to_string(),
            "stop_above": terms.stop_above, "window_requests": terms.window_requests });
        watched.record(&mut transaction, &self.actor, Some(self.app), "split.set", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(split)
    }

    /// Ends the running split: all visitors get the active deployment. Every node hears of it. Returns whether one ran.
    ///
    /// # Errors
    /// [`Error::Changed`]: the split is not at `expected` any more.
    pub async fn end_split(&self, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "end split";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        if self.lock(&mut transaction).await?.is_none() {
            return Ok(false);
        }
        check(&mut transaction, self.app, expected).await?;
        let watched = Watched::before(&mut transaction, Subject::Split(self.app)).await?;
        let ended = end(&mut transaction, self.app, None, "It was ended by hand.", now).await.map_err(Error::sql(OPERATION))?;
        let Some(ended) = ended else { return Ok(false) };
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        watched.record(&mut transaction, &self.actor, Some(self.app), "split.ended", json!({ "target": ended }), now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}

/// Ends the running split of an app, or only this one. Returns the other deployment of what ended. The caller tells the nodes.
pub(crate) async fn end(
    connection: &mut PgConnection,
    app: AppId,
    only: Option<Uuid>,
    because: &str,
    now: Timestamp,
) -> sqlx::Result<Option<DeploymentId>> {
    sqlx::query_scalar!(
        r#"
        update splits set ended_at = $3, ended_because = $4
        where app_id = $1 and ended_at is null and ($2::uuid is null or id = $2) returning deployment_id as "id: DeploymentId"
        "#,
        app as _,
        only,
        Time(now) as _,
        because
    )
    .fetch_optional(connection)
    .await
}

/// Compares the split of an app that is locked with what the caller saw.
async fn check(connection: &mut PgConnection, app: AppId, expected: Option<&Revision>) -> Result<()> {
    let Some(expected) = expected else { return Ok(()) };
    let present = get(connection, app).await?;
    let present = present.map_or_else(|| Revision::parse(Revision::ABSENT), |split| split.revision());
    present.check(Thing::Split, Some(expected))
}

async fn get(connection: &mut PgConnection, app: AppId) -> Result<Option<Split>> {
    let row = sqlx::query!(
        r#"
        select s.id, d.number, s.percent, s.sticky, s.stop_above, s.window_requests, s.started_by as "started_by: AdminId",
            s.started_at as "started_at: Time", s.ended_at as "ended_at: Time", s.ended_because
        from splits s join deployments d on d.app_id = s.app_id and d.id = s.deployment_id where s.app_id = $1
        "#,
        app as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("get split"))?;
    Ok(row.map(|row| Split {
        id: row.id,
        deployment: u32::try_from(row.number).unwrap_or(0),
        terms: terms(row.percent, &row.sticky, row.stop_above, row.window_requests),
        started_by: row.started_by,
        started_at: row.started_at.into(),
        ended: row.ended_at.map(Timestamp::from).zip(row.ended_because),
    }))
}

/// As the columns hold them; what another version may have written there and this one does not know is read as the default.
pub(crate) fn terms(percent: i16, sticky: &str, stop_above: Option<i16>, window_requests: i32) -> SplitTerms {
    SplitTerms {
        percent: u8::try_from(percent).unwrap_or(1),
        sticky: sticky.parse().unwrap_or(Sticky::ClientIp),
        stop_above: stop_above.and_then(|percent| u8::try_from(percent).ok()),
        window_requests: u16::try_from(window_requests).unwrap_or(u16::MAX),
    }
}
