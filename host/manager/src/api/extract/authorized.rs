//! The door to an app's things: there is no `AppStore` without a decision of [`crate::api::authz::can`].
//!
//! A handler says in its signature what it is allowed to do and how it found the app: `Authorized<action::ScriptRead, OfScript>`.
//! Where the app is named in a body, the handler asks [`Caller::authorize`].

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use store::{AccessFacts, AppRef, AppStore, AuthorizeError, InstanceStore, Principal, TargetFacts};

use super::{Caller, caller::unauthenticated};
use crate::{
    State,
    api::{
        authz::{Action, Binding, Credential, Decision, Facts, Scope, Scopes, Target, can},
        problem::{Problem, ProblemType},
    },
};

/// An action as a type.
pub trait Permission: Send + Sync + 'static {
    const ACTION: Action;
}

macro_rules! permissions {
    ($($name:ident)*) => {
        /// The actions as types, for signatures.
        pub mod action {
            use super::{Action, Permission};
            $(
                #[doc = concat!("[`Action::", stringify!($name), "`].")]
                #[derive(Debug, Clone, Copy)]
                pub struct $name;
                impl Permission for $name {
                    const ACTION: Action = Action::$name;
                }
            )*
        }
    };
}

permissions! {
    AppRead AppWrite MemberRead MemberWrite DomainRead DomainWrite EgressRead EgressWrite SecretRead SecretWrite ScriptRead ScriptWrite ScriptExecute RouteRead RouteWrite
    DeploymentRead DeploymentWrite DeploymentPreview DeploymentGate AssetRead AssetWrite DataRead DataWrite LogRead RecordingRead Replay ScriptTest JobRun AuditRead
}

/// Where a request names the app that it is about.
pub trait Place: Send + Sync + 'static {
    /// Reads the reference, without looking anything up.
    ///
    /// # Errors
    /// 400 or 404: there is none.
    fn find(parts: &Parts, params: &RawPathParams) -> Result<AppRef, Problem>;
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident: $variant:ident, $what:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Place for $name {
            fn find(_: &Parts, params: &RawPathParams) -> Result<AppRef, Problem> {
                let (_, id) = params.iter().next().ok_or_else(|| Problem::not_found($what))?;
                id.parse().map(AppRef::$variant).map_err(|_| Problem::not_found($what))
            }
        }
    )* };
}

places! {
    /// The id of a script in the path.
    OfScript: Script, "script";
    /// The id of a route in the path.
    OfRoute: Route, "route";
    /// The id of a deployment in the path.
    OfDeployment: Deployment, "deployment";
    /// The id of a domain in the path.
    OfDomain: Domain, "domain";
    /// The id of an egress rule in the path.
    OfEgressRule: EgressRule, "egress rule";
    /// The id of a job in the path.
    OfJob: Job, "job";
    /// The id of a dead letter in the path.
    OfDeadLetter: Job, "dead letter";
    /// The id of a trigger or schedule in the path.
    OfTrigger: Trigger, "schedule or trigger";
    /// The id of an execution in the path.
    OfExecution: Execution, "execution";
}

/// The slug or id of the app itself in the path.
#[derive(Debug, Clone, Copy)]
pub struct OfApp;

impl Place for OfApp {
    fn find(_: &Parts, params: &RawPathParams) -> Result<AppRef, Problem> {
        params.iter().next().map(|(_, app)| app_ref(app)).ok_or_else(|| Problem::not_found("app"))
    }
}

/// `?app=<slug or id>`.
#[derive(Debug, Clone, Copy)]
pub struct InQuery;

#[derive(serde::Deserialize)]
struct AppParameter {
    app: Option<String>,
}

impl Place for InQuery {
    fn find(parts: &Parts, _: &RawPathParams) -> Result<AppRef, Problem> {
        let sent = axum::extract::Query::<AppParameter>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.app);
        sent.map(|app| app_ref(&app)).ok_or_else(|| Problem::invalid("?app", "Name the app by its slug or id: ?app=..."))
    }
}

/// The proof: an app's store, opened for one action.
#[derive(Debug)]
pub struct Authorized<A, P = InQuery> {
    store: AppStore,
    shape: PhantomData<fn() -> (A, P)>,
}

impl<A, P> Authorized<A, P> {
    /// The store itself, for calls that consume it.
    #[must_use]
    pub fn into_store(self) -> AppStore {
        self.store
    }
}

impl<A, P> Deref for Authorized<A, P> {
    type Target = AppStore;

    fn deref(&self) -> &AppStore {
        &self.store
    }
}

impl<A: Permission, P: Place> FromRequestParts<Arc<State>> for Authorized<A, P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, Problem> {
        // Who asks comes first: a stranger learns nothing from the way his request is wrong.
        let caller = Caller::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found("thing"))?;
        let app = P::find(parts, &params)?;
        let authorized = caller.authorize::<A>(state, &app).await?;
        Ok(Self { store: authorized.store, shape: PhantomData })
    }
}

/// What a thing belongs to, opened.
#[derive(Debug)]
pub enum Opened {
    App(AppStore),
    Instance(InstanceStore),
}

impl Caller {
    /// Opens an app for one action.
    ///
    /// # Errors
    /// 404 if the caller may not see the app, 403 if he lacks a scope, 401 if he was revoked meanwhile.
    pub async fn authorize<A: Permission>(&self, state: &State, app: &AppRef) -> Result<Authorized<A>, Problem> {
        let opened = state.control.authorize(&self.principal, app, |facts| decide(facts, A::ACTION)).await;
        let store = opened.map_err(|error| refusal(error, what(app)))?;
        Ok(Authorized { store, shape: PhantomData })
    }

    /// Opens the instance for one action.
    ///
    /// # Errors
    /// 403 if the caller lacks a scope, 401 if he was revoked meanwhile.
    pub async fn authorize_instance(&self, state: &State, action: Action) -> Result<InstanceStore, Problem> {
        let opened = state.control.authorize_instance(&self.principal, |facts| decide(facts, action)).await;
        opened.map_err(|error| refusal(error, "app"))
    }

    /// Opens what a thing belongs to: its app for the action `A`, or, if it belongs to none, the instance for `instance`.
    ///
    /// # Errors
    /// 403 if the caller may see the app but lacks a scope. 404 for everything else that he may not touch, so that nobody learns which
    /// ids there are.
    pub async fn authorize_either<A: Permission>(&self, state: &State, thing: &AppRef, instance: Action) -> Result<Opened, Problem> {
        let hidden = match self.authorize::<A>(state, thing).await {
            Ok(app) => return Ok(Opened::App(app.into_store())),
            Err(problem) if problem.kind() == ProblemType::NotFound => problem,
            Err(problem) => return Err(problem),
        };
        match self.authorize_instance(state, instance).await {
            Ok(instance) => Ok(Opened::Instance(instance)),
            Err(problem) if problem.kind() == ProblemType::MissingScope => Err(hidden),
            Err(problem) => Err(problem),
        }
    }

    /// The facts about the caller alone.
    ///
    /// # Errors
    /// 401 if he was revoked meanwhile.
    pub async fn whoami(&self, state: &State) -> Result<AccessFacts, Problem> {
        state.control.whoami(&self.principal).await?.ok_or_else(|| unauthenticated("The credential is no longer valid."))
    }
}

fn decide(facts: &AccessFacts, action: Action) -> Result<(), Decision> {
    let Some((facts, target)) = weigh(facts) else { return Err(Decision::Hidden) };
    match can(&facts, action, target) {
        Decision::Allowed => Ok(()),
        refused => Err(refused),
    }
}

/// Whether somebody may do something, apart from any request of his.
pub(in crate::api) fn may(facts: &AccessFacts, action: Action, target: Target) -> bool {
    weigh(facts).is_some_and(|(facts, _)| can(&facts, action, target) == Decision::Allowed)
}

/// The store's facts in the form of the decision; `None` if there is no such app.
fn weigh(facts: &AccessFacts) -> Option<(Facts, Target)> {
    let (target, app, app_role) = match &facts.target {
        TargetFacts::Instance => (Target::Instance, None, None),
        TargetFacts::App { id, role, .. } => (Target::App, Some(*id), *role),
        TargetFacts::NoApp => return None,
    };
    let credential = match &facts.key {
        None => Credential::Session,
        Some(key) => {
            let bound = match key.app {
                None => Binding::Free,
                Some(bound) if Some(bound) == app => Binding::ThisApp,
                Some(_) => Binding::Elsewhere,
            };
            Credential::Key { scopes: Scopes::of_words(key.scopes.iter().map(String::as_str)), bound }
        }
    };
    Some((Facts { instance_role: facts.instance_role, app_role, credential }, target))
}

fn refusal(error: AuthorizeError<Decision>, what: &str) -> Problem {
    match error {
        AuthorizeError::Denied(Decision::Missing(scope)) => missing(scope),
        AuthorizeError::Denied(Decision::Hidden | Decision::Allowed) | AuthorizeError::NoSuchApp => Problem::not_found(what),
        AuthorizeError::Revoked => unauthenticated("The credential is no longer valid."),
        AuthorizeError::Store(error) => error.into(),
    }
}

/// 403 that names the scope.
pub(in crate::api) fn missing(scope: Scope) -> Problem {
    let word = scope.word();
    Problem::new(ProblemType::MissingScope, format!("This takes the scope {word}: your role or your key does not have it."))
        .with_missing_scope(word)
}

fn what(app: &AppRef) -> &'static str {
    match app {
        AppRef::Id(_) | AppRef::Slug(_) => "app",
        AppRef::Script(_) => "script",
        AppRef::Route(_) => "route",
        AppRef::Deployment(_) => "deployment",
        AppRef::Domain(_) => "domain",
        AppRef::EgressRule(_) => "egress rule",
        AppRef::Job(_) => "job",
        AppRef::Trigger(_) => "schedule or trigger",
        AppRef::Execution(_) => "execution",
        AppRef::Invitation(_) => "invitation",
        AppRef::ApiKey(_) => "API key",
    }
}

/// The app that a text names. No database takes a NUL in a text, and no app is named so.
pub(in crate::api) fn app_ref(text: &str) -> AppRef {
    AppRef::parse(&text.replace('\0', "\u{fffd}"))
}

/// Only a session: an answer for keys.
///
/// # Errors
/// 403 for a key.
pub(in crate::api) fn session_only(principal: &Principal) -> Result<(), Problem> {
    match principal.session() {
        Some(_) => Ok(()),
        None => Err(Problem::new(ProblemType::SessionOnly, "API keys can't do this. Log in by POST /api/v1/admin/session.")),
    }
}
