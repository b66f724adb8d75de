//! What the data plane has done since its start, as numbers: for whoever watches the process.
//!
//! Counting is on the path of a request: one or more atomic additions, no lock, no allocation, no text. Reading makes a copy ([`Figures`]), and
//! only that is told on. Nothing is counted by a name, a host or a path (S-9.9); the one label that is somebody's is the id of an app, of which
//! [`APPS_MAX`] have their own.

mod apps;
mod histogram;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use store::NewExecution;

use crate::gate::Gate;

pub use apps::{APPS_MAX, AppFigures, OUTCOMES};
pub use histogram::HistogramFigures;

pub(crate) use apps::AppSlot;
use apps::Apps;
use histogram::Histogram;

/// Microseconds: a sandbox takes tens of them, and nothing longer than its limit of a minute.
const TIMES_US: [u64; 17] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000, 60_000_000,
];
/// Units of fuel, up to the highest ceiling: an empty script takes some ten thousand.
const FUEL: [u64; 13] = [
    10_000,
    30_000,
    100_000,
    300_000,
    1_000_000,
    3_000_000,
    10_000_000,
    30_000_000,
    100_000_000,
    300_000_000,
    1_000_000_000,
    10_000_000_000,
    50_000_000_000,
];

/// A counter that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are now.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

/// One of those that a [`Gauge`] counts; leaves by drop.
#[derive(Debug)]
pub(crate) struct Present<'a>(&'a Gauge);

impl Gauge {
    pub(crate) fn enter(&self) -> Present<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Present(self)
    }

    pub(crate) fn set(&self, number: usize) {
        self.0.store(number, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All counters of a node.
#[derive(Debug)]
pub(crate) struct Metrics {
    apps: Apps,
    /// From the request's arrival at its app until there is an answer, waiting and commit included.
    request_us: Histogram<17>,
    /// In the sandbox, of the last attempt.
    wall_us: Histogram<17>,
    fuel: Histogram<13>,
    /// Runs beyond the first of an execution.
    reruns: Count,
    /// Lines of scripts beyond their limit.
    log_lines_dropped: Count,
    /// Requests that static routes answered.
    pub(crate) static_answers: Count,
    /// Recordings that were not made: the app has had many just now.
    pub(crate) recordings_too_many: Count,
    /// Recordings that were not made: they are too large.
    pub(crate) recordings_too_large: Count,
    pub(crate) jobs_running: Gauge,
    pub(crate) jobs_done: Count,
    /// Attempts that failed and are tried again.
    pub(crate) jobs_failed: Count,
    pub(crate) jobs_dead: Count,
    /// Given back before they ran: no place, or no database.
    pub(crate) jobs_returned: Count,
    pub(crate) connections: Gauge,
    pub(crate) connections_accepted: Count,
    /// Closed at once: too many of one address, or in all.
    pub(crate) connections_refused: Count,
    /// Cut: their apps had more unsent than they may.
    pub(crate) connections_cut: Count,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            apps: Apps::default(),
            request_us: Histogram::new(&TIMES_US),
            wall_us: Histogram::new(&TIMES_US),
            fuel: Histogram::new(&FUEL),
            reruns: Count::default(),
            log_lines_dropped: Count::default(),
            static_answers: Count::default(),
            recordings_too_many: Count::default(),
            recordings_too_large: Count::default(),
            jobs_running: Gauge::default(),
            jobs_done: Count::default(),
            jobs_failed: Count::default(),
            jobs_dead: Count::default(),
            jobs_returned: Count::default(),
            connections: Gauge::default(),
            connections_accepted: Count::default(),
            connections_refused: Count::default(),
            connections_cut: Count::default(),
        }
    }
}

impl Metrics {
    /// An execution is over, one way or the other.
    pub(crate) fn executed(&self, gate: &Gate, row: &NewExecution) {
        self.apps.count(&gate.figures, row.app, row.outcome, row.usage.fuel_used);
        // What was cut off has used something, but nobody knows what.
        if row.outcome != CANCELLED {
            self.wall_us.observe(row.usage.wall_us);
            self.fuel.observe(row.usage.fuel_used);
        }
        if row.attempts > 1 {
            self.reruns.add(u64::from(row.attempts) - 1);
        }
        if row.logs_dropped > 0 {
            self.log_lines_dropped.add(row.logs_dropped);
        }
    }

    /// A visitor's request has led to a script and has its answer.
    pub(crate) fn answered(&self, took: std::time::Duration) {
        self.request_us.observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A copy. Counters that belong together may be a request apart.
    pub(crate) fn figures(&self) -> Figures {
        Figures {
            apps: self.apps.figures(),
            request_us: self.request_us.figures(),
            wall_us: self.wall_us.figures(),
            fuel: self.fuel.figures(),
            reruns: self.reruns.read(),
            log_lines_dropped: self.log_lines_dropped.read(),
            static_answers: self.static_answers.read(),
            recordings_dropped: [("too_many", self.recordings_too_many.read()), ("too_large", self.recordings_too_large.read())],
            jobs_running: self.jobs_running.read(),
            jobs: [
                ("done", self.jobs_done.read()),
                ("failed", self.jobs_failed.read()),
                ("dead", self.jobs_dead.read()),
                ("returned", self.jobs_returned.read()),
            ],
            connections: self.connections.read(),
            connections_accepted: self.connections_accepted.read(),
            connections_refused: self.connections_refused.read(),
            connections_cut: self.connections_cut.read(),
        }
    }
}

/// The outcome of who went away before the end.
const CANCELLED: &str = "cancelled";

/// What was counted up to one moment. The fields are those of the data plane's counters, in words for an operator.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Executions by app and outcome.
    pub apps: Vec<AppFigures>,
    /// Microseconds from a request's arrival to its answer.
    pub request_us: HistogramFigures,
    /// Microseconds in the sandbox.
    pub wall_us: HistogramFigures,
    /// Units of fuel of an execution.
    pub fuel: HistogramFigures,
    /// Executions that were run again, since others had changed what they read; each time counts.
    pub reruns: u64,
    /// Log lines that were not kept.
    pub log_lines_dropped: u64,
    /// Requests that were answered with an asset.
    pub static_answers: u64,
    /// Recordings that were not made, by reason.
    pub recordings_dropped: [(&'static str, u64); 2],
    /// Jobs that run now.
    pub jobs_running: usize,
    /// Attempts of jobs, by what became of them.
    pub jobs: [(&'static str, u64); 4],
    /// Connections that are open now.
    pub connections: usize,
    /// Connections that were accepted.
    pub connections_accepted: u64,
    /// Connections that were closed at once, since there were too many.
    pub connections_refused: u64,
    pub connections_cut: u64,
}

/// Who waits for what at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Requests that wait for a place in their app.
    pub for_app: usize,
    /// Requests that have one and wait for a sandbox.
    pub for_sandbox: usize,
    /// Executions that could run and wait for the processor.
    pub for_turn: usize,
}
