//! What the control plane asks of the data plane. The binary implements it with the orchestrator, so that neither crate
//! depends on the other and a manager can run on a node of its own.

use std::{future::Future, pin::Pin, time::Duration};

use execution::{
    HttpRequest, Outcome, Replayed,
    replay::{Faults, KeptRecording},
};
use store::{AssetSet, StaticTerms};
use tokio::sync::broadcast;
use uuid::Uuid;

/// A future that an object-safe trait can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a change waits until this node serves it.
pub const REFRESH_MAX: Duration = Duration::from_secs(1);

/// The data plane as the admin API sees it.
pub trait DataPlane: Send + Sync + 'static {
    /// Runs the active version of a script once, through admission and with its row and logs recorded, like a request to
    /// its app's host. The caller has proved that it may execute it.
    ///
    /// # Errors
    /// [`InvokeError`]: nothing ran.
    fn invoke(&self, script_id: Uuid, request: HttpRequest) -> BoxFuture<'_, Result<Invoked, InvokeError>>;

    /// Runs an execution again from its recording, by the code of the deployment that ran then or of another one. Nothing is asked, called or written.
    /// The caller has proved that he may execute the app's scripts.
    ///
    /// # Errors
    /// [`ReplayError`]: nothing ran.
    fn replay<'a>(
        &'a self,
        app: Uuid,
        recording: &'a KeptRecording,
        deployment: Option<u32>,
    ) -> BoxFuture<'a, Result<Replayed, ReplayError>>;

    /// Runs an execution again from its recording, each time with one thing going wrong. The caller has proved that he may execute the app's scripts.
    ///
    /// # Errors
    /// [`ReplayError`]: nothing ran.
    fn try_faults<'a>(&'a self, app: Uuid, recording: &'a KeptRecording) -> BoxFuture<'a, Result<Faults, ReplayError>>;

    /// Makes live on this node what an app is now, before the one who changed it gets his answer: whoever reads that answer and calls the app
    /// meets the new version. Waits at most [`REFRESH_MAX`] and never fails, since the change is committed: this node hears of it like all
    /// others, within a second.
    fn refresh(&self, app: Uuid) -> BoxFuture<'_, ()>;

    /// Looks for jobs of all apps at once: the caller has changed a queue in the database. Others find it within seconds.
    fn wake_queue(&self);

    /// Messages were published: whoever listens is to get them at once.
    fn published(&self);

    /// The canonical spelling of a host name or of a wildcard (`*.example.com`).
    ///
    /// # Errors
    /// One sentence about what is wrong with it.
    fn canonical_host(&self, host: &str) -> Result<String, String>;

    /// The canonical spelling of what an app may call: a host name, a wildcard (`*.example.com`), an address, or `*`.
    ///
    /// # Errors
    /// One sentence about what is wrong with it.
    fn egress_host(&self, host: &str) -> Result<String, String>;

    /// What is wrong with a set of routes: the route at fault and why. Of two that conflict the later one is at fault.
    fn check_routes(&self, routes: &[RouteSpec]) -> Vec<(Uuid, RouteRefusal)>;

    /// Whether a candidate fits among an app's routes. What is wrong with the others is not its fault.
    ///
    /// # Errors
    /// [`RouteRefusal`].
    fn check_route(&self, routes: &[RouteSpec], candidate: &RouteSpec) -> Result<(), RouteRefusal> {
        let all: Vec<RouteSpec> = routes.iter().chain([candidate]).cloned().collect();
        let own = self.check_routes(&all).into_iter().find(|(id, _)| *id == candidate.id);
        own.map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    /// What a request would hit, and why.
    ///
    /// # Errors
    /// One sentence about what is wrong with the request (a host that is none, a path that cannot be decoded).
    fn match_route(&self, routes: &[RouteSpec], host: &str, method: &str, path: &str) -> Result<RouteMatch, String>;

    /// Which of a deployment's assets a static route would serve for a path that is still percent-encoded.
    ///
    /// # Errors
    /// One sentence about what is wrong with the path.
    fn match_asset(&self, assets: &AssetSet, terms: &StaticTerms, path: &str) -> Result<AssetMatch, String>;

    /// Path and query of a signed link to the preview of an app's deployment, good until `expires` (seconds since 1970). The caller has proved
    /// that he may look at it.
    fn preview_link(&self, app: Uuid, deployment: u32, expires: u64) -> String;

    /// Tells that new log lines are in the database: the app, from now on. A receiver that lags only has to look again.
    fn subscribe_logs(&self) -> broadcast::Receiver<Uuid>;
}

/// One route, as the matcher needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    pub id: Uuid,
    /// `None`: any.
    pub method: Option<String>,
    /// `None`: any of the app's hosts; else a host or a wildcard.
    pub host: Option<String>,
    pub path: String,
}

/// Why a route is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteRefusal {
    /// A pattern that no request could match, or of an unknown form.
    Invalid {
        /// The field it is about.
        field: RouteField,
        /// One sentence.
        message: String,
    },
    /// Another route of the app answers the same requests.
    Conflict { with: Uuid },
}

/// A field of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteField {
    Method,
    Host,
    Path,
}

/// What the matcher answers for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteMatch {
    /// The winner; `None`: 404, or 405 if `allow` is not empty.
    pub route: Option<Uuid>,
    /// Parameters of the path, decoded.
    pub params: Vec<(String, String)>,
    /// Methods that this path has, when the method is what does not fit.
    pub allow: Vec<String>,
    /// One sentence: why this route and not another.
    pub why: String,
}

/// What of the assets answers one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetMatch {
    /// The asset at `path`, with 200 or 404. `why`: one sentence.
    Asset { path: String, status: u16, why: &'static str },
    /// 308.
    Redirect { location: String },
    /// 404.
    Nothing,
}

/// A run that took place.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoked {
    pub execution_id: Uuid,
    /// Already checked against the rules of HTTP: a breach is a failure `invalid_response`.
    pub outcome: Outcome,
}

/// Why nothing was run again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The code is not there: the sentence says which.
    #[error("{0}")]
    NoCode(String),
    /// What it was told is not there any more: the sentence says what.
    #[error("{0}")]
    NotReplayable(String),
    /// Worth another try after a second.
    #[error("{0}")]
    Later(String),
}

/// Why nothing ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// This node does not know the script (yet), or it is not an endpoint.
    #[error("the script is not loaded")]
    NotLoaded,
    /// The app has as many executions running as it may.
    #[error("the app runs as many executions as it may ({limit} is {value})")]
    AppBusy { limit: &'static str, value: u64, retry_after_seconds: u64 },
    /// The app gets more requests than it may.
    #[error("the app gets more requests than it may ({limit} is {value})")]
    TooOften { limit: &'static str, value: u64, retry_after_seconds: u64 },
    /// The instance has no sandbox free.
    #[error("the instance has no sandbox free")]
    InstanceBusy { retry_after_seconds: u64 },
}
