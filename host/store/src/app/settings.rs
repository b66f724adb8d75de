//! The app itself: name, limits, end.

use std::collections::BTreeMap;

use execution::GivenLimits;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, types::Json};

use super::AppStore;
use crate::{
    App, AppId, Error, Result, Revision, Thing,
    audit::{Subject, Watched},
    control::apps::AppRow,
    data::{assets, files::write::release_all},
    listen::notify_app,
    stored_limits::StoredLimits,
    time::Time,
};

/// What changes about an app; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct AppUpdate {
    pub name: Option<String>,
    pub limits: Option<LimitsUpdate>,
}

/// What changes about the limits of an app.
#[derive(Debug, Clone)]
pub enum LimitsUpdate {
    /// All of them are the defaults again.
    Defaults,
    /// These change, to a value or, for `None`, to their default; the others stay. The caller checked names and bounds.
    These(BTreeMap<String, Option<u64>>),
}

impl LimitsUpdate {
    /// What the app was given, afterwards.
    fn applied_to(&self, mut given: GivenLimits) -> GivenLimits {
        let Self::These(changes) = self else { return GivenLimits::new() };
        for (name, value) in changes {
            match value {
                Some(value) => given.insert(name.clone(), *value),
                None => given.remove(name),
            };
        }
        given
    }
}

impl AppStore {
    /// The app; `None` if it was deleted since the handle was made.
    ///
    /// # Errors
    /// The database failed.
    pub async fn app(&self) -> Result<Option<App>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("get app"))?;
        self.read(&mut connection).await
    }

    /// Changes the app's name and limits; what `update` does not name stays. Every node hears of it. `None`: the app was deleted.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn update(&self, update: &AppUpdate, expected: Option<&Revision>, now: Timestamp) -> Result<Option<App>> {
        const OPERATION: &str = "update app";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!("select from apps where id = $1 for no key update", self.app as _)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let Some(seen) = self.read(&mut transaction).await? else { return Ok(None) };
        if expected.is_some_and(|expected| *expected != seen.revision) {
            return Err(Error::Changed { what: Thing::App, revision: seen.revision });
        }
        let watched = Watched::before(&mut transaction, Subject::App(self.app)).await?;
        let given = seen.given_limits;
        let given = update.limits.as_ref().map_or_else(|| given.clone(), |change| change.applied_to(given.clone()));
        sqlx::query!(
            "update apps set name = coalesce($2, name), limits = $3 where id = $1",
            self.app as _,
            update.name.as_deref(),
            (!given.is_empty()).then_some(Json(&given)) as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let Some(app) = self.read(&mut transaction).await? else { return Ok(None) };
        let details = json!({ "target": self.app, "name": update.name, "name_before": seen.name, "limits": app.given_limits });
        watched.record(&mut transaction, &self.actor, Some(self.app), "app.updated", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(app))
    }

    /// Deletes the app with everything in it. Executions and logs are unreachable at once and swept by the next maintenance.
    /// Returns whether it was there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete(self, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "delete app";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::App(self.app)).await?;
        let deleted = sqlx::query_scalar!(
            "with gone as (delete from apps where id = $1 returning id, slug)
            insert into app_tombstones (app_id, slug, deleted_at, deleted_by) select id, slug, $2, $3 from gone returning slug",
            self.app as _,
            Time(now) as _,
            self.actor.admin as _
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let Some(slug) = deleted else { return Ok(false) };
        release_all(&mut transaction, self.app, now).await.map_err(Error::sql(OPERATION))?;
        assets::release_all(&mut transaction, self.app, now).await.map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": self.app, "slug": slug });
        watched.record(&mut transaction, &self.actor, Some(self.app), "app.deleted", details, now).await?;
        notify_app(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }

    pub(super) async fn read(&self, connection: &mut PgConnection) -> Result<Option<App>> {
        let row = sqlx::query_as!(
            AppRow,
            r#"
            select a.id as "id: AppId", a.slug, a.name, d.number as "number?", a.limits as "limits: Json<StoredLimits>",
                a.created_at as "created_at: Time"
            from apps a left join deployments d on d.app_id = a.id and d.id = a.active_deployment_id
            where a.id = $1
            "#,
            self.app as _
        )
        .fetch_optional(connection)
        .await
        .map_err(Error::sql("get app"))?;
        Ok(row.map(|row| App::of(row, &self.ceilings)))
    }
}
