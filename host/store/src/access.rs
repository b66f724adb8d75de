//! Who acts, what he may claim, and the one place where a right becomes a handle.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    AdminId, ApiKeyId, AppId, AppStore, Claim, Control, DeploymentId, DomainId, EgressRuleId, Error, ExecutionId, InstanceStore,
    InvitationId, JobId, RouteId, ScriptId, SessionId, TriggerId, time::Time,
};

/// Somebody who proved who he is: made only from a session, an API key or the setting up of the first owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub(crate) admin: AdminId,
    pub(crate) credential: Credential,
    pub(crate) origin: Origin,
    /// What the changes of this request are noted in.
    pub(crate) claim: Option<Claim>,
}

/// Where a request came from, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub ip: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// By what the principal proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    Session(SessionId),
    Key(ApiKeyId),
    /// The installation itself, while it makes the first owner, and whoever has its machine.
    Setup,
}

impl Principal {
    pub(crate) fn new(admin: AdminId, credential: Credential) -> Self {
        Self { admin, credential, origin: Origin::default(), claim: None }
    }

    /// The same, acting by a request from there.
    #[must_use]
    pub fn from_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// The same, carrying out the request that claimed an idempotency key: each change notes it there, or fails if the claim is lost.
    #[must_use]
    pub fn claiming(self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self }
    }

    /// What the principal's idempotency keys belong to: his session or API key.
    pub(crate) fn holder(&self) -> Uuid {
        match self.credential {
            Credential::Session(id) => id.uuid(),
            Credential::Key(id) => id.uuid(),
            Credential::Setup => self.admin.uuid(),
        }
    }

    /// The admin who acts, or whose key does.
    #[must_use]
    pub fn admin(&self) -> AdminId {
        self.admin
    }

    /// The session, if it is a browser.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::Key(_) | Credential::Setup => None,
        }
    }

    /// The key, if it is a program.
    #[must_use]
    pub fn key(&self) -> Option<ApiKeyId> {
        match self.credential {
            Credential::Key(id) => Some(id),
            Credential::Session(_) | Credential::Setup => None,
        }
    }
}

/// What an admin is in the whole instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum InstanceRole {
    Owner,
    Admin,
    Member,
}

/// What a member is in one app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AppRole {
    AppAdmin,
    Editor,
    Viewer,
}

/// Names an app, directly or by something that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppRef {
    Id(AppId),
    Slug(String),
    Script(ScriptId),
    Route(RouteId),
    Deployment(DeploymentId),
    Domain(DomainId),
    EgressRule(EgressRuleId),
    /// A job or a dead letter.
    Job(JobId),
    /// A trigger or schedule of the active deployment.
    Trigger(TriggerId),
    Execution(ExecutionId),
    /// The app that the invitation leads to, if it leads to one.
    Invitation(InvitationId),
    /// The app that the key is bound to, if it is bound to one.
    ApiKey(ApiKeyId),
}

impl AppRef {
    /// The way the API names apps: an id if it reads as one, else a slug.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }
}

/// Everything a decision may look at, as it is in the database now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessFacts {
    pub admin: AdminId,
    pub username: String,
    pub display_name: String,
    /// The admin's role in the instance, now.
    pub instance_role: InstanceRole,
    /// The key that acts; `None` for a browser.
    pub key: Option<KeyFacts>,
    pub target: TargetFacts,
}

/// The narrowing that a key brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    pub id: ApiKeyId,
    pub scopes: Vec<String>,
    /// The only app that the key reaches, or `None` for all that its maker reaches.
    pub app: Option<AppId>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetFacts {
    /// The instance itself.
    Instance,
    /// An app that exists, and the admin's role in it if he is a member.
    App { id: AppId, slug: String, role: Option<AppRole> },
    /// There is no such app, script, route, deployment, domain or execution, or the thing belongs to no app. If the decision allows even that, the answer is
    /// [`AuthorizeError::NoSuchApp`].
    NoApp,
}

/// Why there is no handle.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError<E> {
    /// The caller's decision.
    #[error("refused")]
    Denied(E),
    /// The credential was revoked, or the admin made inactive, since the principal was made.
    #[error("the credential is no longer valid")]
    Revoked,
    /// Allowed, but there is no such app.
    #[error("there is no such app")]
    NoSuchApp,
    #[error("the facts could not be read")]
    Store(#[source] Error),
}

impl Control {
    /// Opens an app: loads the facts, asks `decide`, and only on `Ok` returns the handle. `decide` is pure and is called at most once.
    ///
    /// # Errors
    /// [`AuthorizeError`].
    pub async fn authorize<E>(
        &self,
        principal: &Principal,
        app: &AppRef,
        decide: impl FnOnce(&AccessFacts) -> Result<(), E> + Send,
    ) -> Result<AppStore, AuthorizeError<E>> {
        let facts = self.facts(principal, Some(app)).await.map_err(AuthorizeError::Store)?.ok_or(AuthorizeError::Revoked)?;
        decide(&facts).map_err(AuthorizeError::Denied)?;
        match facts.target {
            TargetFacts::App { id, .. } => Ok(AppStore {
                pool: self.pool.clone(),
                ceilings: Arc::clone(&self.ceilings),
                vault: self.vault.clone(),
                blobs: self.blobs.clone(),
                assets: self.assets.clone(),
                app: id,
                actor: principal.clone(),
            }),
            TargetFacts::NoApp | TargetFacts::Instance => Err(AuthorizeError::NoSuchApp),
        }
    }

    /// Opens the instance: the same for what belongs to no app.
    ///
    /// # Errors
    /// [`AuthorizeError`], without `NoSuchApp`.
    pub async fn authorize_instance<E>(
        &self,
        principal: &Principal,
        decide: impl FnOnce(&AccessFacts) -> Result<(), E> + Send,
    ) -> Result<InstanceStore, AuthorizeError<E>> {
        let facts = self.facts(principal, None).await.map_err(AuthorizeError::Store)?.ok_or(AuthorizeError::Revoked)?;
        decide(&facts).map_err(AuthorizeError::Denied)?;
        Ok(InstanceStore { pool: self.pool.clone(), ceilings: Arc::clone(&self.ceilings), actor: principal.clone() })
    }

    /// The facts about the principal alone, with [`TargetFacts::Instance`]; `None` if the credential is no longer valid. For `GET session`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn whoami(&self, principal: &Principal) -> crate::Result<Option<AccessFacts>> {
        self.facts(principal, None).await
    }

    /// What the principal may claim about `app` (`None`: the instance) as of now; `None` if the credential is no longer valid.
    pub(crate) async fn facts(&self, principal: &Principal, app: Option<&AppRef>) -> crate::Result<Option<AccessFacts>> {
        let app_id = match app {
            Some(app) => self.resolve(app).await?,
            None => None,
        };
        let row = sqlx::query!(
            r#"
            select a.username, a.display_name, a.role as "instance_role: InstanceRole",
                k.scopes as "scopes?", k.app_id as "key_app: AppId",
                p.id as "app_id?: AppId", p.slug as "slug?", m.role as "app_role?: AppRole"
            from admins a
            left join api_keys k on k.id = $2 and k.created_by = a.id and k.revoked_at is null
            left join sessions s on s.id = $3 and s.admin_id = a.id
            left join apps p on p.id = $4
            left join members m on m.app_id = p.id and m.admin_id = a.id
            where a.id = $1 and a.active
                and ($2::uuid is null or k.id is not null)
                and ($3::uuid is null or s.id is not null)
            "#,
            principal.admin as _,
            principal.key() as _,
            principal.session() as _,
            app_id as _,
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::sql("authorize"))?;
        let Some(row) = row else { return Ok(None) };

        let key = principal.key().zip(row.scopes).map(|(id, scopes)| KeyFacts { id, scopes, app: row.key_app });
        let target = match (app, row.app_id, row.slug) {
            (None, _, _) => TargetFacts::Instance,
            (Some(_), Some(id), Some(slug)) => TargetFacts::App { id, slug, role: row.app_role },
            (Some(_), _, _) => TargetFacts::NoApp,
        };
        Ok(Some(AccessFacts {
            admin: principal.admin,
            username: row.username,
            display_name: row.display_name,
            instance_role: row.instance_role,
            key,
            target,
        }))
    }

    /// The app that something belongs to.
    async fn resolve(&self, app: &AppRef) -> crate::Result<Option<AppId>> {
        let pool = &self.pool;
        let found = match app {
            AppRef::Id(id) => return Ok(Some(*id)),
            AppRef::Slug(slug) => {
                sqlx::query_scalar!(r#"select id as "id: AppId" from apps where slug = $1"#, slug).fetch_optional(pool).await
            }
            AppRef::Script(id) => {
                sqlx::query_scalar!(r#"select app_id as "id: AppId" from scripts where id = $1"#, *id as _).fetch_optional(pool).await
            }
            AppRef::Route(id) => {
                sqlx::query_scalar!(r#"select app_id as "id!: AppId" from deployment_all_routes where route_id = $1 limit 1"#, *id as _)
                    .fetch_optional(pool)
                    .await
            }
            AppRef::Deployment(id) => {
                sqlx::query_scalar!(r#"select app_id as "id: AppId" from deployments where id = $1"#, *id as _).fetch_optional(pool).await
            }
            AppRef::Domain(id) => {
                sqlx::query_scalar!(r#"select app_id as "id: AppId" from domains where id = $1"#, *id as _).fetch_optional(pool).await
            }
            AppRef::Job(id) => {
                sqlx::query_scalar!(r#"select app_id as "id: AppId" from jobs where id = $1"#, *id as _).fetch_optional(pool).await
            }
            AppRef::Trigger(id) => {
                sqlx::query_scalar!(r#"select app_id as "id: AppId" from triggers where id = $1"#, *id as _).fetch_optional(pool).await
            }
            AppRef::EgressRule(id) => {
                sqlx::query_scalar!(r#"select app_id as "id: AppId" from egress_rules where id = $1"#, *id as _).fetch_optional(pool).await
            }
            AppRef::Execution(id) => {
                sqlx::query_scalar!(
                    r#"select app_id as "id: AppId" from executions where created_at = $1 and id = $2"#,
                    Time(id.created_at()) as _,
                    *id as _
                )
                .fetch_optional(pool)
                .await
            }
            AppRef::Invitation(id) => {
                sqlx::query_scalar!(r#"select app_id as "id!: AppId" from invitations where id = $1 and app_id is not null"#, *id as _)
                    .fetch_optional(pool)
                    .await
            }
            AppRef::ApiKey(id) => {
                sqlx::query_scalar!(r#"select app_id as "id!: AppId" from api_keys where id = $1 and app_id is not null"#, *id as _)
                    .fetch_optional(pool)
                    .await
            }
        };
        found.map_err(Error::sql("find app"))
    }
}
