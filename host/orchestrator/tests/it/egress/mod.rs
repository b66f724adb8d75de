//! Outbound calls over real sockets: what is refused reaches nobody, what is opened works, and nothing is without an end.

mod canary;
mod limits;
mod redirects;
mod refused;
mod through;
mod upstream;

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use execution::{
    AppLimits,
    http::{Request, Response},
};
use orchestrator::{
    PreviewKey,
    egress::{
        AppEgress, Budget, CalledFrom, Checked, Dial, Egress, EgressError, Entry, Opening, OperatorRules, Outbound, Policy, Resolve,
        TcpDial,
    },
};
use rustls::RootCertStore;
use tokio::{net::TcpStream, time::Instant};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers of a resolver: per name a list of answers, given in turn.
#[derive(Debug, Default)]
pub(crate) struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    /// `name: addresses | addresses of the next time`.
    pub(crate) fn new(lines: &[&str]) -> Self {
        let addresses = |text: &str| text.split_whitespace().map(|address| address.parse().unwrap()).collect();
        let line = |line: &&str| {
            let (name, answers) = line.split_once(": ").unwrap();
            (name.to_owned(), answers.split('|').map(addresses).collect())
        };
        Self { answers: lines.iter().map(line).collect(), asked: AtomicUsize::new(0) }
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let answers = self.answers.get(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
        Box::pin(std::future::ready(answers.map(|answers| answers[turn % answers.len()].clone())))
    }
}

/// Writes down what is dialled, and dials it; public addresses, which a test must not reach, lead to one server of the test.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    dialled: Mutex<Vec<SocketAddr>>,
    stands_for_public: Option<SocketAddr>,
}

impl Watched {
    pub(crate) fn dialled(&self) -> Vec<SocketAddr> {
        self.dialled.lock().unwrap().clone()
    }
}

impl Dial for Watched {
    fn dial(&self, to: Checked) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.dialled.lock().unwrap().push(to.address());
        match self.stands_for_public {
            Some(server) if !to.address().ip().is_loopback() => Box::pin(TcpStream::connect(server)),
            Some(_) => TcpDial.dial(to),
            None if to.address().ip().is_loopback() => TcpDial.dial(to),
            None => Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into()))),
        }
    }
}

/// One app with a way out.
pub(crate) struct Way {
    pub(crate) egress: Arc<Egress>,
    pub(crate) app: Arc<AppEgress>,
    pub(crate) watched: Arc<Watched>,
}

impl Way {
    /// An app that may call every host at `ports`, with what the operator opened and what stands for the public internet.
    pub(crate) fn new(ports: &[u16], opened: &[String], names: Names, public: Option<SocketAddr>) -> Self {
        Self::with_roots(ports, opened, names, public, RootCertStore::empty())
    }

    pub(crate) fn with_roots(ports: &[u16], opened: &[String], names: Names, public: Option<SocketAddr>, roots: RootCertStore) -> Self {
        let opened = opened.iter().map(|text| text.parse::<Opening>().unwrap()).collect();
        let watched = Arc::new(Watched { dialled: Mutex::default(), stands_for_public: public });
        let rules = OperatorRules::new(opened, Vec::new());
        let dialler: Arc<dyn Dial> = watched.clone();
        let egress = Egress::with(rules, PreviewKey::new([7; 32]), Arc::new(names), dialler, roots).unwrap();
        let app = Arc::new(AppEgress::default());
        let ports = ports.iter().map(|port| Some(*port)).chain([None]);
        app.set(Policy::new(ports.map(|port| Entry { host: "*".parse().unwrap(), port, scheme: None }).collect()));
        Self { egress: Arc::new(egress), app, watched }
    }

    /// The way to one server on loopback that the operator opened.
    pub(crate) fn to(server: SocketAddr) -> Self {
        Self::new(&[server.port()], &[server.to_string()], Names::default(), None)
    }

    /// An execution with a minute to go.
    pub(crate) fn execution(&self) -> Outbound {
        self.execution_with(&AppLimits::default())
    }

    pub(crate) fn execution_with(&self, limits: &AppLimits) -> Outbound {
        self.egress.outbound(Arc::clone(&self.app), limits, CalledFrom::default(), Instant::now() + Duration::from_secs(60))
    }

    pub(crate) async fn send(&self, request: Request) -> Result<Response, EgressError> {
        self.execution().send(request, &Budget::new(64 << 20)).await.map_err(|not_answered| not_answered.error)
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Response, EgressError> {
        self.send(get(url)).await
    }
}

/// A request with time enough.
pub(crate) fn get(url: &str) -> Request {
    Request { method: "GET".to_owned(), url: url.to_owned(), timeout_ms: Some(60_000), ..Request::default() }
}
