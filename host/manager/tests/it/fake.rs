//! The neighbours of the control plane, in memory.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use execution::{
    CompileError, CompileErrorKind, Compiled, Execute, HttpRequest, Image, Invocation, Limits, Modules, Outcome, Replayed, Services,
    Source,
    replay::{Fault, Faulted, Faults, KeptRecording},
};
use manager::{AssetMatch, BoxFuture, DataPlane, InvokeError, Invoked, ReplayError, RouteField, RouteMatch, RouteRefusal, RouteSpec};
use store::{AssetSet, StaticTerms};
use tokio::sync::broadcast;
use uuid::Uuid;

/// Takes any text for a script that parses, but for one that holds these words.
const WRONG: &str = "syntax error here";

/// A parser that looks for two words.
pub(crate) struct FakeExecutor;

impl Execute for FakeExecutor {
    fn compile<'a>(&'a self, source: &'a Source, modules: &'a Modules) -> BoxFuture<'a, Result<Compiled, CompileError>> {
        Box::pin(async move {
            let Some(at) = source.text.find(WRONG) else {
                let mut uses = Vec::new();
                imports(&source.text, modules, &mut uses);
                return Ok(Compiled { image: Image::new(&[]), uses });
            };
            let before = &source.text[..at];
            let line = u32::try_from(before.matches('\n').count() + 1).unwrap();
            let column = u32::try_from(before.rsplit('\n').next().unwrap().chars().count() + 1).unwrap();
            Err(CompileError {
                kind: CompileErrorKind::Syntax,
                message: "Unexpected words.".to_owned(),
                script: source.name.clone(),
                line,
                column,
            })
        })
    }

    fn execute<'a>(&'a self, _: &'a Image, _: &'a Invocation, _: &'a Limits, _: Box<dyn Services>) -> BoxFuture<'a, Outcome> {
        unreachable!("the control plane runs nothing itself")
    }
}

/// Adds the modules that a text imports, and those that they do.
fn imports(text: &str, modules: &Modules, uses: &mut Vec<String>) {
    for name in text.split("import \"").skip(1).filter_map(|rest| rest.split('"').next()) {
        if let Some(module) = modules.get(name)
            && !uses.iter().any(|known| known == name)
        {
            uses.push(name.to_owned());
            imports(module, modules, uses);
        }
    }
}

/// A data plane that remembers what it was asked.
pub(crate) struct FakeDataPlane {
    /// How often the queue was to be looked at.
    pub(crate) woken: AtomicUsize,
    /// What `invoke` answers; `NotLoaded` if nothing was set.
    pub(crate) answer: Mutex<Option<Result<Invoked, InvokeError>>>,
    /// What `invoke` was given.
    pub(crate) invoked: Mutex<Vec<(Uuid, HttpRequest)>>,
    /// Apps that `refresh` was called for.
    pub(crate) refreshed: Mutex<Vec<Uuid>>,
    pub(crate) logs: broadcast::Sender<Uuid>,
}

impl Default for FakeDataPlane {
    fn default() -> Self {
        Self {
            woken: AtomicUsize::new(0),
            answer: Mutex::new(None),
            invoked: Mutex::default(),
            refreshed: Mutex::default(),
            logs: broadcast::channel(16).0,
        }
    }
}

impl DataPlane for FakeDataPlane {
    fn invoke(&self, script_id: Uuid, request: HttpRequest) -> BoxFuture<'_, Result<Invoked, InvokeError>> {
        self.invoked.lock().unwrap().push((script_id, request));
        let answer = self.answer.lock().unwrap().clone().unwrap_or(Err(InvokeError::NotLoaded));
        Box::pin(async move { answer })
    }

    fn replay<'a>(&'a self, _: Uuid, kept: &'a KeptRecording, deployment: Option<u32>) -> BoxFuture<'a, Result<Replayed, ReplayError>> {
        let recording = kept.open(|_| None).map_err(|why| ReplayError::NotReplayable(why.to_string()));
        Box::pin(async move {
            let recording = recording?;
            let number = deployment.unwrap_or(recording.invocation.deployment);
            if number > 90 {
                return Err(ReplayError::NoCode(format!("There is no deployment {number}.")));
            }
            Ok(Replayed {
                deployment: number,
                replayed: recording.ended.clone(),
                recorded: recording.ended,
                same_guest: true,
                calls: recording.calls.len(),
                divergence: None,
                unanswered: Vec::new(),
            })
        })
    }

    fn try_faults<'a>(&'a self, _: Uuid, kept: &'a KeptRecording) -> BoxFuture<'a, Result<Faults, ReplayError>> {
        let recording = kept.open(|_| None).map_err(|why| ReplayError::NotReplayable(why.to_string()));
        let ran =
            |fault, outcome: &str, writes, sent| Faulted { fault, outcome: outcome.to_owned(), status: None, message: None, writes, sent };
        let runs = vec![ran(Fault::Call(0), "error", 0, 1), ran(Fault::Fuel(7), "fuel", 0, 0), ran(Fault::Conflict, "conflict", 0, 1)];
        Box::pin(async move { recording.map(|_| Faults { runs, not_shown: 0 }) })
    }

    fn refresh(&self, app: Uuid) -> BoxFuture<'_, ()> {
        self.refreshed.lock().unwrap().push(app);
        Box::pin(async {})
    }

    fn wake_queue(&self) {
        self.woken.fetch_add(1, Ordering::SeqCst);
    }

    fn published(&self) {}

    fn canonical_host(&self, host: &str) -> Result<String, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        if !(1..=253).contains(&host.len()) || !host.bytes().all(fits) {
            return Err(format!("`{host}` is no host name."));
        }
        Ok(host.trim_end_matches('.').to_ascii_lowercase())
    }

    fn egress_host(&self, host: &str) -> Result<String, String> {
        match host.strip_prefix("*.") {
            _ if host == "*" => Ok(host.to_owned()),
            Some(name) => self.canonical_host(name).map(|name| format!("*.{name}")),
            None => self.canonical_host(host),
        }
    }

    fn check_routes(&self, routes: &[RouteSpec]) -> Vec<(Uuid, RouteRefusal)> {
        let mut refused = Vec::new();
        for (at, route) in routes.iter().enumerate() {
            if !route.path.starts_with('/') {
                let message = "A path begins with /.".to_owned();
                refused.push((route.id, RouteRefusal::Invalid { field: RouteField::Path, message }));
            }
            let same = |other: &&RouteSpec| (&other.method, &other.host, &other.path) == (&route.method, &route.host, &route.path);
            refused.extend(routes[..at].iter().find(same).map(|other| (route.id, RouteRefusal::Conflict { with: other.id })));
        }
        refused
    }

    fn match_route(&self, routes: &[RouteSpec], _: &str, method: &str, path: &str) -> Result<RouteMatch, String> {
        let here: Vec<&RouteSpec> = routes.iter().filter(|route| route.path == path).collect();
        let hit = here.iter().find(|route| route.method.as_deref().is_none_or(|own| own == method));
        Ok(RouteMatch {
            route: hit.map(|route| route.id),
            params: Vec::new(),
            allow: if hit.is_some() { Vec::new() } else { here.iter().filter_map(|route| route.method.clone()).collect() },
            why: "The paths are equal.".to_owned(),
        })
    }

    fn match_asset(&self, assets: &AssetSet, _: &StaticTerms, path: &str) -> Result<AssetMatch, String> {
        let asset = |_| AssetMatch::Asset { path: path.to_owned(), status: 200, why: "It has this path." };
        Ok(assets.find(path).map_or(AssetMatch::Nothing, asset))
    }

    fn preview_link(&self, app: Uuid, deployment: u32, expires: u64) -> String {
        format!("/preview-of-{deployment}-{app}-until-{expires}")
    }

    fn subscribe_logs(&self) -> broadcast::Receiver<Uuid> {
        self.logs.subscribe()
    }
}
