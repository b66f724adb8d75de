//! The decision. Its oracle is `docs/permissions.toml`, written by hand; the test runs every combination against it.

use store::{AppRole, InstanceRole};

use super::scope::{Scope, Scopes};

macro_rules! actions {
    ($( $(#[doc = $doc:literal])* $variant:ident = $word:literal, [$($scope:ident),+]; )*) => {
        /// Everything the admin API does, as far as permission is concerned.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $( $(#[doc = $doc])* $variant, )* }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[ $( Self::$variant, )* ];

            /// The key in `docs/permissions.toml`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }

            /// The scopes it takes, all of them.
            #[must_use]
            pub fn scopes(self) -> &'static [Scope] {
                match self { $( Self::$variant => &[$(Scope::$scope),+], )* }
            }
        }
    };
}

actions! {
    /// Create an app.
    AppCreate = "app_create", [InstanceAdmin];
    /// See all people, all invitations and everybody's keys.
    AdminRead = "admin_read", [InstanceAdmin];
    /// Make and change admins, invite to the instance, revoke anybody's keys. What concerns an owner, only an owner may.
    AdminWrite = "admin_write", [InstanceAdmin];
    /// See an app.
    AppRead = "app_read", [ScriptRead];
    /// Rename or delete an app.
    AppWrite = "app_write", [AppAdmin];
    /// See an app's members, invitations to it, and the keys bound to it.
    MemberRead = "member_read", [AppAdmin];
    /// Add, change and remove members, invite to the app, revoke keys bound to it.
    MemberWrite = "member_write", [AppAdmin];
    DomainRead = "domain_read", [ScriptRead];
    DomainWrite = "domain_write", [DomainWrite];
    /// What an app's scripts may call.
    EgressRead = "egress_read", [AppAdmin];
    EgressWrite = "egress_write", [AppAdmin];
    /// The names of secrets: who may not set them need not know them.
    SecretRead = "secret_read", [SecretWrite];
    SecretWrite = "secret_write", [SecretWrite];
    /// Scripts with their sources.
    ScriptRead = "script_read", [ScriptRead];
    ScriptWrite = "script_write", [ScriptWrite];
    /// Run a script by id.
    ScriptExecute = "script_execute", [ScriptExecute];
    /// Routes, and what a request would hit.
    RouteRead = "route_read", [ScriptRead];
    RouteWrite = "route_write", [RouteWrite];
    DeploymentRead = "deployment_read", [ScriptRead];
    /// Activate a deployment: it changes scripts and routes at once.
    DeploymentWrite = "deployment_write", [ScriptWrite, RouteWrite];
    /// Look at a deployment as a visitor would: it runs scripts.
    DeploymentPreview = "deployment_preview", [ScriptRead, ScriptExecute];
    /// Hold a deployment against the past and activate it.
    DeploymentGate = "deployment_gate", [ScriptWrite, ScriptExecute, RouteWrite, LogRead];
    /// The assets of deployments, and which are missing.
    AssetRead = "asset_read", [ScriptRead];
    /// Upload assets: bytes that a deployment can name then.
    AssetWrite = "asset_write", [ScriptWrite];
    /// What scripts keep.
    DataRead = "data_read", [DataRead];
    DataWrite = "data_write", [DataWrite];
    /// Enqueue a job, or run a dead letter again: it runs a script.
    JobRun = "job_run", [ScriptExecute, DataWrite];
    /// Executions and their logs.
    LogRead = "log_read", [LogRead];
    /// What an execution was told: logs and data.
    RecordingRead = "recording_read", [DataRead, LogRead];
    /// Run an execution again.
    Replay = "replay", [LogRead, ScriptExecute];
    ScriptTest = "script_test", [LogRead, ScriptExecute];
    /// Who changed what about an app.
    AuditRead = "audit_read", [AppAdmin];
    /// Who changed what anywhere.
    AuditReadAll = "audit_read_all", [InstanceAdmin];
}

/// What the store knows about the one who asks, now.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Role of the person; of a key, its maker's role now.
    pub instance_role: InstanceRole,
    /// The same person's role in the app in question.
    pub app_role: Option<AppRole>,
    pub credential: Credential,
}

/// What the one who asks has shown.
#[derive(Debug, Clone, Copy)]
pub enum Credential {
    /// A session: everything its person may do.
    Session,
    /// A key: no more than its scopes, and nothing outside its app if it is bound to one.
    Key { scopes: Scopes, bound: Binding },
}

/// How a key's binding relates to the app in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The key is not bound.
    Free,
    /// Bound to the app in question.
    ThisApp,
    /// Bound to another app, or the question is about the instance.
    Elsewhere,
}

/// What an action is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Instance,
    App,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// 404: the caller may not learn that the thing exists.
    Hidden,
    /// 403: he may see it, but lacks this scope (the first that is missing).
    Missing(Scope),
}

/// Everything about one app.
const OF_AN_APP: Scopes = Scopes::of(&[
    Scope::ScriptRead,
    Scope::ScriptWrite,
    Scope::ScriptExecute,
    Scope::RouteWrite,
    Scope::DomainWrite,
    Scope::SecretWrite,
    Scope::DataRead,
    Scope::DataWrite,
    Scope::LogRead,
    Scope::AppAdmin,
]);
const OF_AN_APP_ADMIN: Scopes = OF_AN_APP;
/// An editor works on an app's content; what faces outward (domains) and who else may come in is its admin's.
const OF_AN_EDITOR: Scopes = OF_AN_APP.without(Scopes::of(&[Scope::DomainWrite, Scope::AppAdmin]));
/// A viewer reads neither data nor the names of secrets.
const OF_A_VIEWER: Scopes = Scopes::of(&[Scope::ScriptRead, Scope::LogRead]);
const OF_THE_INSTANCE: Scopes = Scopes::of(&[Scope::InstanceAdmin]);

/// Whether the one described by `facts` may do `action` to `target`. Denies by default.
#[must_use]
pub fn can(facts: &Facts, action: Action, target: Target) -> Decision {
    let of_person = of_role(facts.instance_role, facts.app_role, target);
    let effective = match facts.credential {
        Credential::Session => of_person,
        Credential::Key { bound: Binding::Elsewhere, .. } => Scopes::default(),
        Credential::Key { scopes, bound: Binding::Free | Binding::ThisApp } => of_person.and(scopes),
    };
    let elsewhere = matches!(facts.credential, Credential::Key { bound: Binding::Elsewhere, .. });
    if target == Target::App && (of_person.is_empty() || elsewhere) {
        return Decision::Hidden;
    }
    match action.scopes().iter().find(|scope| !effective.contains(**scope)) {
        None => Decision::Allowed,
        Some(missing) => Decision::Missing(*missing),
    }
}

/// What a person may do by his roles.
fn of_role(instance_role: InstanceRole, app_role: Option<AppRole>, target: Target) -> Scopes {
    match (target, instance_role, app_role) {
        (Target::Instance, InstanceRole::Owner | InstanceRole::Admin, _) => OF_THE_INSTANCE,
        (Target::Instance, InstanceRole::Member, _) => Scopes::default(),
        (Target::App, InstanceRole::Owner | InstanceRole::Admin, _) => OF_AN_APP,
        (Target::App, InstanceRole::Member, Some(AppRole::AppAdmin)) => OF_AN_APP_ADMIN,
        (Target::App, InstanceRole::Member, Some(AppRole::Editor)) => OF_AN_EDITOR,
        (Target::App, InstanceRole::Member, Some(AppRole::Viewer)) => OF_A_VIEWER,
        (Target::App, InstanceRole::Member, None) => Scopes::default(),
    }
}

#[cfg(test)]
mod tests;
