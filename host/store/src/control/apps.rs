//! The list of apps and the making of new ones.

use execution::{AllLimits, Ceilings, GivenLimits};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::types::Json;

use super::InstanceStore;
use crate::{
    AppId, Error, Result, Revision, Slug, Thing,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_app,
    stored_limits::StoredLimits,
    time::{MaybeTime, Time},
};

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub slug: String,
    pub name: String,
    /// Number of the deployment that runs; `None` before the first.
    pub deployment: Option<u32>,
    /// What it has: what it was given, or the defaults, within what the instance allows.
    pub limits: AllLimits,
    /// What it was given otherwise than the defaults.
    pub given_limits: GivenLimits,
    pub created_at: Timestamp,
    /// Of slug, name and limits.
    pub revision: Revision,
}

/// An app as it is read.
pub(crate) struct AppRow {
    pub(crate) id: AppId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) number: Option<i32>,
    pub(crate) limits: Option<Json<StoredLimits>>,
    pub(crate) created_at: Timestamp,
}

impl App {
    pub(crate) fn of(row: AppRow, ceilings: &Ceilings) -> Self {
        let StoredLimits(given_limits) = row.limits.map(|Json(limits)| limits).unwrap_or_default();
        let limits_text = format!("{given_limits:?}");
        let revision = Revision::of(&[row.slug.as_bytes(), row.name.as_bytes(), limits_text.as_bytes()]);
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            deployment: row.number.and_then(|number| u32::try_from(number).ok()),
            limits: ceilings.resolve(&given_limits),
            given_limits,
            created_at: row.created_at,
            revision,
        }
    }
}

/// The slug of a deleted app is kept so long for whoever deleted it: visitors still hold its cookies and service workers (S-7.5).
const SLUG_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl InstanceStore {
    /// Makes an app, with the acting admin as its first member (`app_admin`).
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: the slug is taken; [`crate::Error::SlugKept`]: somebody else deleted an app of this slug lately.
    pub async fn create_app(&self, slug: &Slug, name: &str, now: Timestamp) -> Result<App> {
        const OPERATION: &str = "create app";
        let id = AppId::new(now);
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let remembered = sqlx::query_scalar!(
            r#"
            select max(deleted_at) as "deleted_at!: MaybeTime" from app_tombstones
            where slug = $1 and deleted_at > $2 and deleted_by is distinct from $3
            "#,
            slug.as_str(),
            Time(now - SLUG_KEPT) as _,
            self.actor.admin as _
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        if let Some(deleted_at) = Option::<Timestamp>::from(remembered) {
            return Err(Error::SlugKept { slug: slug.to_string(), until: deleted_at + SLUG_KEPT });
        }
        sqlx::query!("insert into apps (id, slug, name, created_at) values ($1, $2, $3, $4)", id as _, slug.as_str(), name, Time(now) as _)
            .execute(&mut *transaction)
            .await
            .map_err(|error| {
                if violates(&error, "apps_slug_key") {
                    return Error::Duplicate { what: Thing::App, name: slug.to_string() };
                }
                Error::sql(OPERATION)(error)
            })?;
        sqlx::query!(
            "insert into members (app_id, admin_id, role, created_at) values ($1, $2, 'app_admin', $3)",
            id as _,
            self.actor.admin as _,
            Time(now) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": id, "slug": slug.as_str(), "name": name });
        Watched::new(Subject::App(id)).record(&mut transaction, &self.actor, Some(id), "app.created", details, now).await?;
        notify_app(&mut transaction, id).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        let row = AppRow { id, slug: slug.to_string(), name: name.to_owned(), number: None, limits: None, created_at: now };
        Ok(App::of(row, &self.ceilings))
    }
}
