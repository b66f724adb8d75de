//! The only place where everything is put together, in the order in which it starts. The end is the same way back.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use execution::Execute;
use executor::Executor;
use manager::auth::password::Passwords;
use orchestrator::{
    Connections, Orchestrator, PreviewKey, Recorder, Watcher,
    egress::Egress,
    telemetry::{self, Exporter, Telemetry},
};
use store::{Data, Listener, Runs, Snapshots, Store};
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Handle,
    sync::oneshot,
    task::JoinHandle,
};

use crate::{
    certificates::Certificates,
    clock,
    config::{self, Config},
    control_plane::{self, ControlPlane, Parts},
    data_directory,
    data_plane::LocalDataPlane,
    database::Database,
    descriptors, files_directory, first_start, internal, key_file,
    readiness::Ready,
    shutdown::{self, Signals, Stopping},
    supervisor::{self, Supervisor},
    telling::tell,
    upkeep,
};

/// The sockets, which are taken before anything that takes long: an address in use is the commonest failure.
struct Sockets {
    public: TcpListener,
    internal: TcpListener,
}

/// The threads that serve apps, and for how many cores they are.
pub(crate) struct DataThreads {
    pub(crate) handle: Handle,
    pub(crate) cores: usize,
}

/// What a command has beside the server.
pub(crate) struct Beside {
    /// Sees each answer.
    pub(crate) watcher: Option<Arc<dyn Watcher>>,
    /// Called once, when requests are answered. The time is how long that took.
    pub(crate) ready: SayReady,
}

/// Says that an instance is ready.
pub(crate) type SayReady = Box<dyn FnOnce(&Config, Duration) + Send>;

/// Runs an instance until the process is told to end. On the control plane's threads; what serves apps runs on those of `data`.
pub(crate) async fn serve(config: Config, data: DataThreads, beside: Beside) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut signals = Signals::listen()?;
    data_directory::make(&config.data_dir)?;
    let public = bind(&data.handle, "bind", config.bind).await?;
    let sockets = Sockets { public, internal: internal::bind(config.internal_bind).await? };
    let database = tokio::select! {
        database = Database::open(&config) => database?,
        () = signals.wait() => return Ok(()),
    };
    let served = async {
        let store = files_directory::open(&config, key_file::unlock(&config, &database.store).await?)?;
        serve_from(&config, &store, sockets, &data, beside, &mut signals, started).await
    };
    let served = Box::pin(served).await;
    let closed = database.close().await;
    served.and(closed)
}

async fn serve_from(
    config: &Config,
    store: &Store,
    sockets: Sockets,
    data: &DataThreads,
    beside: Beside,
    signals: &mut Signals,
    started: Instant,
) -> anyhow::Result<()> {
    let (data, cores) = (&data.handle, data.cores);
    let supervisor = Supervisor::of(&config.service_manager)?;
    let recorder = Recorder::default();
    let (telemetry, exporter) = Telemetry::new(config.telemetry.clone());
    let left = Left { recorder: recorder.clone(), telemetry: telemetry.clone(), watcher: beside.watcher };
    let passwords = Passwords::new(cores);
    let (executor, orchestrator) = tokio::select! {
        prepared = prepare(config, store, &passwords, cores, &left, data) => prepared?,
        () = signals.wait() => return Ok(()),
    };

    let stopping = Stopping::new(supervisor.clone());
    let ready = Arc::new(Ready {
        store: store.clone(),
        orchestrator: Arc::clone(&orchestrator),
        recorder: recorder.clone(),
        telemetry,
        executor: Arc::clone(&executor),
        stopping: stopping.subscribe(),
    });
    let (data_plane, announcements) = LocalDataPlane::new(Arc::clone(&orchestrator), data.clone(), store.snapshots(), &recorder);
    let parts = Parts {
        store: store.clone(),
        guest: executor.guest_digest().to_owned(),
        executor,
        data_plane: Arc::new(data_plane),
        passwords,
        ready: Arc::clone(&ready),
        stopping: stopping.subscribe(),
    };
    let state = control_plane::state(config, parts);
    let control = ControlPlane {
        router: manager::router(Arc::clone(&state)),
        runtime: Handle::current(),
        trusted_proxies: config.trusted_proxies.clone(),
    };

    let mut background = Background {
        write: data.spawn(write(recorder.clone(), store.runs())),
        export: exporter.map(Export::start),
        jobs: data.spawn(run_jobs(Arc::clone(&orchestrator), store.data(), shutdown::begun(stopping.subscribe()))),
        others: vec![
            tokio::spawn(announcements),
            tokio::spawn(upkeep::run(store.runs(), config.retention, store.control(), store.data())),
            tokio::spawn(manager::keep_proving_domains(state)),
            tokio::spawn(internal::serve(sockets.internal, ready, Certificates::new(Arc::clone(&orchestrator)), stopping.subscribe())),
            tokio::spawn(supervisor::keep_alive(supervisor.clone(), data.clone())),
        ],
    };
    background.others.extend(beside_requests(&orchestrator, store, data));
    let served = data.spawn(orchestrator.serve(sockets.public, Arc::new(control), shutdown::begun(stopping.subscribe())));
    supervisor.ready();
    (beside.ready)(config, started.elapsed());

    signals.wait().await;
    stopping.begin();
    drain(served, &mut background, signals).await?;
    recorder.end();
    background.end().await;
    Ok(())
}

/// What the data plane does beside requests and jobs.
fn beside_requests(orchestrator: &Arc<Orchestrator>, store: &Store, data: &Handle) -> [JoinHandle<()>; 3] {
    let orchestrator = || Arc::clone(orchestrator);
    [
        data.spawn(follow(orchestrator(), store.snapshots(), store.listener())),
        data.spawn(carry_messages(orchestrator(), store.data())),
        data.spawn(stop_splits(orchestrator(), store.runs())),
    ]
}

/// Waits until the last request and the last job have ended.
async fn drain(served: JoinHandle<()>, background: &mut Background, signals: &mut Signals) -> anyhow::Result<()> {
    let drained = async { (served.await, background.jobs_ended().await) };
    tokio::select! {
        (ended, ()) = drained => ended.context("the server failed"),
        // The second signal: whoever sends it does not want to wait.
        () = signals.wait() => Ok(()),
    }
}

/// Everything that has to be there before the first request.
async fn prepare(
    config: &Config,
    store: &Store,
    passwords: &Passwords,
    cores: usize,
    left: &Left,
    data: &Handle,
) -> anyhow::Result<(Arc<Executor>, Arc<Orchestrator>)> {
    // Boxed: needed once in an instance's life, and as large as everything it may do.
    Box::pin(first_start::prepare(config, store, passwords, clock::now())).await?;
    // Today's partitions must be there before the first row.
    store.runs().maintain(clock::now(), config.retention).await.context("could not prepare the tables of executions")?;
    if matches!(config.database, config::Database::Private { .. }) {
        // Nobody else uses it, so what was running when the process ended need not wait for its lease.
        store.data().end_leases().await.context("could not prepare the queue")?;
    }
    let executor = start_executor(config, cores).await?;
    let orchestrator = load_apps(config, store, &executor, left, data).await?;
    Ok((executor, orchestrator))
}

/// Where executions leave what is to be known of them.
struct Left {
    recorder: Recorder,
    telemetry: Telemetry,
    watcher: Option<Arc<dyn Watcher>>,
}

/// The task that sends spans, until its sender is dropped.
struct Export {
    until: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Export {
    fn start(exporter: Exporter) -> Self {
        let (until, ended) = oneshot::channel();
        // Nothing is ever sent: the sender goes.
        Self { until, task: tokio::spawn(exporter.run(async { drop(ended.await) })) }
    }

    async fn end(self) {
        drop(self.until);
        shutdown::finish("the spans of executions", self.task).await;
    }
}

/// What runs beside the server.
struct Background {
    /// Ends by itself, when everything is written.
    write: JoinHandle<()>,
    /// `None`: nothing is exported.
    export: Option<Export>,
    /// Ends like the server: when no job runs any more.
    jobs: JoinHandle<()>,
    /// End never.
    others: Vec<JoinHandle<()>>,
}

impl Background {
    /// Waits until the last job has ended, or has had its time.
    async fn jobs_ended(&mut self) {
        // What was aborted ends with an error that says so.
        let _ = (&mut self.jobs).await;
    }

    /// Leaves nothing that holds a connection: the database is closed next.
    async fn end(self) {
        self.jobs.abort();
        shutdown::finish("the rows of executions", self.write).await;
        if let Some(export) = self.export {
            export.end().await;
        }
        for task in self.others {
            task.abort();
            // What was aborted ends with an error that says so.
            let _ = task.await;
        }
    }
}

async fn write(recorder: Recorder, runs: Runs) {
    recorder.write(runs).await;
}

async fn run_jobs(orchestrator: Arc<Orchestrator>, data: Data, shutdown: impl Future<Output = ()>) {
    orchestrator.run_jobs(data, shutdown).await;
}

async fn carry_messages(orchestrator: Arc<Orchestrator>, data: Data) {
    orchestrator.carry_messages(data).await;
}

async fn follow(orchestrator: Arc<Orchestrator>, snapshots: Snapshots, listener: Listener) {
    orchestrator.follow(snapshots, listener).await;
}

async fn stop_splits(orchestrator: Arc<Orchestrator>, runs: Runs) {
    orchestrator.stop_splits(runs).await;
}

/// Connections that may wait to be accepted, if the system allows so many (`net.core.somaxconn`). With the 128 of the library a burst of clients is enough that
/// others are dropped, who then try again after a second, after three, after seven.
const WAITING_TO_BE_ACCEPTED: u32 = 4_096;

/// Registered with the threads that will accept from it.
async fn bind(data: &Handle, key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = data.spawn(async move { listen(address) }).await.context("the server failed")?;
    bound.with_context(|| format!("could not listen on {address} ({key}); is it in use?"))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_TO_BE_ACCEPTED)
}

async fn start_executor(config: &Config, cores: usize) -> anyhow::Result<Arc<Executor>> {
    let cache_dir = config.cache_dir.clone();
    if !cache_dir.exists() {
        tell("Compiling the sandbox for this machine (once, some seconds).");
    }
    let compilations = u32::try_from(cores).unwrap_or(1);
    let settings = executor::Settings { cache_dir, concurrency: config.concurrency, compilations };
    Executor::start(&settings).await.context("could not start the executor")
}

async fn load_apps(
    config: &Config,
    store: &Store,
    executor: &Arc<Executor>,
    left: &Left,
    data: &Handle,
) -> anyhow::Result<Arc<Orchestrator>> {
    let preview_key = preview_key(store).await?;
    let settings = orchestrator::Config {
        instance_host: config.host.clone(),
        base_domain: config.base_domain.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        concurrency: config.concurrency as usize,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        guest: executor.guest_digest().to_owned(),
        egress: Arc::new(
            Egress::new(config.egress.clone(), preview_key.clone(), config.resolvers()).context("could not start the data plane")?,
        ),
        preview_key,
        clock: clock::now_ms,
        telemetry: left.telemetry.clone(),
        watcher: left.watcher.clone(),
        connections: connections(config),
    };
    let executor: Arc<dyn Execute> = Arc::<Executor>::clone(executor);
    let orchestrator = Arc::new(Orchestrator::new(settings, executor, left.recorder.clone()).context("could not start the data plane")?);
    let (loading, snapshots) = (Arc::clone(&orchestrator), store.snapshots());
    let loaded = data.spawn(async move { loading.load(&snapshots).await }).await.context("the server failed")?;
    loaded.context("could not load the apps")?;
    Ok(orchestrator)
}

/// All apps, ready to run and not to be reached, for a trial on a database of its own.
pub(crate) async fn load_for_a_trial(config: &Config, store: &Store, executor: &Arc<Executor>) -> anyhow::Result<Arc<Orchestrator>> {
    let (telemetry, _nobody) = Telemetry::new(telemetry::Settings { endpoint: None, ..config.telemetry.clone() });
    load_apps(config, store, executor, &Left { recorder: Recorder::default(), telemetry, watcher: None }, &Handle::current()).await
}

/// Made at the first start, and kept in the database, so that all nodes have the same.
async fn preview_key(store: &Store) -> anyhow::Result<PreviewKey> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).context("no random bytes from the operating system")?;
    let secret = store.control().preview_secret(fresh).await.context("could not read the key of previews")?;
    Ok(PreviewKey::new(secret))
}

fn connections(config: &Config) -> Connections {
    let most = Connections::default();
    let usual = Connections { drain: shutdown::DRAIN, total_max: descriptors::connections(most.total_max), ..most };
    // On one machine there is no balancer that would have to notice first.
    if config.is_loopback_only() { Connections { drain_accept: Duration::ZERO, ..usual } } else { usual }
}
