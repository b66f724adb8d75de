//! Who works on the app.

use jiff::Timestamp;
use serde_json::json;

use super::AppStore;
use crate::{AdminId, AppRole, Error, Listed, Page, Result, Thing, audit::record, error::violates, time::Time};

/// An admin's role in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub admin: AdminId,
    pub username: String,
    pub role: AppRole,
    pub created_at: Timestamp,
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
            select m.admin_id as "admin: AdminId", a.username, m.role as "role: AppRole", m.created_at as "created_at: Time"
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

    /// Gives an admin a role, or another one.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]: there is no such admin.
    pub async fn put_member(&self, admin: AdminId, role: AppRole, now: Timestamp) -> Result<Member> {
        const OPERATION: &str = "put member";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let member = sqlx::query_as!(
            Member,
            r#"
            with put as (
                insert into members (app_id, admin_id, role, created_at) values ($1, $2, $3, $4)
                on conflict (app_id, admin_id) do update set role = excluded.role
                returning admin_id, role, created_at
            )
            select p.admin_id as "admin: AdminId", a.username, p.role as "role: AppRole", p.created_at as "created_at: Time"
            from put p join admins a on a.id = p.admin_id
            "#,
            self.app as _,
            admin as _,
            role as _,
            Time(now) as _
        )
        .fetch_optional(&mut *transaction)
        .await
        .or_else(|error| if violates(&error, "members_admin_fkey") { Ok(None) } else { Err(Error::sql(OPERATION)(error)) })?
        .ok_or_else(|| Error::Missing { what: Thing::Admin, name: admin.to_string() })?;
        let details = json!({ "target": admin, "username": member.username, "role": role });
        record(&mut transaction, &self.actor, Some(self.app), "member.put", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(member)
    }

    /// Takes an admin's role away. Returns whether he had one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove_member(&self, admin: AdminId, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "remove member";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let removed = sqlx::query!("delete from members where app_id = $1 and admin_id = $2", self.app as _, admin as _)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        if removed.rows_affected() == 0 {
            return Ok(false);
        }
        record(&mut transaction, &self.actor, Some(self.app), "member.removed", json!({ "target": admin }), now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}
