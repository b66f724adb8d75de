//! Who works on the app.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor};

use super::AppStore;
use crate::{
    AdminId, AppId, AppRole, Error, Listed, Page, Result, Revision, Revoked, Thing,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_revoked,
    time::Time,
};

/// An admin's role in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub admin: AdminId,
    pub username: String,
    pub display_name: String,
    pub role: AppRole,
    pub created_at: Timestamp,
}

impl Member {
    /// His state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of_row(self)
    }
}

/// Names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    Id(AdminId),
    /// In any case.
    Username(String),
}

impl AppStore {
    /// The app's members, by admin id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn members(&self, page: Page) -> Result<Listed<Member>> {
        let rows = sqlx::query_as!(
            Member,
            r#"
            select m.admin_id as "admin: AdminId", a.username, a.display_name, m.role as "role: AppRole", m.created_at as "created_at: Time"
            from members m join admins a on a.id = m.admin_id
            where m.app_id = $1 and m.admin_id > $2 order by m.admin_id limit $3
            "#,
            self.app as _,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list members"))?;
        Ok(page.cut(rows, |member| member.admin.uuid()))
    }

    /// One member.
    ///
    /// # Errors
    /// The database failed.
    pub async fn member(&self, admin: AdminId) -> Result<Option<Member>> {
        find(&self.pool, self.app, admin).await
    }

    /// Gives somebody who has none a role in the app.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]: there is no such person. [`crate::Error::Duplicate`]: he is a member already.
    pub async fn add_member(&self, person: &Person, role: AppRole, now: Timestamp) -> Result<Member> {
        const OPERATION: &str = "add member";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let (id, username) = match person {
            Person::Id(id) => (Some(*id), None),
            Person::Username(username) => (None, Some(username.as_str())),
        };
        let admin =
            sqlx::query_scalar!(r#"select id as "id: AdminId" from admins where id = $1 or username = lower($2)"#, id as _, username)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(Error::sql(OPERATION))?;
        let named = || id.map_or_else(|| username.unwrap_or_default().to_owned(), |id| id.to_string());
        let admin = admin.ok_or_else(|| Error::Missing { what: Thing::Admin, name: named() })?;
        insert(&mut *transaction, self.app, admin, role, now).await.map_err(|error| {
            if violates(&error, "members_pkey") {
                return Error::Duplicate { what: Thing::Member, name: named() };
            }
            Error::sql(OPERATION)(error)
        })?;
        let member = find(&mut *transaction, self.app, admin).await?;
        let member = member.ok_or_else(|| Error::Missing { what: Thing::Admin, name: named() })?;
        let details = json!({ "target": admin, "username": member.username, "role": role });
        Watched::new(Subject::Member(self.app, admin))
            .record(&mut transaction, &self.actor, Some(self.app), "member.added", details, now)
            .await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(member)
    }

    /// Gives a member another role, from his next request on. `None`: he is no member.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: he is not at `expected` any more.
    pub async fn change_member(
        &self,
        admin: AdminId,
        role: AppRole,
        expected: Option<&Revision>,
        now: Timestamp,
    ) -> Result<Option<Member>> {
        const OPERATION: &str = "change member";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(before) = locked(&mut transaction, self.app, admin).await? else { return Ok(None) };
        before.revision().check(Thing::Member, expected)?;
        let watched = Watched::before(&mut transaction, Subject::Member(self.app, admin)).await?;
        sqlx::query!("update members set role = $3 where app_id = $1 and admin_id = $2", self.app as _, admin as _, role as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        notify_revoked(&mut transaction, Revoked::Admin(admin)).await.map_err(Error::sql(OPERATION))?;
        let details = json!({ "target": admin, "username": before.username, "role": role, "role_before": before.role });
        watched.record(&mut transaction, &self.actor, Some(self.app), "member.changed", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(Member { role, ..before }))
    }

    /// Takes a member's role away, from his next request on. Returns whether he had one.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: he is not at `expected` any more.
    pub async fn remove_member(&self, admin: AdminId, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "remove member";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let Some(before) = locked(&mut transaction, self.app, admin).await? else { return Ok(false) };
        before.revision().check(Thing::Member, expected)?;
        let watched = Watched::before(&mut transaction, Subject::Member(self.app, admin)).await?;
        sqlx::query!("delete from members where app_id = $1 and admin_id = $2", self.app as _, admin as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        notify_revoked(&mut transaction, Revoked::Admin(admin)).await.map_err(Error::sql(OPERATION))?;
        watched.record(&mut transaction, &self.actor, Some(self.app), "member.removed", json!({ "target": admin }), now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}

pub(crate) async fn insert(
    connection: impl PgExecutor<'_>,
    app: AppId,
    admin: AdminId,
    role: AppRole,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into members (app_id, admin_id, role, created_at) values ($1, $2, $3, $4)",
        app as _,
        admin as _,
        role as _,
        Time(now) as _
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The member as he is until the end of the transaction.
async fn locked(connection: &mut PgConnection, app: AppId, admin: AdminId) -> Result<Option<Member>> {
    sqlx::query!("select from members where app_id = $1 and admin_id = $2 for update", app as _, admin as _)
        .fetch_optional(&mut *connection)
        .await
        .map_err(Error::sql("lock member"))?;
    find(connection, app, admin).await
}

async fn find(connection: impl PgExecutor<'_>, app: AppId, admin: AdminId) -> Result<Option<Member>> {
    sqlx::query_as!(
        Member,
        r#"
        select m.admin_id as "admin: AdminId", a.username, a.display_name, m.role as "role: AppRole", m.created_at as "created_at: Time"
        from members m join admins a on a.id = m.admin_id where m.app_id = $1 and m.admin_id = $2
        "#,
        app as _,
        admin as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("get member"))
}
