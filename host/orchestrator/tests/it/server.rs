//! A server to talk to in raw bytes, and the executor behind it.

use std::{collections::HashMap, fmt::Write as _, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use execution::{
    AppLimits, CompileError, CompileErrorKind, Compiled, Effects, Execute, Failure, FailureKind, Image, Invocation, Limits, LogLine, Logs,
    Modules, Outcome, Response as Answer, Services, Source, Usage,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use orchestrator::{
    Config, Connections, Control, ControlBody, Orchestrator, PreviewKey, Recorder, Timed, TrustedProxies,
    egress::{Egress, OperatorRules},
};
use store::{AppId, AppSnapshot, Digest, DomainKind, RouteId, ScriptId, ScriptKind, SnapshotRoute, SnapshotScript};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

/// Runs scripts whose lines are orders: `status 201`, `header name: value`, `body text`, `echo`, `fail fuel`, `wait`.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    /// An execution that waits has begun.
    pub(crate) waiting: Notify,
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Execute for Scripted {
    fn compile<'a>(&'a self, source: &'a Source, _modules: &'a Modules) -> BoxFuture<'a, Result<Compiled, CompileError>> {
        Box::pin(async move {
            if source.text.contains("syntax error here") {
                return Err(CompileError {
                    kind: CompileErrorKind::Syntax,
                    message: "expected something else".to_owned(),
                    script: source.name.clone(),
                    line: 1,
                    column: 1,
                });
            }
            Ok(Compiled { image: Image::new(source.text.as_bytes()), uses: Vec::new() })
        })
    }

    fn execute<'a>(&'a self, image: &'a Image, invocation: &'a Invocation, _: &'a Limits, _: Box<dyn Services>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let text = image.open();
            let text = std::str::from_utf8(&text).unwrap();
            let mut answer = Answer { status: 200, ..Answer::default() };
            let mut failed = None;
            for (order, rest) in text.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))) {
                match order {
                    "status" => answer.status = rest.parse().unwrap(),
                    "header" => {
                        let (name, value) = rest.split_once(": ").unwrap();
                        answer.headers.push((name.to_owned(), value.replace("\\n", "\r\n")));
                    }
                    "body" => answer.body = rest.into(),
                    "size" => answer.body = vec![b'a'; rest.parse().unwrap()],
                    "echo" => answer.body = described(invocation).into(),
                    "fail" => failed = Some(Failure { kind: kind(rest), message: "SECRET of the script".to_owned(), trace: Vec::new() }),
                    "wait" => {
                        self.waiting.notify_one();
                        std::future::pending::<()>().await;
                    }
                    other => panic!("unknown order {other}"),
                }
            }
            let logs = Logs { lines: vec![LogLine { level: execution::Level::Info, message: "ran".to_owned(), fields: None }], dropped: 0 };
            Outcome {
                result: failed.map_or(Ok(answer), Err),
                usage: Usage::default(),
                logs,
                calls: Vec::new(),
                effects: Effects::default(),
            }
        })
    }
}

fn kind(word: &str) -> FailureKind {
    use FailureKind::{Conflict, Deadline, Error, Fuel, HostCalls, Internal, InvalidResponse, Memory, Quota, StateUnavailable};
    [Error, InvalidResponse, Deadline, Fuel, Memory, HostCalls, Conflict, StateUnavailable, Quota, Internal]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .unwrap()
}

/// What a script sees, one line each.
fn described(invocation: &Invocation) -> String {
    let request = invocation.request.as_ref().unwrap();
    let mut text = format!("{} {} {} {} {}\n", request.method, request.scheme, request.host, request.path, request.client_ip);
    writeln!(text, "app={} deployment={} script={}", invocation.app, invocation.deployment, invocation.script_name).unwrap();
    for (what, pairs) in [("param", &request.params), ("query", &request.query), ("header", &request.headers)] {
        for (name, value) in pairs {
            writeln!(text, "{what} {name}={value}").unwrap();
        }
    }
    writeln!(text, "body {}", String::from_utf8_lossy(&request.body)).unwrap();
    text
}

/// A control plane that says who it is.
struct Dashboard;

impl Control for Dashboard {
    fn call(&self, request: Request<Timed>, _: SocketAddr) -> Pin<Box<dyn Future<Output = Response<ControlBody>> + Send>> {
        Box::pin(async move {
            let body = format!("control plane at {}", request.uri().path());
            Response::new(Full::from(body).map_err(|never| match never {}).boxed_unsync())
        })
    }
}

/// A server on loopback.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) executor: Arc<Scripted>,
    pub(crate) recorder: Recorder,
    pub(crate) orchestrator: Arc<Orchestrator>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// Times so long that no test meets them by accident.
pub(crate) fn patient() -> Connections {
    Connections { drain_accept: Duration::ZERO, ..Connections::default() }
}

impl Server {
    /// Serves the app `shop` with these routes: method (`*`: any), path, script.
    pub(crate) async fn start(routes: &[(&str, &str, &str)]) -> Self {
        Self::start_with(routes, patient()).await
    }

    pub(crate) async fn start_with(routes: &[(&str, &str, &str)], connections: Connections) -> Self {
        let server = Self::empty(connections).await;
        let (app, sources) = shop(routes);
        server.orchestrator.load_given(vec![app], &sources).await;
        server
    }

    /// The same, where the app as a whole may use this.
    pub(crate) async fn start_limited(routes: &[(&str, &str, &str)], limits: AppLimits) -> Self {
        let server = Self::empty(patient()).await;
        server.give(routes, limits).await;
        server
    }

    /// Another version of the app.
    pub(crate) async fn give(&self, routes: &[(&str, &str, &str)], limits: AppLimits) {
        let (app, sources) = shop(routes);
        self.orchestrator.load_given(vec![AppSnapshot { app_limits: limits, ..app }], &sources).await;
    }

    /// A server that has nothing to serve yet.
    pub(crate) async fn empty(connections: Connections) -> Self {
        let config = Config {
            instance_host: "localhost".to_owned(),
            base_domain: "apps.test".to_owned(),
            trusted_proxies: TrustedProxies::default(),
            concurrency: 4,
            preview_key: PreviewKey::new([7; 32]),
            guest: "guest".to_owned(),
            egress: Arc::new(Egress::new(OperatorRules::default(), PreviewKey::new([7; 32]), Vec::new()).unwrap()),
            clock: || 1_700_000_000_000,
            telemetry: orchestrator::telemetry::Telemetry::default(),
            watcher: None,
            cores: 2,
            connections,
        };
        let executor = Arc::new(Scripted::default());
        let running: Arc<dyn Execute> = executor.clone();
        let recorder = Recorder::default();
        let orchestrator = Arc::new(Orchestrator::new(config, running, recorder.clone()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(Arc::clone(&orchestrator).serve(listener, Arc::new(Dashboard), async {
            let _ = stopped.await;
        }));
        Self { address, executor, recorder, orchestrator, stop: Some(stop), serving }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and returns everything that comes back until the server closes.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_to_end(&mut stream).await
    }

    /// One request to the shop without a body, on a connection of its own.
    pub(crate) async fn get(&self, target: &str) -> String {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: shop.apps.test\r\nConnection: close\r\n\r\n")).await
    }

    /// Returns when no execution runs; the deadline is far beyond what that takes.
    pub(crate) async fn until_all_sandboxes_are_free(&self) {
        let free = async {
            while self.orchestrator.free_sandboxes() < 4 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), free).await.unwrap();
    }

    /// Tells the server to stop; it returns when all has ended.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn ended(self) {
        self.serving.await.unwrap();
    }
}

/// Everything until the server closes; a reset counts as the end.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer with a `content-length`, on a connection that stays open.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text.into_owned();
            }
        }
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the connection ended after {:?}", String::from_utf8_lossy(&bytes));
    }
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn shop(routes: &[(&str, &str, &str)]) -> (AppSnapshot, HashMap<Digest, String>) {
    let id = |number: usize| Uuid::from_u128(number as u128);
    let digest = |number: usize| Digest::from([u8::try_from(number).unwrap(); 32]);
    let numbered = || routes.iter().enumerate();
    let app = AppSnapshot {
        app_id: AppId::from(id(1000)),
        split: None,
        asset_set: None,
        slug: "shop".to_owned(),
        limits: Limits { request_body_bytes: 16, ..Limits::default() },
        app_limits: AppLimits::default(),
        deployment: 7,
        deployment_id: None,
        egress: Vec::new(),
        triggers: Vec::new(),
        secrets: None,
        hosts: vec![("shop.example".to_owned(), DomainKind::Exact), ("wild.example".to_owned(), DomainKind::Wildcard)],
        routes: numbered()
            .map(|(number, (method, path, _))| SnapshotRoute {
                route: RouteId::from(id(number)),
                target: ScriptId::from(id(number)).into(),
                method: (*method != "*").then(|| (*method).to_owned()),
                host: None,
                path: (*path).to_owned(),
            })
            .collect(),
        scripts: numbered()
            .map(|(number, _)| SnapshotScript {
                script: ScriptId::from(id(number)),
                name: format!("script-{number}"),
                kind: ScriptKind::Endpoint,
                source: digest(number),
            })
            .collect(),
    };
    (app, numbered().map(|(number, (.., source))| (digest(number), (*source).to_owned())).collect())
}
