//! What the manager asks of the data plane, answered by the orchestrator.

use std::{future, panic::resume_unwind, sync::Arc};

use execution::{
    HttpRequest, Replayed,
    replay::{Faults, KeptRecording},
};
use http::Method;
use manager::{
    AssetMatch, BoxFuture, DataPlane, InvokeError, Invoked, REFRESH_MAX, ReplayError, RouteField, RouteMatch, RouteRefusal, RouteSpec,
};
use orchestrator::{
    Orchestrator, Reached, Recorder,
    assets::{Found, Reason, look_up},
    egress::HostPattern,
    host_name::canonical_pattern,
    path::{self, Match, RouteError, RouteTable, Verdict},
};
use store::{AppId, AssetSet, RouteId, RouteTarget, ScriptId, Snapshots, StaticTerms};
use tokio::{
    runtime::Handle,
    sync::broadcast::{self, error::RecvError},
    task::JoinSet,
};
use uuid::Uuid;

/// When a refused caller may try again.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Word of new log lines that a slow follower may be behind.
const ANNOUNCEMENTS: usize = 1024;

/// The adaptor.
pub(crate) struct LocalDataPlane {
    orchestrator: Arc<Orchestrator>,
    snapshots: Snapshots,
    new_logs: broadcast::Sender<Uuid>,
    /// The threads that serve apps: scripts run there, whoever asks for it.
    threads: Handle,
}

impl LocalDataPlane {
    /// The adaptor, and what passes the word of new log lines on; to be spawned.
    pub(crate) fn new(
        orchestrator: Arc<Orchestrator>,
        threads: Handle,
        snapshots: Snapshots,
        recorder: &Recorder,
    ) -> (Self, impl Future<Output = ()> + use<>) {
        let new_logs = broadcast::Sender::new(ANNOUNCEMENTS);
        let passed_on = pass_on(recorder.subscribe_logs(), new_logs.clone());
        (Self { orchestrator, snapshots, new_logs, threads }, passed_on)
    }
}

async fn pass_on(mut from: broadcast::Receiver<AppId>, to: broadcast::Sender<Uuid>) {
    loop {
        match from.recv().await {
            // An error says that nobody follows.
            Ok(app) => _ = to.send(app.uuid()),
            // What was missed is found when the followers look again.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Does it on those threads. Who drops this ends it, and a panic is passed on.
async fn on<T: Send + 'static>(threads: &Handle, work: impl Future<Output = T> + Send + 'static) -> T {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(work, threads);
    match tasks.join_next().await {
        Some(Ok(done)) => done,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        // The threads are gone, and so will this one be: the process ends.
        _ => future::pending().await,
    }
}

impl DataPlane for LocalDataPlane {
    fn invoke(&self, script_id: Uuid, request: HttpRequest) -> BoxFuture<'_, Result<Invoked, InvokeError>> {
        let orchestrator = Arc::clone(&self.orchestrator);
        let work = async move { orchestrator.invoke(script_id.into(), request).await };
        Box::pin(async move {
            match on(&self.threads, work).await {
                Ok(run) => Ok(Invoked { execution_id: run.execution_id, outcome: run.outcome }),
                Err(error) => Err(nothing_ran(&error)),
            }
        })
    }

    fn replay<'a>(
        &'a self,
        app: Uuid,
        recording: &'a KeptRecording,
        deployment: Option<u32>,
    ) -> BoxFuture<'a, Result<Replayed, ReplayError>> {
        let (orchestrator, recording) = (Arc::clone(&self.orchestrator), recording.clone());
        let work = async move { orchestrator.replay(app.into(), &recording, deployment).await };
        Box::pin(async move { on(&self.threads, work).await.map_err(|error| not_replayed(&error)) })
    }

    fn try_faults<'a>(&'a self, app: Uuid, recording: &'a KeptRecording) -> BoxFuture<'a, Result<Faults, ReplayError>> {
        let (orchestrator, recording) = (Arc::clone(&self.orchestrator), recording.clone());
        let work = async move { orchestrator.try_faults(app.into(), &recording).await };
        Box::pin(async move { on(&self.threads, work).await.map_err(|error| not_replayed(&error)) })
    }

    fn refresh(&self, app: Uuid) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match tokio::time::timeout(REFRESH_MAX, self.orchestrator.refresh(app.into(), &self.snapshots)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, %app, "a change is not live yet on this node"),
                Err(_elapsed) => tracing::warn!(%app, "a change is not live yet on this node: others come first"),
            }
        })
    }

    fn wake_queue(&self) {
        self.orchestrator.wake_queue();
    }

    fn published(&self) {
        self.orchestrator.published();
    }

    fn canonical_host(&self, host: &str) -> Result<String, String> {
        canonical_pattern(host).map_err(|error| error.to_string())
    }

    fn egress_host(&self, host: &str) -> Result<String, String> {
        host.parse::<HostPattern>().map(|host| host.to_string()).map_err(|error| sentence(&error.to_string()))
    }

    fn check_routes(&self, routes: &[RouteSpec]) -> Vec<(Uuid, RouteRefusal)> {
        let (_, errors) = RouteTable::build(routes.iter().map(to_spec));
        errors.into_iter().map(|error| (route_of(&error).uuid(), refusal(error))).collect()
    }

    fn match_route(&self, routes: &[RouteSpec], host: &str, method: &str, path: &str) -> Result<RouteMatch, String> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is not a method"))?;
        let (table, _) = RouteTable::build(routes.iter().map(to_spec));
        let nothing = |allow: Vec<String>, why: String| RouteMatch { route: None, params: Vec::new(), allow, why };
        Ok(match table.find(host, &method, path) {
            Match::Route { route, params } => {
                let why = why(&table, host, &method, path);
                RouteMatch { route: Some(route.id.uuid()), params, allow: Vec::new(), why }
            }
            Match::NoPath => nothing(Vec::new(), "No route has this host and path.".into()),
            Match::NoMethod { allow } => {
                let methods = allow.split(',').map(|method| method.trim().to_owned()).collect();
                nothing(methods, format!("The path is there, but only with the methods {allow}."))
            }
            Match::BadPath => return Err("The path has more than one reading, or does not decode to UTF-8.".into()),
        })
    }

    fn match_asset(&self, assets: &AssetSet, terms: &StaticTerms, path: &str) -> Result<AssetMatch, String> {
        let found = look_up(assets, terms, path).ok_or("The path has more than one reading, or does not decode to UTF-8.")?;
        Ok(match found {
            Found::Asset { path, reason, .. } => {
                AssetMatch::Asset { path, status: if reason == Reason::NotFound { 404 } else { 200 }, why: why_asset(reason) }
            }
            Found::Directory { path } => AssetMatch::Redirect { location: format!("{path}/") },
            Found::Nothing => AssetMatch::Nothing,
        })
    }

    fn preview_link(&self, app: Uuid, deployment: u32, expires: u64) -> String {
        self.orchestrator.preview_link(app.into(), deployment, expires)
    }

    fn subscribe_logs(&self) -> broadcast::Receiver<Uuid> {
        self.new_logs.subscribe()
    }
}

fn not_replayed(error: &orchestrator::ReplayError) -> ReplayError {
    let text = sentence(&error.to_string());
    match error {
        orchestrator::ReplayError::NoDeployment(_) | orchestrator::ReplayError::NoScript(_) => ReplayError::NoCode(text),
        orchestrator::ReplayError::NotReplayable(_) => ReplayError::NotReplayable(text),
        orchestrator::ReplayError::NotLoaded | orchestrator::ReplayError::Busy => ReplayError::Later(text),
    }
}

fn nothing_ran(error: &orchestrator::InvokeError) -> InvokeError {
    match *error {
        orchestrator::InvokeError::NotLoaded => InvokeError::NotLoaded,
        orchestrator::InvokeError::AppBusy(Reached { limit, value }) => {
            InvokeError::AppBusy { limit, value, retry_after_seconds: RETRY_AFTER_SECONDS }
        }
        orchestrator::InvokeError::TooOften { reached: Reached { limit, value }, retry_after_seconds } => {
            InvokeError::TooOften { limit, value, retry_after_seconds }
        }
        orchestrator::InvokeError::InstanceBusy | orchestrator::InvokeError::Internal => {
            InvokeError::InstanceBusy { retry_after_seconds: RETRY_AFTER_SECONDS }
        }
    }
}

fn to_spec(route: &RouteSpec) -> path::RouteSpec {
    path::RouteSpec {
        id: route.id.into(),
        // The matcher carries it along; here nobody asks for it.
        target: RouteTarget::Script(ScriptId::from(Uuid::nil())),
        method: route.method.clone(),
        host: route.host.clone(),
        path: route.path.clone(),
    }
}

fn route_of(error: &RouteError) -> RouteId {
    match error {
        RouteError::Path { route, .. } | RouteError::Method { route } | RouteError::Host { route } | RouteError::Conflict { route, .. } => {
            *route
        }
    }
}

fn refusal(error: RouteError) -> RouteRefusal {
    let invalid = |field, message: String| RouteRefusal::Invalid { field, message };
    match error {
        RouteError::Path { reason, .. } => invalid(RouteField::Path, sentence(&reason.to_string())),
        RouteError::Method { .. } => invalid(RouteField::Method, "A method is a word of upper-case letters, like GET.".into()),
        RouteError::Host { .. } => {
            invalid(RouteField::Host, "A host is a name like shop.example.com or a wildcard like *.example.com.".into())
        }
        RouteError::Conflict { other, .. } => RouteRefusal::Conflict { with: other.uuid() },
    }
}

fn why_asset(reason: Reason) -> &'static str {
    match reason {
        Reason::Exact => "It has this path.",
        Reason::Index => "It is the index of this directory.",
        Reason::Fallback => "No asset has this path: the route's fallback answers.",
        Reason::NotFound => "No asset has this path: the route's page for that answers.",
    }
}

/// What the winner won against.
fn why(table: &RouteTable, host: &str, method: &Method, path: &str) -> String {
    let considered = path::explain(table, host, method, path);
    let others = considered.iter().filter(|one| one.verdict == Verdict::LessSpecific);
    let others: Vec<&str> = others.map(|one| one.route.pattern.as_str()).collect();
    if others.is_empty() {
        "The only route that accepts it.".into()
    } else {
        format!(
            "More specific than {}: an exact host comes before a wildcard, and that before any; an exact path before a parameter, and that before a prefix; a method before any.",
            others.join(", ")
        )
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        thread::current,
    };

    use tokio::{runtime::Builder, sync::oneshot};

    use super::*;

    #[test]
    fn s_3_3_scripts_run_on_the_threads_that_serve_apps_whoever_asks() {
        let data = Builder::new_multi_thread().worker_threads(1).thread_name("data").build().unwrap();
        let control = Builder::new_current_thread().build().unwrap();
        let name = control.block_on(on(data.handle(), async { current().name().map(str::to_owned) }));
        assert_eq!(name.as_deref(), Some("data"));
        let panics = || control.block_on(on(data.handle(), async { panic!("on purpose") }));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        // Whoever goes away takes it along.
        let (alive, ended) = oneshot::channel::<()>();
        let (begins, begun) = oneshot::channel();
        let mut waits = Box::pin(on(data.handle(), async move {
            begins.send(()).unwrap();
            future::pending::<()>().await;
            drop(alive);
        }));
        control.block_on(async {
            tokio::select! {
                () = &mut waits => {}
                begun = begun => begun.unwrap(),
            }
        });
        drop(waits);
        assert!(control.block_on(ended).is_err());
    }
}
