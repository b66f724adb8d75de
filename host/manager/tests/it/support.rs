//! One instance per test: a fresh database, the router, a clock that the test moves, and callers of every kind.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use manager::{
    Client, DomainProof, Readiness, State, Streams, UsageTurns, Versions,
    auth::{password::Passwords, throttle::Throttle},
    dns::Resolvers,
};
use serde_json::{Value, json};
use store::{AppRef, AppRole, AppStore, InstanceRole, NewAdmin, Person, Principal, testing::Fresh};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::fake::{FakeDataPlane, FakeExecutor};

pub(crate) const ORIGIN: &str = "http://localhost:8080";
pub(crate) const PASSWORD: &str = "a long enough password";

/// The instance.
pub(crate) struct Instance {
    pub(crate) router: Router,
    pub(crate) state: Arc<State>,
    pub(crate) plane: Arc<FakeDataPlane>,
    pub(crate) owner: Principal,
    clock_ms: Arc<AtomicI64>,
    pub(crate) stop: watch::Sender<bool>,
    /// Last: dropping it drops the database.
    pub(crate) database: Fresh,
}

impl Instance {
    /// Everything on loopback, with one owner named `owner`.
    pub(crate) async fn new() -> Self {
        Self::with(DomainProof::NotOnLoopback).await
    }

    pub(crate) async fn with(domain_proof: DomainProof) -> Self {
        Self::asking(domain_proof, Resolvers::default()).await
    }

    /// An instance whose proofs of domains are looked for there.
    pub(crate) async fn asking(domain_proof: DomainProof, resolvers: Resolvers) -> Self {
        let database = store::testing::fresh().await;
        let clock_ms = Arc::new(AtomicI64::new(1_800_000_000_000));
        let (plane, (stop, stopping)) = (Arc::new(FakeDataPlane::default()), watch::channel(false));
        let clock = clock_ms.clone();
        let state = Arc::new(State {
            control: database.store.control(),
            executor: Arc::new(FakeExecutor),
            data_plane: plane.clone(),
            origins: vec![ORIGIN.to_owned(), "http://127.0.0.1:8080".to_owned()],
            instance_hosts: vec!["localhost".to_owned()],
            base_domain: "localhost".to_owned(),
            domain_proof,
            resolvers,
            clock: Arc::new(move || Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).unwrap()),
            readiness: Arc::new(|| Box::pin(async { Readiness::Degraded("The database is away.".to_owned()) })),
            versions: Versions { product: "0.1.0".into(), api: "1".into(), schema: 4, script_sdk: "1".into(), guest: "none".into() },
            dashboard: crate::dashboard::FILES,
            passwords: Passwords::new(2),
            throttle: Throttle::default(),
            usage_turns: UsageTurns::default(),
            streams: Streams::default(),
            stopping,
        });
        let password_hash = state.passwords.hash(PASSWORD.to_owned()).await.unwrap();
        let owner = new_admin("owner", InstanceRole::Owner, password_hash, state.now());
        let owner = state.control.create_first_owner(&owner).await.unwrap().unwrap();
        Self { router: manager::router(state.clone()), state, plane, owner, clock_ms, stop, database }
    }

    /// The same instance, whose operator allows this much at most.
    pub(crate) fn with_ceilings(mut self, ceilings: execution::Ceilings) -> Self {
        self.database.store = self.database.store.clone().with_ceilings(ceilings);
        self.restart();
        self
    }

    /// The same instance in another process: what was only in memory is gone.
    pub(crate) fn restart(&mut self) {
        self.rebuild(|_| {});
    }

    /// The same instance under other names.
    pub(crate) fn at(mut self, host: &str, base_domain: &str) -> Self {
        self.rebuild(|state| (state.instance_hosts, state.base_domain) = (vec![host.to_owned()], base_domain.to_owned()));
        self
    }

    fn rebuild(&mut self, change: impl FnOnce(&mut State)) {
        let old = &self.state;
        let clock = self.clock_ms.clone();
        let mut state = State {
            control: self.database.store.control(),
            executor: old.executor.clone(),
            data_plane: old.data_plane.clone(),
            origins: old.origins.clone(),
            instance_hosts: old.instance_hosts.clone(),
            base_domain: old.base_domain.clone(),
            domain_proof: old.domain_proof,
            resolvers: old.resolvers.clone(),
            clock: Arc::new(move || Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).unwrap()),
            readiness: old.readiness.clone(),
            versions: old.versions.clone(),
            dashboard: crate::dashboard::FILES,
            passwords: Passwords::new(2),
            throttle: Throttle::default(),
            usage_turns: UsageTurns::default(),
            streams: Streams::default(),
            stopping: old.stopping.clone(),
        };
        change(&mut state);
        self.state = Arc::new(state);
        self.router = manager::router(self.state.clone());
    }

    /// Moves the clock on.
    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.clock_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Sends one request and reads the whole answer, which has to be as it is documented.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_stream = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let bytes = if is_stream { Vec::new() } else { body.collect().await.unwrap().to_bytes().into() };
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status: parts.status, headers: parts.headers, json, bytes };
        if !is_stream {
            crate::documented::check(&method, &path, &answer);
        }
        answer
    }

    /// Somebody without any credential.
    pub(crate) fn stranger(&self) -> Caller<'_> {
        Caller { instance: self, headers: HeaderMap::new(), address: Ipv4Addr::LOCALHOST.into() }
    }

    /// Logs in with the password that all have here.
    pub(crate) async fn log_in(&self, username: &str) -> Caller<'_> {
        let answer = self.stranger().post("/api/v1/admin/session", &json!({ "username": username, "password": PASSWORD })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        self.stranger().with("cookie", &cookie).with("origin", ORIGIN)
    }

    pub(crate) async fn owner(&self) -> Caller<'_> {
        self.log_in("owner").await
    }

    /// An admin with the password that all have here.
    pub(crate) async fn admin(&self, username: &str, role: InstanceRole) -> store::Admin {
        let instance = self.state.control.authorize_instance(&self.owner, |_| Ok::<_, Infallible>(())).await.unwrap();
        // The same hash for all: hashing is what takes time in these tests.
        let hash = self.state.control.login_facts("owner").await.unwrap().unwrap().password_hash;
        instance.create_admin(&new_admin(username, role, hash, self.state.now())).await.unwrap()
    }

    /// A person of the instance role `member` with a role in an app.
    pub(crate) async fn member(&self, username: &str, app: &str, role: AppRole) {
        let admin = self.admin(username, InstanceRole::Member).await;
        self.open(app).await.add_member(&Person::Id(admin.id), role, self.state.now()).await.unwrap();
    }

    /// The store of an app, by the owner's right.
    pub(crate) async fn open(&self, app: &str) -> AppStore {
        self.state.control.authorize(&self.owner, &AppRef::parse(app), |_| Ok::<_, Infallible>(())).await.unwrap()
    }
}

fn new_admin(username: &str, role: InstanceRole, password_hash: String, now: Timestamp) -> NewAdmin {
    NewAdmin { username: username.to_owned(), display_name: username.to_owned(), password_hash, role, now }
}

/// Sends requests with the same headers.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    pub(crate) instance: &'a Instance,
    headers: HeaderMap,
    address: IpAddr,
}

impl Caller<'_> {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// From another place.
    pub(crate) fn from(mut self, address: &str) -> Self {
        self.address = address.parse().unwrap();
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        *request.headers_mut() = self.headers.clone();
        if let Some(body) = body {
            request.headers_mut().entry(header::CONTENT_TYPE).or_insert("application/json".parse().unwrap());
            *request.body_mut() = Body::from(serde_json::to_vec(body).unwrap());
        }
        request.extensions_mut().insert(Client { address: self.address });
        request
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.instance.send(self.request(method, path, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// An app with this slug.
    pub(crate) async fn app(&self, slug: &str) -> Answer {
        self.post("/api/v1/admin/apps", &json!({ "slug": slug })).await.expect(201)
    }

    /// A script of this name; its id.
    pub(crate) async fn script(&self, app: &str, name: &str) -> String {
        let body = json!({ "app": app, "name": name, "source": format!("// {name}\n1") });
        self.post("/api/v1/admin/scripts", &body).await.expect(201).text("/id")
    }

    /// A key of this caller; a caller who sends it.
    pub(crate) async fn key(&self, scopes: &[&str], app: Option<&str>) -> Self {
        let body = json!({ "name": "test", "scopes": scopes, "app": app });
        let key = self.post("/api/v1/admin/api-keys", &body).await.expect(201).text("/key");
        Self { headers: HeaderMap::new(), ..self.clone() }.with("authorization", &format!("Bearer {key}"))
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null if the body is none.
    pub(crate) json: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.json, String::from_utf8_lossy(&self.bytes));
        self
    }

    /// A problem of this type.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, slug: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.text("/type"), format!("/problems/{slug}"), "{}", answer.json);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.text("/request_id"), answer.headers["x-request-id"].to_str().unwrap());
        assert_eq!(answer.json["status"], status);
        answer
    }

    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.json.pointer(pointer).unwrap_or(&Value::Null)
    }

    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer} in {}", self.json)).to_owned()
    }

    pub(crate) fn etag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }
}
