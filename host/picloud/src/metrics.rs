//! The figures of this process for Prometheus: `/metrics` on the internal listener.
//!
//! Nothing in them is a name, a host or a path (S-9.9). The one label that says whose something is is the id of an app, of the first 200 that have
//! run something since the start; all others are `other`. What the database is asked for it is given a second; while it is away, those families
//! have no samples, and everything else does.

use orchestrator::metrics::{AppFigures, Figures};
use store::QueueFigures;
use tokio::time::timeout;

use crate::{
    exposition::{
        Exposition,
        Kind::{Counter, Gauge},
    },
    readiness::{PATIENCE, Ready},
};

/// Apps without counters of their own.
const OTHER: &str = "other";
/// Microseconds in a second.
const US: f64 = 1_000_000.0;

/// Everything, as of now.
pub(crate) async fn text(ready: &Ready) -> String {
    let data = ready.store.data();
    // Beside each other, so that a database that is away costs a second and not two.
    let (ping, queue) = tokio::join!(timeout(PATIENCE, ready.store.ping()), timeout(PATIENCE, data.queue_figures()));
    let (is_up, queue) = (matches!(ping, Ok(Ok(()))), queue.ok().and_then(Result::ok));
    let mut to = Exposition::default();
    let figures = ready.orchestrator.figures();
    process(&mut to);
    live(&mut to, ready);
    executions(&mut to, &figures);
    requests(&mut to, ready, &figures);
    sandboxes(&mut to, ready);
    kept(&mut to, ready, &figures);
    database(&mut to, ready, is_up);
    jobs(&mut to, &figures, queue);
    to.into_text()
}

fn process(to: &mut Exposition) {
    to.many("build_info", Gauge, "Always 1; the version is the label", "version", [(env!("CARGO_PKG_VERSION"), 1)]);
    // Linux tells both; elsewhere they are left out.
    if let Some(bytes) = resident_bytes() {
        to.one("resident_bytes", Gauge, "Resident memory of the process", bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        to.one("open_files", Gauge, "File descriptors that are open, sockets included", open.count());
    }
}

fn live(to: &mut Exposition, ready: &Ready) {
    let summary = ready.orchestrator.summary();
    to.one("apps", Gauge, "Apps that are live", summary.apps);
    to.one("routes", Gauge, "Routes that are live", summary.routes);
    to.one("scripts", Gauge, "Scripts that are live", summary.scripts);
    to.one("broken_scripts", Gauge, "Scripts that could not be compiled when they were loaded", summary.broken_scripts);
    to.one("image_bytes", Gauge, "Bytes of all script images, packed or open", summary.image_bytes);
    to.one(
        "ready",
        Gauge,
        "1 if requests may be sent here, 0 while the apps are loaded or the process ends",
        u8::from(ready.takes_requests()),
    );
}

fn executions(to: &mut Exposition, figures: &Figures) {
    let names: Vec<String> = figures.apps.iter().map(name).collect();
    let by_app = || figures.apps.iter().zip(&names);
    let outcomes = by_app().flat_map(|(app, name)| app.executions.iter().map(move |(outcome, count)| ([name.as_str(), outcome], count)));
    to.labelled("executions_total", Counter, "Executions that ended, by app and outcome", ["app", "outcome"], outcomes);
    let fuel = by_app().map(|(app, name)| (name.as_str(), app.fuel));
    to.many("fuel_total", Counter, "Fuel that executions used, by app", "app", fuel);
    to.histogram("execution_seconds", "Time in the sandbox", &figures.wall_us, US);
    to.histogram("execution_fuel", "Fuel of an execution", &figures.fuel, 1.0);
    to.one("execution_reruns_total", Counter, "Runs beyond the first of an execution: others had changed what it read", figures.reruns);
}

fn requests(to: &mut Exposition, ready: &Ready, figures: &Figures) {
    to.histogram("request_seconds", "From a request's arrival at a script's app to its answer, waiting included", &figures.request_us, US);
    to.one("static_answers_total", Counter, "Requests answered with an asset", figures.static_answers);
    to.many(
        "refusals_total",
        Counter,
        "Requests that ended before a script ran, by reason",
        "reason",
        ready.orchestrator.refusals().counts(),
    );
    let waiting = ready.orchestrator.waiting();
    let waiting = [("app", waiting.for_app), ("sandbox", waiting.for_sandbox), ("turn", waiting.for_turn)];
    to.many(
        "waiting",
        Gauge,
        "Requests and jobs that wait for a place in their app, for a sandbox, or for a turn of the processor",
        "for",
        waiting,
    );
    to.one("connections", Gauge, "Connections that are open", figures.connections);
    let accepted = [("served", figures.connections_accepted), ("refused", figures.connections_refused)];
    to.many("connections_total", Counter, "Connections served, and closed at once since there were too many", "result", accepted);
    let cut = figures.connections_cut;
    to.one("connections_cut_total", Counter, "Connections cut since the app they read from had too much unsent", cut);
}

fn sandboxes(to: &mut Exposition, ready: &Ready) {
    let (free, size) = (ready.orchestrator.free_sandboxes(), ready.orchestrator.sandboxes());
    to.one("sandboxes", Gauge, "Sandboxes that there are", size);
    to.one("running", Gauge, "Sandboxes that executions hold", size.saturating_sub(free));
    to.one("free_sandboxes", Gauge, "Sandboxes that are free", free);
    let pool = ready.executor.pool();
    let slots = [("memory", pool.memories), ("stack", pool.stacks)];
    to.many("pool_slots_in_use", Gauge, "Slots of the pool in use, by executions and compilations", "kind", slots);
    to.one("pool_warm_memories", Gauge, "Memories of the pool that were used before and are free", pool.warm_memories);
    to.one("pool_kept_bytes", Gauge, "Bytes that free slots of the pool keep resident", pool.kept_bytes);
}

fn kept(to: &mut Exposition, ready: &Ready, figures: &Figures) {
    to.one("executions_dropped_total", Counter, "Executions whose row and logs were lost", ready.recorder.dropped());
    let (rows, bytes) = ready.recorder.waiting();
    to.one("rows_waiting", Gauge, "Executions that wait to be written", rows);
    to.one("rows_waiting_bytes", Gauge, "About how much memory they take", bytes);
    to.many(
        "recordings_dropped_total",
        Counter,
        "Recordings that were not made, since the app had many just then or since they are too large",
        "reason",
        figures.recordings_dropped,
    );
    let spans = ready.telemetry.counts();
    to.many("traced_total", Counter, "Sampled executions whose spans were exported, found no room, or were not delivered", "result", spans);
    to.one("log_lines_dropped_total", Counter, "Log lines of scripts beyond their limit", figures.log_lines_dropped);
}

fn database(to: &mut Exposition, ready: &Ready, is_up: bool) {
    to.one("database_up", Gauge, "1 if the database answers within a second; without it, apps are served from memory", u8::from(is_up));
    let pools = ready.store.pools();
    let states = pools
        .iter()
        .flat_map(|pool| [([pool.plane, "in_use"], pool.in_use), ([pool.plane, "idle"], pool.idle), ([pool.plane, "max"], pool.max)]);
    to.labelled("database_connections", Gauge, "Connections of each pool; others wait while in_use is max", ["pool", "state"], states);
    to.many(
        "database_failures_total",
        Counter,
        "Calls of the database that failed; no_connection: waited for one in vain",
        "reason",
        store::failures(),
    );
    to.one(
        "changes_followed",
        Gauge,
        "1 while the database tells this node of changes; 0: what it serves may be old",
        u8::from(ready.orchestrator.follows()),
    );
}

fn jobs(to: &mut Exposition, figures: &Figures, queue: Option<QueueFigures>) {
    to.many("jobs_total", Counter, "Attempts of jobs on this node, by what became of them", "result", figures.jobs);
    to.one("jobs_running", Gauge, "Jobs that run on this node", figures.jobs_running);
    if let Some(QueueFigures { due, dead, late_seconds }) = queue {
        to.one("jobs_due", Gauge, "Jobs of all nodes that could run and don't yet, up to 10000", due);
        to.one("dead_letters", Gauge, "Dead letters, up to 10000", dead);
        to.one("jobs_late_seconds", Gauge, "How long the oldest of them could have run", late_seconds);
    }
}

fn name(app: &AppFigures) -> String {
    app.app.map_or_else(|| OTHER.to_owned(), |app| app.to_string())
}

/// The second number of `statm`, in pages.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
