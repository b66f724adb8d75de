//! Invitations: who holds the token may make himself an admin, once. A pending one grants nothing.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{
    Admin, Control, InstanceStore, NewAdmin,
    admins::{self, Standing},
};
use crate::{
    AccessFacts, AdminId, AppId, AppRef, AppRole, AppStore, Digest, Error, InstanceRole, InvitationId, Listed, Origin, Page, Principal,
    Result, Revision, Revoked, Thing,
    access::Credential,
    app::insert_member,
    audit::{Subject, Watched},
    error::violates,
    listen::notify_revoked,
    time::{MaybeTime, Time},
};

/// Invitations of one maker that wait to be accepted ...
pub const PENDING_INVITATIONS_PER_MAKER_MAX: u64 = 100;
/// ... and of all makers together.
pub const PENDING_INVITATIONS_MAX: u64 = 1_000;

/// An invitation without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// For whom or what for.
    pub note: String,
    /// What whoever accepts it becomes in the instance.
    pub role: InstanceRole,
    /// The app whose member he becomes, if any ...
    pub app: Option<AppId>,
    /// ... and what he becomes there.
    pub app_role: Option<AppRole>,
    pub created_by: AdminId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub accepted_by: Option<AdminId>,
    pub revoked_at: Option<Timestamp>,
}

impl Invitation {
    /// Its state, of which its having expired is part.
    #[must_use]
    pub fn revision(&self, now: Timestamp) -> Revision {
        Revision::of_row(&(self, self.expires_at <= now))
    }
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Of the token; the token itself is never stored.
    pub token: Digest,
    pub note: String,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

/// Who accepts.
#[derive(Debug, Clone)]
pub enum Joining {
    /// Somebody new. What he becomes is the invitation's, whatever `role` says here.
    New(NewAdmin),
    /// Somebody who proved by his password that he is this admin: he becomes a member of the app. No invitation changes what a person
    /// is in the instance.
    Known(AdminId),
}

/// An invitation that can be accepted now: pending, and its maker may give what it gives. Made only by [`Control::invitation`].
#[derive(Debug)]
pub struct OpenInvitation {
    pool: PgPool,
    invitation: Invitation,
}

impl Control {
    /// The pending invitation of this token, if `may_give` says that its maker may give it now. The facts are the maker's, about the
    /// invitation's app if it has one. `None`: there is none, it was used or revoked, it has expired, or its maker may not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitation(
        &self,
        token: &Digest,
        now: Timestamp,
        may_give: impl FnOnce(&AccessFacts, &Invitation) -> bool + Send,
    ) -> Result<Option<OpenInvitation>> {
        let found = sqlx::query_as!(
            Invitation,
            r#"
            select id as "id: InvitationId", note, role as "role: InstanceRole", app_id as "app: AppId", app_role as "app_role: AppRole",
                created_by as "created_by: AdminId", created_at as "created_at: Time", expires_at as "expires_at: Time",
                accepted_at as "accepted_at!: MaybeTime", accepted_by as "accepted_by: AdminId", revoked_at as "revoked_at!: MaybeTime"
            from invitations where token_sha256 = $1 and accepted_at is null and revoked_at is null and expires_at > $2
            "#,
            *token as _,
            Time(now) as _
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("find invitation"))?;
        let Some(invitation) = found else { return Ok(None) };
        let maker = Principal::new(invitation.created_by, Credential::Setup);
        let facts = self.facts(&maker, invitation.app.map(AppRef::Id).as_ref()).await?;
        let given = facts.is_some_and(|facts| may_give(&facts, &invitation));
        Ok(given.then(|| OpenInvitation { pool: self.pool.clone(), invitation }))
    }
}

impl OpenInvitation {
    /// What is accepted.
    #[must_use]
    pub fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// Accepts: the new admin, his membership and the end of the invitation are one change. `None`: somebody was faster, or it was revoked
    /// or expired meanwhile.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: the username is taken, or the known admin is a member already. [`crate::Error::Missing`]: there is
    /// nothing in the invitation for an admin who is known.
    pub async fn accept(self, joining: &Joining, origin: Origin, now: Timestamp) -> Result<Option<Admin>> {
        const OPERATION: &str = "accept invitation";
        let invitation = &self.invitation;
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let still_open = sqlx::query!(
            "select from invitations where id = $1 and accepted_at is null and revoked_at is null and expires_at > $2 for update",
            invitation.id as _,
            Time(now) as _
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        if still_open.is_none() {
            return Ok(None);
        }
        let watched = Watched::before(&mut transaction, Subject::Invitation(invitation.id)).await?;
        let admin = match joining {
            Joining::New(admin) => {
                let admin = NewAdmin { role: invitation.role, ..admin.clone() };
                admins::insert(&mut transaction, &admin).await.map_err(|error| admins::taken(error, &admin, OPERATION))?
            }
            Joining::Known(id) => {
                let gives = invitation.app.is_some() && invitation.role == InstanceRole::Member;
                let known = admins::find(&mut *transaction, *id).await?.filter(|admin| admin.active && gives);
                known.ok_or_else(|| Error::Missing { what: Thing::App, name: invitation.note.clone() })?
            }
        };
        if let Some((app, role)) = invitation.app.zip(invitation.app_role) {
            insert_member(&mut *transaction, app, admin.id, role, now).await.map_err(|error| {
                if violates(&error, "members_pkey") {
                    return Error::Duplicate { what: Thing::Member, name: admin.username.clone() };
                }
                Error::sql(OPERATION)(error)
            })?;
            notify_revoked(&mut transaction, Revoked::Admin(admin.id)).await.map_err(Error::sql(OPERATION))?;
        }
        sqlx::query!(
            "update invitations set accepted_at = $2, accepted_by = $3 where id = $1",
            invitation.id as _,
            Time(now) as _,
            admin.id as _
        )
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let actor = Principal::new(admin.id, Credential::Setup).from_origin(origin);
        watched.record(&mut transaction, &actor, invitation.app, "invitation.accepted", described(invitation), now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(Some(admin))
    }
}

impl InstanceStore {
    /// All invitations, oldest first, those that ended included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitations(&self, page: Page) -> Result<Listed<Invitation>> {
        list(&self.pool, None, page).await
    }

    /// Invites somebody to the instance, and to an app whose store shows the right to do so.
    ///
    /// # Errors
    /// [`crate::Error::OwnerOnly`]. [`crate::Error::Missing`]: the app is gone. [`crate::Error::LimitReached`]: too many are pending.
    pub async fn create_invitation(
        &self,
        new: &NewInvitation,
        role: InstanceRole,
        member: Option<(&AppStore, AppRole)>,
    ) -> Result<Invitation> {
        const OPERATION: &str = "create invitation";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        if role == InstanceRole::Owner {
            Standing::lock(&mut transaction, self.actor.admin, None).await?.must_be_owner()?;
        }
        let member = member.map(|(app, role)| (app.app_id(), role));
        let made = insert(&mut transaction, self.actor.admin, new, role, member).await?;
        Watched::new(Subject::Invitation(made.id))
            .record(&mut transaction, &self.actor, made.app, "invitation.created", described(&made), new.now)
            .await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// Any invitation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>> {
        find(&self.pool, None, id).await
    }

    /// Revokes any invitation that was not accepted. Returns whether there was one.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn revoke_invitation(&self, id: InvitationId, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        revoke(&self.pool, &self.actor, None, id, expected, now).await
    }
}

impl AppStore {
    /// Invitations to the app, oldest first, those that ended included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitations(&self, page: Page) -> Result<Listed<Invitation>> {
        list(&self.pool, Some(self.app), page).await
    }

    /// Invites somebody to this app; in the instance he becomes a plain `member`.
    ///
    /// # Errors
    /// [`crate::Error::Missing`]: the app is gone. [`crate::Error::LimitReached`]: too many are pending.
    pub async fn create_invitation(&self, new: &NewInvitation, role: AppRole) -> Result<Invitation> {
        const OPERATION: &str = "create invitation";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let made = insert(&mut transaction, self.actor.admin, new, InstanceRole::Member, Some((self.app, role))).await?;
        Watched::new(Subject::Invitation(made.id))
            .record(&mut transaction, &self.actor, made.app, "invitation.created", described(&made), new.now)
            .await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(made)
    }

    /// One invitation to the app.
    ///
    /// # Errors
    /// The database failed.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>> {
        find(&self.pool, Some(self.app), id).await
    }

    /// Revokes an invitation to the app that was not accepted. Returns whether there was one.
    ///
    /// # Errors
    /// [`crate::Error::Changed`]: it is not at `expected` any more.
    pub async fn revoke_invitation(&self, id: InvitationId, expected: Option<&Revision>, now: Timestamp) -> Result<bool> {
        revoke(&self.pool, &self.actor, Some(self.app), id, expected, now).await
    }
}

/// Invitations to one app, or all.
async fn list(pool: &PgPool, app: Option<AppId>, page: Page) -> Result<Listed<Invitation>> {
    let rows = sqlx::query_as!(
        Invitation,
        r#"
        select id as "id: InvitationId", note, role as "role: InstanceRole", app_id as "app: AppId", app_role as "app_role: AppRole",
            created_by as "created_by: AdminId", created_at as "created_at: Time", expires_at as "expires_at: Time",
            accepted_at as "accepted_at!: MaybeTime", accepted_by as "accepted_by: AdminId", revoked_at as "revoked_at!: MaybeTime"
        from invitations where ($1::uuid is null or app_id = $1) and id > $2 order by id limit $3
        "#,
        app as _,
        page.above(),
        page.fetch()
    )
    .fetch_all(pool)
    .await
    .map_err(Error::sql("list invitations"))?;
    Ok(page.cut(rows, |invitation| invitation.id.uuid()))
}

/// Whether there is room for one more. Others that invite wait until the transaction ends.
async fn check_pending(connection: &mut PgConnection, maker: AdminId, now: Timestamp) -> Result<()> {
    const OPERATION: &str = "count invitations";
    sqlx::query!("lock table invitations in share row exclusive mode").execute(&mut *connection).await.map_err(Error::sql(OPERATION))?;
    let pending = sqlx::query!(
        r#"
        select count(*) as "all!", count(*) filter (where created_by = $1) as "of_maker!"
        from invitations where accepted_at is null and revoked_at is null and expires_at > $2
        "#,
        maker as _,
        Time(now) as _
    )
    .fetch_one(connection)
    .await
    .map_err(Error::sql(OPERATION))?;
    let reached = |pending: i64, max: u64| u64::try_from(pending).unwrap_or(0) >= max;
    let advice = "revoke some, or wait until they expire";
    if reached(pending.of_maker, PENDING_INVITATIONS_PER_MAKER_MAX) {
        return Err(Error::LimitReached { what: "invitations of yours that are pending", max: PENDING_INVITATIONS_PER_MAKER_MAX, advice });
    }
    if reached(pending.all, PENDING_INVITATIONS_MAX) {
        return Err(Error::LimitReached { what: "invitations that are pending", max: PENDING_INVITATIONS_MAX, advice });
    }
    Ok(())
}

async fn insert(
    connection: &mut PgConnection,
    maker: AdminId,
    new: &NewInvitation,
    role: InstanceRole,
    member: Option<(AppId, AppRole)>,
) -> Result<Invitation> {
    check_pending(connection, maker, new.now).await?;
    sqlx::query_as!(
        Invitation,
        r#"
        insert into invitations (id, token_sha256, note, role, app_id, app_role, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        returning id as "id: InvitationId", note, role as "role: InstanceRole", app_id as "app: AppId", app_role as "app_role: AppRole",
            created_by as "created_by: AdminId", created_at as "created_at: Time", expires_at as "expires_at: Time",
            accepted_at as "accepted_at!: MaybeTime", accepted_by as "accepted_by: AdminId", revoked_at as "revoked_at!: MaybeTime"
        "#,
        InvitationId::new(new.now) as _,
        new.token as _,
        new.note,
        role as _,
        member.map(|(app, _)| app) as _,
        member.map(|(_, role)| role) as _,
        maker as _,
        Time(new.now) as _,
        Time(new.expires_at) as _
    )
    .fetch_one(connection)
    .await
    .map_err(|error| match member {
        Some((app, _)) if violates(&error, "invitations_app_fkey") => Error::Missing { what: Thing::App, name: app.to_string() },
        _ => Error::sql("create invitation")(error),
    })
}

async fn find(connection: impl PgExecutor<'_>, app: Option<AppId>, id: InvitationId) -> Result<Option<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"
        select id as "id: InvitationId", note, role as "role: InstanceRole", app_id as "app: AppId", app_role as "app_role: AppRole",
            created_by as "created_by: AdminId", created_at as "created_at: Time", expires_at as "expires_at: Time",
            accepted_at as "accepted_at!: MaybeTime", accepted_by as "accepted_by: AdminId", revoked_at as "revoked_at!: MaybeTime"
        from invitations where id = $1 and ($2::uuid is null or app_id = $2)
        "#,
        id as _,
        app as _
    )
    .fetch_optional(connection)
    .await
    .map_err(Error::sql("get invitation"))
}

/// Of one app, or of all; a second time changes nothing.
async fn revoke(
    pool: &PgPool,
    actor: &Principal,
    app: Option<AppId>,
    id: InvitationId,
    expected: Option<&Revision>,
    now: Timestamp,
) -> Result<bool> {
    const OPERATION: &str = "revoke invitation";
    let mut transaction = pool.begin().await.map_err(Error::sql(OPERATION))?;
    sqlx::query!("select from invitations where id = $1 for update", id as _)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
    let found = find(&mut *transaction, app, id).await?;
    let Some(before) = found.filter(|invitation| invitation.accepted_at.is_none()) else { return Ok(false) };
    before.revision(now).check(Thing::Invitation, expected)?;
    let watched = Watched::before(&mut transaction, Subject::Invitation(id)).await?;
    sqlx::query!("update invitations set revoked_at = coalesce(revoked_at, $2) where id = $1", id as _, Time(now) as _)
        .execute(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
    watched.record(&mut transaction, actor, before.app, "invitation.revoked", json!({ "target": id }), now).await?;
    transaction.commit().await.map_err(Error::sql(OPERATION))?;
    Ok(true)
}

/// What the audit log says of an invitation.
fn described(invitation: &Invitation) -> Value {
    let Invitation { id, note, role, app_role, expires_at, .. } = invitation;
    json!({ "target": id, "note": note, "role": role, "app_role": app_role, "expires_at": expires_at })
}
