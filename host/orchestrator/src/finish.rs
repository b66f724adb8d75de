//! Step 8: the row and the log lines of an execution, written later and in batches.
//!
//! The request only puts them into a bounded buffer. One task takes what has gathered, at the latest after half a second, and writes it. While
//! the database is away it tries again and the buffer fills; what no longer fits is dropped and counted, never silently.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use execution::Logs;
use store::{AppId, NewExecution, NewLog, Runs};
use tokio::sync::{Notify, broadcast};

/// A row waits at most this long before it is written.
const WRITE_AFTER: Duration = Duration::from_millis(500);
/// This many rows are written without waiting any longer, and make one batch.
const BATCH_ROWS: usize = 2_000;
/// A batch ends with the row that brings it to so many log lines.
const BATCH_LOGS: usize = 4_000;
/// Bounds of the buffer.
const BUFFER_ROWS: usize = 200_000;
const BUFFER_BYTES: usize = 64 * 1024 * 1024;
/// What a row takes beside its texts.
const ROW_BYTES: usize = size_of::<Record>() + 128;
/// Pauses between attempts while the database is away.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(5);
/// Attempts for each batch once the process is ending.
const LAST_ATTEMPTS: u32 = 3;
/// Announcements that a slow follower of logs may be behind.
const ANNOUNCEMENTS: usize = 1024;

/// Takes what executions leave behind. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    buffer: Mutex<Buffer>,
    /// The buffer is no longer empty.
    filled: Notify,
    /// A whole batch is in the buffer, or the process is ending.
    urgent: Notify,
    is_ending: AtomicBool,
    dropped: AtomicU64,
    new_logs: broadcast::Sender<AppId>,
}

#[derive(Debug, Default)]
struct Buffer {
    records: Vec<Record>,
    bytes: usize,
}

#[derive(Debug)]
struct Record {
    execution: NewExecution,
    logs: Logs,
}

/// Where batches go: the database, or a test.
trait Append: Sync {
    fn append(&self, executions: &[NewExecution], logs: &[NewLog]) -> impl Future<Output = Result<(), Unwritten>> + Send;
}

/// Why a batch was not written.
#[derive(Debug)]
enum Unwritten {
    /// The database is away.
    Later(String),
    /// The database refuses something in the batch.
    Refused(String),
}

impl Append for Runs {
    async fn append(&self, executions: &[NewExecution], logs: &[NewLog]) -> Result<(), Unwritten> {
        Self::append(self, executions, logs).await.map(drop).map_err(|error| match error {
            store::Error::Unavailable { .. } => Unwritten::Later(error.to_string()),
            _ => Unwritten::Refused(error.to_string()),
        })
    }
}

impl Default for Recorder {
    fn default() -> Self {
        let shared = Shared {
            buffer: Mutex::default(),
            filled: Notify::new(),
            urgent: Notify::new(),
            is_ending: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            new_logs: broadcast::Sender::new(ANNOUNCEMENTS),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl Recorder {
    /// Takes a row and its log lines. Never waits.
    pub(crate) fn record(&self, execution: NewExecution, logs: Logs) {
        let bytes = bytes_of(&execution, &logs);
        let mut buffer = self.buffer();
        if buffer.records.len() >= BUFFER_ROWS || buffer.bytes + bytes > BUFFER_BYTES {
            drop(buffer);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        buffer.bytes += bytes;
        buffer.records.push(Record { execution, logs });
        let gathered = buffer.records.len();
        drop(buffer);
        match gathered {
            1 => self.shared.filled.notify_one(),
            BATCH_ROWS => self.shared.urgent.notify_one(),
            _ => {}
        }
    }

    /// Executions whose row and logs were lost, since the start: the buffer was full, or the database refused them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Executions that wait to be written, and about how many bytes of memory they take.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        let buffer = self.buffer();
        (buffer.records.len(), buffer.bytes)
    }

    /// Tells the app whenever new log lines of it are in the database.
    #[must_use]
    pub fn subscribe_logs(&self) -> broadcast::Receiver<AppId> {
        self.shared.new_logs.subscribe()
    }

    /// Writes what is recorded, until [`Recorder::end`] and the last row. Spawned once by the binary.
    pub async fn write(&self, runs: Runs) {
        self.write_to(&runs).await;
    }

    /// Lets [`Recorder::write`] return when all is written. Called after the last request.
    pub fn end(&self) {
        self.shared.is_ending.store(true, Ordering::Release);
        self.shared.filled.notify_one();
        self.shared.urgent.notify_one();
    }

    async fn write_to(&self, target: &impl Append) {
        loop {
            if !self.is_ending() {
                self.shared.filled.notified().await;
            }
            if !self.is_ending() {
                // Either way it is time: the wait only gathers more rows.
                let _ = tokio::time::timeout(WRITE_AFTER, self.shared.urgent.notified()).await;
            }
            let records = std::mem::take(&mut *self.buffer()).records;
            if records.is_empty() && self.is_ending() {
                return;
            }
            let mut records = records.into_iter();
            while let Some((executions, logs)) = next_batch(&mut records) {
                self.write_batch(executions, logs, target).await;
            }
        }
    }

    /// Writes one batch. If the database refuses it, it is divided until the row that is refused is alone, and only that one is lost.
    async fn write_batch(&self, executions: Vec<NewExecution>, logs: Vec<NewLog>, target: &impl Append) {
        let mut parts = vec![(executions, logs)];
        let (mut pause, mut attempts) = (PAUSE_FIRST, 0);
        while let Some((executions, logs)) = parts.pop() {
            match target.append(&executions, &logs).await {
                Ok(()) => self.announce(&logs),
                Err(Unwritten::Later(reason)) if !self.is_ending() || attempts + 1 < LAST_ATTEMPTS => {
                    tracing::warn!(reason, rows = executions.len(), "executions can't be written yet");
                    attempts = if self.is_ending() { attempts + 1 } else { 0 };
                    parts.push((executions, logs));
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_LONGEST);
                }
                Err(Unwritten::Later(reason)) => self.lose(executions.len(), &reason),
                Err(Unwritten::Refused(reason)) if executions.len() == 1 => self.lose(1, &reason),
                Err(Unwritten::Refused(_)) => parts.extend(halves(executions, logs)),
            }
        }
    }

    fn announce(&self, logs: &[NewLog]) {
        let apps: HashSet<AppId> = logs.iter().map(|log| log.app).collect();
        for app in apps {
            // An error says that nobody follows.
            let _ = self.shared.new_logs.send(app);
        }
    }

    fn lose(&self, rows: usize, reason: &str) {
        tracing::error!(rows, reason, "executions are lost");
        self.shared.dropped.fetch_add(rows as u64, Ordering::Relaxed);
    }

    fn is_ending(&self) -> bool {
        self.shared.is_ending.load(Ordering::Acquire)
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.shared.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes_of(execution: &NewExecution, logs: &Logs) -> usize {
    let texts = execution.request_id.len() + execution.method.len() + execution.host.len() + execution.path.len();
    let failure = execution.failure.as_ref().map_or(0, |failure| failure.message.len() + failure.trace.len() * 128);
    let calls = execution.calls.iter().map(|call| call.call.len() + call.result.len() + 80).sum::<usize>();
    let recording = execution.recording.as_ref().map_or(0, |recording| recording.text.len());
    let lines = logs.lines.iter().map(|line| line.message.len() + line.fields.as_ref().map_or(0, String::len) + 80);
    ROW_BYTES + texts + failure + calls + recording + lines.sum::<usize>()
}

fn next_batch(records: &mut impl Iterator<Item = Record>) -> Option<(Vec<NewExecution>, Vec<NewLog>)> {
    let (mut executions, mut logs) = (Vec::new(), Vec::new());
    while executions.len() < BATCH_ROWS && logs.len() < BATCH_LOGS {
        let Some(Record { execution, logs: own }) = records.next() else { break };
        logs.extend(own.lines.into_iter().map(|line| NewLog {
            app: execution.app,
            execution: execution.id,
            script: execution.script,
            level: line.level,
            message: line.message,
            fields: line.fields,
        }));
        executions.push(execution);
    }
    (!executions.is_empty()).then_some((executions, logs))
}

/// Both halves of a batch, each with the logs of its executions; the later half first, since it is taken from the end.
fn halves(mut executions: Vec<NewExecution>, logs: Vec<NewLog>) -> [(Vec<NewExecution>, Vec<NewLog>); 2] {
    let later = executions.split_off(executions.len() / 2);
    let ids: HashSet<_> = later.iter().map(|execution| execution.id).collect();
    let (later_logs, logs) = logs.into_iter().partition(|log| ids.contains(&log.execution));
    [(later, later_logs), (executions, logs)]
}

#[cfg(test)]
mod tests;
