//! People who log in.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgExecutor};

use super::{Control, InstanceStore, Keys, api_keys};
use crate::{
    AdminId, Error, InstanceRole, Listed, Page, Principal, Result, Revision, Revoked, Thing,
    access::Credential,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_revoked,
    time::Time,
};

/// A person who logs in. The password's hash is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    pub id: AdminId,
    /// Lower case.
    pub username: String,
    pub display_name: String,
    pub role: InstanceRole,
    /// An inactive admin can't log in and his keys are refused.
    pub active: bool,
    pub created_at: Timestamp,
}

impl Admin {
    /// Of everything that can be changed about him but the password.
    #[must_use]
    pub fn revision(&self) -> Revision {
        let state = format!("{:?} {}", self.role, self.active);
        Revision::of(&[self.display_name.as_bytes(), state.as_bytes()])
    }
}

/// An admin to be made.
#[derive(Debug, Clone)]
pub struct NewAdmin {
    /// Stored in lower case.
    pub username: String,
    pub display_name: String,
    /// PHC string.
    pub password_hash: String,
    pub role: InstanceRole,
    pub now: Timestamp,
}

/// What changes about an admin; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct AdminUpdate {
    pub display_name: Option<String>,
    pub role: Option<InstanceRole>,
    pub active: Option<bool>,
}

/// What a login compares with. Shown to nobody.
#[derive(Clone)]
pub struct LoginFacts {
    pub admin: AdminId,
    /// PHC string.
    pub password_hash: String,
    pub active: bool,
}

impl std::fmt::Debug for LoginFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginFacts").field("admin", &self.admin).field("active", &self.active).finish_non_exhaustive()
    }
}

impl Control {
    /// Active owners; 0 on a new installation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn owners(&self) -> Result<u32> {
        let count = sqlx::query_scalar!(r#"select count(*) as "count!" from admins where role = 'owner' and active"#)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::sql("count owners"))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Makes the first owner if there is no admin at all, and returns him as a principal, so that the installation can make its
    /// first app in his name. `None` if there is an admin already. Two nodes that start at once make one owner. The role is
    /// `owner` whatever `admin.role` says.
    ///
    /// # Errors
    /// The database failed.
    pub async fn create_first_owner(&self, admin: &NewAdmin) -> Result<Option<Principal>> {
        const OPERATION: &str = "create first owner";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        sqlx::query!("lock table admins in share row exclusive mode").execute(&mut *transaction).await.map_err(Error::sql(OPERATION))?;
        let taken = sqlx::query_scalar!(r#"select exists (select from admins) as "taken!""#)
            .fetch_one(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        if taken {
            return Ok(None);
        }
        let owner = NewAdmin { role: InstanceRole::Owner, ..admin.clone() };
        let made = insert(&mut transaction, &owner).await.map_err(Error::sql(OPERATION))?;
        let owner = Principal::new(made.id, Credential::Setup);
        Watched::new(Subject::Admin(made.id)).record(&mut transaction, &owner, None, "admin.created", created(&made), admin.now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(owner))
    }

    /// The admin with this username (in any case), for a login.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_facts(&self, username: &str) -> Result<Option<LoginFacts>> {
        sqlx::query_as!(
            LoginFacts,
            r#"select id as "admin: AdminId", password_hash, active from admins where username = lower($1)"#,
            username
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("find admin"))
    }

    /// Replaces the stored hash after a login with a hash made with other parameters; sessions stay.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rehash(&self, admin: AdminId, password_hash: &str) -> Result<()> {
        sqlx::query!("update admins set password_hash = $2 where id = $1", admin as _, password_hash)
            .execute(&self.pool)
            .await
            .map_err(Error::sql("rehash password"))?;
        Ok(())
    }
}

impl InstanceStore {
    /// All admins, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn admins(&self, page: Page) -> Result<Listed<Admin>> {
        let rows = sqlx::query_as!(
            Admin,
            r#"
            select id as "id: AdminId", username, display_name, role as "role: InstanceRole", active, created_at as "created_at: Time"
            from admins where id > $1 order by id limit $2
            "#,
            page.above(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list admins"))?;
        Ok(page.cut(rows, |admin| admin.id.uuid()))
    }

    /// One admin.
    ///
    /// # Errors
    /// The database failed.
    pub async fn admin(&self, id: AdminId) -> Result<Option<Admin>> {
        find(&self.pool, id).await
    }

    /// Makes an admin.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: the username is taken. [`crate::Error::OwnerOnly`].
    pub async fn create_admin(&self, admin: &NewAdmin) -> Result<Admin> {
        const OPERATION: &str = "create admin";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        if admin.role == InstanceRole::Owner {
            Standing::lock(&mut transaction, self.actor.admin, None).await?.must_be_owner()?;
        }
        let made = insert(&mut transaction, admin).await.map_err(|error| taken(error, admin, OPERATION))?;
        Watched::new(Subject::Admin(made.id))
            .record(&mut transaction, &self.actor, None, "admin.created", created(&made), admin.now)
            .await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// Changes an admin. Another role ends his sessions; to be made inactive ends them and revokes his keys for good; on every node at once.
    /// `None`: there is no such admin.
    ///
    /// # Errors
    /// [`crate::Error::LastOwner`], [`crate::Error::OwnerOnly`]. [`crate::Error::Changed`]: he is not at `expected` any more.
    pub async fn update_admin(
        &self,
        id: AdminId,
        update: &AdminUpdate,
        expected: Option<&Revision>,
        now: Timestamp,
    ) -> Result<Option<Admin>> {
        const OPERATION: &str = "update admin";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let standing = Standing::lock(&mut transaction, self.actor.admin, Some(id)).await?;
        let Some(before) = find(&mut *transaction, id).await? else { return Ok(None) };
        if before.role == InstanceRole::Owner || update.role == Some(InstanceRole::Owner) {
            standing.must_be_owner()?;
        }
        let stays_owner = update.role.is_none_or(|role| role == InstanceRole::Owner) && update.active != Some(false);
        if standing.active_owners == [id] && !stays_owner {
            return Err(Error::LastOwner);
        }
        if expected.is_some_and(|expected| *expected != before.revision()) {
            return Err(Error::Changed { what: Thing::Admin, revision: before.revision() });
        }
        let watched = Watched::before(&mut transaction, Subject::Admin(id)).await?;
        let admin = sqlx::query_as!(
            Admin,
            r#"
            update admins set display_name = coalesce($2, display_name), role = coalesce($3, role), active = coalesce($4, active)
            where id = $1
            returning id as "id: AdminId", username, display_name, role as "role: InstanceRole", active, created_at as "created_at: Time"
            "#,
            id as _,
            update.display_name.as_deref(),
            update.role as _,
            update.active,
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        if admin.role != before.role || !admin.active {
            end_sessions(&mut transaction, id).await?;
        }
        let keys = if admin.active { 0 } else { api_keys::revoke_all(&mut transaction, id, now).await? };
        let details = json!({ "target": id, "display_name": update.display_name, "role": update.role, "active": update.active,
            "keys_revoked": keys });
        watched.record(&mut transaction, &self.actor, None, "admin.updated", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(admin))
    }

    /// Gives an admin another password (PHC string), ends his sessions and, if so wanted, revokes his keys. Returns whether there is such an
    /// admin.
    ///
    /// # Errors
    /// [`crate::Error::OwnerOnly`].
    pub async fn replace_password(&self, id: AdminId, password_hash: &str, keys: Keys, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "replace password";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let standing = Standing::lock(&mut transaction, self.actor.admin, Some(id)).await?;
        let Some(before) = find(&mut *transaction, id).await? else { return Ok(false) };
        if before.role == InstanceRole::Owner {
            standing.must_be_owner()?;
        }
        let watched = Watched::before(&mut transaction, Subject::Admin(id)).await?;
        sqlx::query!("update admins set password_hash = $2 where id = $1", id as _, password_hash)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        end_sessions(&mut transaction, id).await?;
        let keys = keys.replaced(&mut transaction, id, now).await?;
        let details = json!({ "target": id, "keys_revoked": keys });
        watched.record(&mut transaction, &self.actor, None, "admin.password_reset", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}

/// What the audit log says of a new admin.
fn created(admin: &Admin) -> serde_json::Value {
    json!({ "target": admin.id, "username": admin.username, "role": admin.role })
}

/// What the right to a change of an admin depends on, as it stays until the transaction ends.
pub(super) struct Standing {
    /// Of the one who acts, now; `None` if he is not active any more.
    actor: Option<InstanceRole>,
    /// By id.
    active_owners: Vec<AdminId>,
}

impl Standing {
    /// Locks the actor, the target and all active owners, in one order, so that two owners who demote each other end with one of them
    /// refused.
    pub(super) async fn lock(connection: &mut PgConnection, actor: AdminId, target: Option<AdminId>) -> Result<Self> {
        let rows = sqlx::query!(
            r#"
            select id as "id: AdminId", role as "role: InstanceRole", active from admins
            where id = $1 or id = $2 or (role = 'owner' and active) order by id for update
            "#,
            actor as _,
            target as _
        )
        .fetch_all(connection)
        .await
        .map_err(Error::sql("lock admins"))?;
        let active = rows.iter().filter(|row| row.active);
        Ok(Self {
            actor: active.clone().find(|row| row.id == actor).map(|row| row.role),
            active_owners: active.filter(|row| row.role == InstanceRole::Owner).map(|row| row.id).collect(),
        })
    }

    /// Only an owner makes, changes or invites an owner.
    pub(super) fn must_be_owner(&self) -> Result<()> {
        if self.actor == Some(InstanceRole::Owner) { Ok(()) } else { Err(Error::OwnerOnly) }
    }
}

pub(super) async fn find(connection: impl PgExecutor<'_>, id: AdminId) -> Result<Option<Admin>> {
    sqlx::query_as!(
        Admin,
        r#"
        select id as "id: AdminId", username, display_name, role as "role: InstanceRole", active, created_at as "created_at: Time"
        from admins where id = $1
        "#,
        id as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("get admin"))
}

/// On every node, when the transaction commits.
pub(super) async fn end_sessions(connection: &mut PgConnection, admin: AdminId) -> Result<()> {
    const OPERATION: &str = "end sessions";
    sqlx::query!("delete from sessions where admin_id = $1", admin as _).execute(&mut *connection).await.map_err(Error::sql(OPERATION))?;
    notify_revoked(connection, Revoked::Admin(admin)).await.map_err(Error::sql(OPERATION))
}

/// What an insert was refused for.
pub(super) fn taken(error: sqlx::Error, admin: &NewAdmin, operation: &'static str) -> Error {
    if violates(&error, "admins_username_key") {
        return Error::Duplicate { what: Thing::Admin, name: admin.username.to_lowercase() };
    }
    Error::sql(operation)(error)
}

pub(super) async fn insert(connection: &mut PgConnection, admin: &NewAdmin) -> Result<Admin, sqlx::Error> {
    sqlx::query_as!(
        Admin,
        r#"
        insert into admins (id, username, display_name, password_hash, role, created_at) values ($1, lower($2), $3, $4, $5, $6)
        returning id as "id: AdminId", username, display_name, role as "role: InstanceRole", active, created_at as "created_at: Time"
        "#,
        AdminId::new(admin.now) as _,
        admin.username,
        admin.display_name,
        admin.password_hash,
        admin.role as _,
        Time(admin.now) as _
    )
    .fetch_one(connection)
    .await
}
