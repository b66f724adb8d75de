//! The data plane: from a connection to a script's answer.
//!
//! Owns the listening socket, the table of what is live, and the way of a request through nine steps ([`Orchestrator`]'s `answer`, below).
//! The modules are listed in the order in which a request meets them. It asks for executions through [`execution::Execute`], and hands what
//! is meant for the instance's own host to the control plane through [`Control`].
//!
//! **Invariants.** An app is reached only through a host that the table gives it, or by the id of one of its scripts. Steps 1 to 4 touch no
//! database. An answer never waits for its row. Visitors see nothing of a failure but its title and the execution's id.
//!
//! Deliberately absent: SQL, Wasmtime, authentication.

#![forbid(unsafe_code)]

mod accept;
mod admission;
pub mod assets;
mod body;
mod certificates;
mod commit;
mod config;
mod connection;
pub mod egress;
mod error;
mod execute;
mod fair;
mod faults;
mod finish;
mod framing;
mod gate;
mod holders;
pub mod host_name;
mod images;
mod load;
pub mod metrics;
mod network;
mod open;
mod pace;
pub mod path;
mod peer;
mod preview;
mod queue;
mod rate;
mod recording;
mod refusals;
mod request;
mod response;
mod served;
mod services;
mod socket;
mod split;
mod stream;
mod table;
pub mod telemetry;
mod timed;
mod topics;
mod traced;
pub mod trie;
mod unsent;
mod uploads;
mod watcher;

use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use execution::{Execute, HttpRequest};
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use store::{AppId, AppSnapshot, Digest, Listener, RouteTarget, Runs, ScriptId, Snapshots};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore, mpsc, oneshot},
};
use uuid::Uuid;

pub use body::{BodyError, ControlBody};
pub use certificates::CertificateFor;
pub use config::{Clock, Config, Connections};
pub use error::{Reached, status_of};
pub use execute::{InvokeError, Invoked};
pub use finish::Recorder;
pub use network::{Network, NetworkError};
pub use peer::TrustedProxies;
pub use preview::PreviewKey;
pub use recording::{ReplayError, checked_answer};
pub use refusals::Refusals;
pub use table::Summary;
pub use timed::Timed;
pub use watcher::{Answered, Watcher};

use crate::{
    admission::{Admission, Applicant},
    body::Body,
    config::InstanceHosts,
    egress::hops::HopKey,
    error::Refusal,
    execute::Call,
    fair::Turns,
    host_name::{Host, HostError},
    load::Loader,
    metrics::{Figures, Metrics, Waiting},
    path::Match,
    preview::Previews,
    queue::Queue,
    request::{Arrival, Cause},
    served::{Served, Why},
    split::Stop,
    stream::{Beginning, Life, Outlet},
    table::Table,
    topics::{TopicKey, Topics},
};

/// The control plane as the data plane sees it: whatever asks for the instance's host goes there, on a runtime of its own if it likes.
pub trait Control: Send + Sync + 'static {
    /// Answers one request. `peer` is the other end of the connection.
    fn call(&self, request: Request<Timed>, peer: SocketAddr) -> Pin<Box<dyn Future<Output = Response<ControlBody>> + Send>>;
}

/// The data plane of one node.
pub struct Orchestrator {
    config: Config,
    instance_hosts: InstanceHosts,
    executor: Arc<dyn Execute>,
    table: Arc<Table>,
    previews: Arc<Previews>,
    /// Splits that have to end.
    stops: mpsc::UnboundedSender<Stop>,
    stopped: Mutex<mpsc::UnboundedReceiver<Stop>>,
    admission: Admission,
    turns: Turns,
    /// Places for answers that are sent in pieces: half of the sandboxes, since it is the visitor who decides how long that takes.
    streams: Arc<Semaphore>,
    recorder: Recorder,
    refusals: Refusals,
    metrics: Metrics,
    queue: Queue,
    topics: Arc<Topics>,
    topic_key: TopicKey,
    /// Reads how many calls led to a request.
    hops: HopKey,
    /// Held while an app is read and made live, so that changes become live in the order in which they were made.
    loading: Arc<Mutex<()>>,
    is_ready: AtomicBool,
    /// Whether changes of other nodes are heard of.
    follows: Arc<AtomicBool>,
    /// Set once, when the process is told to stop.
    is_stopping: AtomicBool,
}

impl std::fmt::Debug for Orchestrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Orchestrator").field("config", &self.config).field("summary", &self.summary()).finish_non_exhaustive()
    }
}

impl Orchestrator {
    /// Makes a data plane that has nothing to serve yet: [`Orchestrator::load`] first, then [`Orchestrator::follow`] and [`Orchestrator::serve`].
    ///
    /// # Errors
    /// The instance's host or the base domain is not a host name.
    pub fn new(config: Config, executor: Arc<dyn Execute>, recorder: Recorder) -> Result<Self, HostError> {
        let mut config = config;
        config.base_domain = host_name::canonical_pattern(&config.base_domain)?;
        let (stops, stopped) = mpsc::unbounded_channel();
        Ok(Self {
            stops,
            stopped: Mutex::new(stopped),
            instance_hosts: InstanceHosts::new(&config.instance_host)?,
            executor,
            table: Arc::default(),
            previews: Arc::default(),
            admission: Admission::new(config.concurrency),
            turns: Turns::new(config.cores),
            streams: Arc::new(Semaphore::new(config.stream_places())),
            recorder,
            refusals: Refusals::default(),
            metrics: Metrics::default(),
            queue: Queue::default(),
            topics: Arc::default(),
            topic_key: TopicKey::new(config.preview_key.clone()),
            hops: HopKey::new(config.preview_key.clone()),
            loading: Arc::default(),
            is_ready: AtomicBool::new(false),
            follows: Arc::default(),
            is_stopping: AtomicBool::new(false),
            config,
        })
    }

    /// Reads and compiles everything that is deployed. The node is ready after it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn load(&self, snapshots: &Snapshots) -> store::Result<()> {
        self.loader().load_all(snapshots).await?;
        self.previews.read_from(snapshots.clone());
        self.is_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Keeps what is live in step with the changes of all nodes. Never returns; spawned once by the binary.
    pub async fn follow(&self, snapshots: Snapshots, listener: Listener) {
        let following = Box::pin(self.loader().follow(snapshots, listener.telling(Arc::clone(&self.follows))));
        tokio::join!(following, self.previews.sweep(), self.table.rest());
    }

    /// Ends, in the database and so on all nodes, the splits whose other side has failed too often here. Never returns; spawned once by the
    /// binary.
    pub async fn stop_splits(&self, runs: Runs) {
        // One for each split at most, so that the queue is as short as the list of apps.
        while let Some(Stop { app, id, because }) = self.stopped.lock().await.recv().await {
            tracing::warn!(%app, because, "a split is stopped");
            let now = || Timestamp::from_millisecond(i64::try_from((self.config.clock)()).unwrap_or(0)).unwrap_or_default();
            load::until_the_database_answers(|| runs.stop_split(app, id, &because, now())).await;
        }
    }

    /// Makes live on this node what the app is now, for the one who has just changed it. Waits behind other changes; dropping the future
    /// changes nothing. The word that goes to all nodes does the same again.
    ///
    /// # Errors
    /// The database failed: what was live stays.
    pub async fn refresh(&self, app: AppId, snapshots: &Snapshots) -> store::Result<()> {
        self.loader().load_one(app, snapshots).await?;
        self.queue.wake();
        Ok(())
    }

    /// Makes exactly these apps live, without a database: for tests and benchmarks.
    pub async fn load_given(&self, apps: Vec<AppSnapshot>, sources: &HashMap<Digest, String>) {
        self.loader().load_given(apps, sources).await;
        self.is_ready.store(true, Ordering::Release);
    }

    /// Serves a listener until `shutdown` completes, and returns when the last request has ended (see [`Connections`] for the times).
    pub async fn serve(self: Arc<Self>, listener: TcpListener, control: Arc<dyn Control>, shutdown: impl Future<Output = ()>) {
        accept::serve(self, listener, control, shutdown).await;
    }

    /// Whether a balancer may send requests: everything is loaded, and the process was not told to stop.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire) && !self.is_stopping.load(Ordering::Acquire)
    }

    /// How much is live.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.table.summary()
    }

    /// App and name of each script that is live and could not be compiled: its routes answer 502.
    #[must_use]
    pub fn broken_scripts(&self) -> Vec<(String, String)> {
        self.table.broken()
    }

    /// Whether the database tells this node of changes. While it does not, what is live may be older than the database.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follows.load(Ordering::Relaxed)
    }

    /// Sandboxes that there are.
    #[must_use]
    pub fn sandboxes(&self) -> usize {
        self.config.concurrency
    }

    /// Sandboxes that are free at this moment.
    #[must_use]
    pub fn free_sandboxes(&self) -> usize {
        self.admission.free()
    }

    /// Who waits for a place at this moment.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        Waiting { for_app: self.table.waiting(), for_sandbox: self.admission.waiting(), for_turn: self.turns.waiting() }
    }

    /// What was counted since the start.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.metrics.figures()
    }

    /// Requests that were refused since the start, by reason.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Runs the active version of a script once, through admission and with its row, for the control plane, which has proved that its caller may.
    ///
    /// # Errors
    /// [`InvokeError`]: nothing ran.
    pub async fn invoke(&self, script: ScriptId, mut request: HttpRequest) -> Result<Invoked, InvokeError> {
        let hops = self.hops.take(&mut request.headers);
        let invoked = async {
            let app = self.table.app_of_script(script).ok_or(Refusal::NotLoaded)?;
            let applicant = Applicant { app: app.id, limits: &app.limits, client: None };
            let permit = self.admission.admit(&app.gate, applicant).await?;
            let script = app.version.script(script).ok_or(Refusal::NotLoaded)?;
            let call = Call { app: &app, version: &app.version, script, route: None, hops, outlet: Outlet::Gathered(Arc::default()) };
            Ok(self
                .run(call, Arrival::new(self.config.clock, &self.config.telemetry)?, Cause::Test(request), &permit)
                .await?
                .into_invoked())
        };
        invoked.await.map_err(|refusal: Refusal| {
            self.refusals.count(&refusal);
            refusal.into()
        })
    }

    /// Answers any request of a connection: the instance's own host is the control plane's, every other host is looked up.
    async fn handle(self: &Arc<Self>, request: Request<Incoming>, peer: SocketAddr, control: &dyn Control) -> Response<Body> {
        // The end of a chunked body is the one place where two parsers could still disagree unseen, so nothing may follow it (see framing.rs).
        let is_last = request.headers().contains_key(header::TRANSFER_ENCODING);
        let mut response = match host_name::of_request(&request) {
            // Whatever it asks for: a script may call itself by the API as well.
            Ok(_) if self.hops.read(request.headers()).is_loop() => self.refuse(Refusal::Loop, None),
            Err(error) => self.refuse(Refusal::Host(error), None),
            Ok(host) if self.instance_hosts.contain(&host) => {
                let request = request.map(|body| Timed::new(body, &self.config.connections));
                control.call(request, peer).await.map(Body::Control)
            }
            Ok(Host::Address(_)) => self.refuse(Refusal::Host(HostError::Invalid), None),
            Ok(Host::Name(host)) => {
                let host = host.into_owned();
                let (beginning, begun) = oneshot::channel();
                stream::first(Arc::clone(self).life(request, host, peer, beginning), begun).await
            }
        };
        // When the end has begun, nobody should find an open connection and send what meets its end: a proxy does not send that again (S-9.2).
        if is_last || self.is_stopping.load(Ordering::Acquire) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// All of a request to an app. It owns what it needs: the answer may begin before it ends.
    fn life(self: Arc<Self>, request: Request<Incoming>, host: String, peer: SocketAddr, beginning: Beginning) -> Life {
        Box::pin(async move {
            match self.table.app(&host) {
                None => self.preview_response(request, host, peer, beginning).await,
                Some(app) => self.app_response(request, host, Served::active(&app), peer, beginning).await,
            }
        })
    }

    async fn app_response(
        &self,
        request: Request<Incoming>,
        host: String,
        served: Served<'_>,
        peer: SocketAddr,
        beginning: Beginning,
    ) -> Response<Body> {
        let arrival = match Arrival::new(self.config.clock, &self.config.telemetry) {
            Ok(arrival) => arrival,
            Err(refusal) => return self.refuse(refusal, None),
        };
        let (id, began) = (arrival.id, arrival.began);
        let seen = self.config.watcher.as_ref().map(|watcher| (watcher, request.method().clone(), request.uri().clone()));
        self.answer(request, host, served, peer, arrival, beginning).await.unwrap_or_else(|refusal| {
            let seen = seen.map(|seen| (seen, refusal.to_string()));
            let response = self.refuse(refusal, Some(id));
            if let Some(((watcher, method, target), why)) = seen {
                let (status, took) = (response.status().as_u16(), began.elapsed());
                watcher.answered(&Answered { method: &method, target: &target, status, refusal: Some(why), took });
            }
            response
        })
    }

    /// Counts a refusal and answers it.
    pub(crate) fn refuse(&self, refusal: Refusal, id: Option<Uuid>) -> Response<Body> {
        self.refusals.count(&refusal);
        refusal.into_response(id)
    }

    /// The life of a request. Steps 1 (canonical host) and 2 (its app) are above.
    async fn answer(
        &self,
        request: Request<Incoming>,
        host: String,
        served: Served<'_>,
        peer: SocketAddr,
        mut arrival: Arrival,
        beginning: Beginning,
    ) -> Result<Response<Body>, Refusal> {
        let (parts, body) = request.into_parts();
        request::check_head(&parts)?;
        let client = self.config.trusted_proxies.client(peer.ip(), &parts.headers);
        let served = served.divided(&parts.headers, client.address);
        let Served { app, version, .. } = served;
        if topics::is_asked(parts.uri.path()) {
            return self.topics_response(app, &parts, client).await;
        }

        // 3. Admission: the rates. A place in the app is taken when the request is complete.
        self.admission.check(&app.gate, Applicant { app: app.id, limits: &app.limits, client: Some(client.address) })?;

        // 4. The route.
        let (route, params) = match version.routes.find(served.routed_host(&host), &parts.method, parts.uri.path()) {
            Match::Route { route, params } if is_for_scripts(&parts.method) => (route, params),
            Match::Route { .. } => return Err(Refusal::Method { allow: SCRIPT_METHODS.to_owned() }),
            Match::NoPath => return Err(Refusal::NoRoute),
            Match::NoMethod { allow } => return Err(Refusal::Method { allow }),
            Match::BadPath => return Err(Refusal::Path),
        };
        let script = match &route.target {
            RouteTarget::Script(script) => version.script(*script).ok_or(Refusal::NotLoaded)?,
            RouteTarget::Static(terms) => return self.static_response(served, terms, &parts, &arrival).await,
        };

        // 5. The request, bounded; then a place in the app.
        let most = version.limits.request_body_bytes;
        let (body, upload) = app.gate.uploads.receive(body, most, &app.limits, &self.config.connections).await?;
        let permit = self.admission.enter(&app.gate, &app.limits).await?;
        drop(upload);
        let owner = served.owner_of(&host);
        let hops = self.hops.read(&parts.headers);
        let from_proxy = self.config.trusted_proxies.trusts(peer.ip());
        arrival.trace = self.config.telemetry.continued(arrival.trace, &parts.headers, from_proxy);
        let request = request::http_request(&parts, host, params, client, body);

        // 6 to 8. Execute, check the answer, leave the row behind.
        let outlet = Outlet::to_visitor(beginning, arrival.id, served.marks(), parts.method == Method::HEAD);
        let call = Call { app, version, script, route: Some((route.id, owner)), hops, outlet };
        let began = arrival.began;
        let ended = self.run(call, arrival, Cause::Http(request), &permit).await?;
        self.metrics.answered(began.elapsed());

        if let Why::Tried(split) = served.why
            && let Some(stop) = split.note(ended.has_failed())
        {
            // Nobody listens any more when the process ends.
            let _ = self.stops.send(stop);
        }

        // 9. The places are given back by drop, also when the client goes away.
        Ok(told(served, ended.into_response(app.gate.unsent.room(&version.limits, &app.limits))))
    }

    fn loader(&self) -> Loader {
        Loader {
            executor: Arc::clone(&self.executor),
            table: Arc::clone(&self.table),
            previews: Arc::clone(&self.previews),
            topics: Arc::clone(&self.topics),
            loading: Arc::clone(&self.loading),
            base_domain: self.config.base_domain.as_str().into(),
        }
    }

    /// Answers in pieces are tasks of their own: the rows of those that were cancelled come before the last row is written.
    async fn streams_have_ended(&self) {
        let all = u32::try_from(self.config.stream_places()).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(LAST_STREAMS, self.streams.acquire_many(all)).await;
    }

    fn stop_being_ready(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.topics.close();
    }
}

/// The answer, with what it tells of the deployment.
fn told(served: Served<'_>, mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().extend(served.marks());
    response
}

/// To let go of what was cancelled takes no time worth mentioning.
const LAST_STREAMS: std::time::Duration = std::time::Duration::from_secs(1);

/// What a route for any method accepts.
const SCRIPT_METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// `CONNECT` would turn the connection into something else, and `TRACE` shows headers to whoever should not see them.
fn is_for_scripts(method: &Method) -> bool {
    *method != Method::CONNECT && *method != Method::TRACE
}
