//! The data plane on a socket of loopback, with an executor that says what it saw and answers what it is told.

use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use execution::{
    AppLimits, BoxFuture, CompileError, Compiled, Effects, Execute, HttpRequest, Image, Invocation, Limits, Logs, Modules, Outcome,
    Response as Answer, Services, Source, Usage,
};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use orchestrator::{
    Config, Connections, Control, ControlBody, Orchestrator, PreviewKey, Recorder, Timed, TrustedProxies,
    egress::{Egress, OperatorRules},
    telemetry::Telemetry,
};
use store::{AppId, AppSnapshot, Digest, RouteId, ScriptId, ScriptKind, SnapshotRoute, SnapshotScript};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use crate::sandbox::RUNTIME;

/// The host of the one app.
pub(crate) const HOST: &str = "shop.apps.test";
/// How long a connection may take that has something to say. Nothing that holds depends on it.
const PATIENCE: Duration = Duration::from_secs(100);

/// What executions answer, and what they saw.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answer: Mutex<Answer>,
    seen: Mutex<Vec<HttpRequest>>,
}

impl Execute for Script {
    fn compile<'a>(&'a self, source: &'a Source, _: &'a Modules) -> BoxFuture<'a, Result<Compiled, CompileError>> {
        let image = Image::new(source.text.as_bytes());
        Box::pin(std::future::ready(Ok(Compiled { image, uses: Vec::new() })))
    }

    fn execute<'a>(&'a self, _: &'a Image, invocation: &'a Invocation, _: &'a Limits, _: Box<dyn Services>) -> BoxFuture<'a, Outcome> {
        self.seen.lock().unwrap().extend(invocation.request.clone());
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(std::future::ready(Outcome {
            result: Ok(answer),
            usage: Usage::default(),
            logs: Logs::default(),
            calls: Vec::new(),
            effects: Effects::default(),
        }))
    }
}

/// There is no control plane.
struct Nothing;

impl Control for Nothing {
    fn call(&self, _: Request<Timed>, _: SocketAddr) -> Pin<Box<dyn Future<Output = Response<ControlBody>> + Send>> {
        let body = Full::default().map_err(|never| match never {}).boxed_unsync();
        Box::pin(std::future::ready(Response::new(body)))
    }
}

/// The server. It moves on while a connection is being spoken to.
pub(crate) struct Server {
    address: SocketAddr,
    script: Arc<Script>,
}

/// The one server.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| RUNTIME.block_on(Server::start()))
}

impl Server {
    async fn start() -> Self {
        let key = || PreviewKey::new([7; 32]);
        let config = Config {
            instance_host: "localhost".to_owned(),
            base_domain: "apps.test".to_owned(),
            trusted_proxies: TrustedProxies::default(),
            concurrency: 4,
            preview_key: key(),
            guest: "guest".to_owned(),
            egress: Arc::new(Egress::new(OperatorRules::default(), key(), Vec::new()).unwrap()),
            clock: || 1_700_000_000_000,
            telemetry: Telemetry::default(),
            watcher: None,
            cores: 2,
            connections: Connections::default(),
        };
        let script = Arc::new(Script::default());
        let running: Arc<dyn Execute> = script.clone();
        let orchestrator = Arc::new(Orchestrator::new(config, running, Recorder::default()).unwrap());
        let (app, sources) = shop();
        orchestrator.load_given(vec![app], &sources).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(orchestrator.serve(listener, Arc::new(Nothing), std::future::pending()));
        Self { address, script }
    }

    /// From now on scripts answer so.
    pub(crate) fn answer_with(&self, answer: Answer) {
        *self.script.answer.lock().unwrap() = answer;
    }

    /// Sends bytes, piece by piece, and no more; returns what came back until the end, and the requests that reached a script.
    pub(crate) async fn told(&self, pieces: &[&[u8]]) -> (Vec<u8>, Vec<HttpRequest>) {
        self.script.seen.lock().unwrap().clear();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut answered = Vec::new();
        let spoken = async {
            for piece in pieces {
                // It may have closed already.
                if stream.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let _ = stream.shutdown().await;
            // A reset counts as the end.
            let _ = stream.read_to_end(&mut answered).await;
        };
        assert!(tokio::time::timeout(PATIENCE, spoken).await.is_ok(), "the connection has not ended; so far {}", answered.escape_ascii());
        (answered, std::mem::take(&mut *self.script.seen.lock().unwrap()))
    }
}

/// An app with one script for every path, without rates that a fuzzer would meet.
fn shop() -> (AppSnapshot, HashMap<Digest, String>) {
    let (id, source) = (Uuid::from_u128(1), Digest::from([1; 32]));
    let many = 1_000_000;
    let app = AppSnapshot {
        app_id: AppId::from(Uuid::from_u128(1000)),
        split: None,
        asset_set: None,
        slug: "shop".to_owned(),
        limits: Limits::default(),
        app_limits: AppLimits {
            requests_per_second: many,
            requests_burst: many,
            client_requests_per_second: many,
            client_requests_burst: many,
            recordings_bytes: 0,
            ..AppLimits::default()
        },
        deployment: 7,
        deployment_id: None,
        egress: Vec::new(),
        triggers: Vec::new(),
        secrets: None,
        hosts: Vec::new(),
        routes: vec![SnapshotRoute {
            route: RouteId::from(id),
            target: ScriptId::from(id).into(),
            method: None,
            host: None,
            path: "/*".to_owned(),
        }],
        scripts: vec![SnapshotScript { script: ScriptId::from(id), name: "main".to_owned(), kind: ScriptKind::Endpoint, source }],
    };
    (app, HashMap::from([(source, String::new())]))
}
