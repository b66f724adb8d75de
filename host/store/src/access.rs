//! Who acts, what he may claim, and the one place where a right becomes a handle.

use crate::{AdminId, ApiKeyId, AppId, AppStore, Control, DeploymentId, DomainId, Error, ExecutionId, InstanceStore, RouteId, ScriptId, SessionId};

/// Somebody who proved who he is: made only from a session, an API key or the setting up of the first owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub(crate) admin: AdminId,
    pub(crate) credential: Credential,
}

/// By what the principal proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    Session(SessionId),
    Key(ApiKeyId),
    /// The installation itself, while it makes the first owner.
    Setup,
}

impl Principal {
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
    Execution(ExecutionId),
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
    /// There is no such app, script, route, deployment, domain or execution. If the decision allows even that, the answer is
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
        todo!()
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
        todo!()
    }

    /// The facts about the principal alone, with [`TargetFacts::Instance`]; `None` if the credential is no longer valid. For `GET session`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn whoami(&self, principal: &Principal) -> crate::Result<Option<AccessFacts>> {
        todo!()
    }
}
