//! Somebody who sees everything that apps answer, while it happens: `picloud dev` prints it. Servers have none.

use std::{fmt::Debug, time::Duration};

use execution::Logs;
use http::{Method, Uri};
use store::NewExecution;

/// Told on the threads of the data plane: it must not wait.
pub trait Watcher: Debug + Send + Sync {
    /// An execution of this script has ended; `logs` are its lines, `took` is all of its time, with what it waited for.
    fn ran(&self, script: &str, execution: &NewExecution, logs: &Logs, took: Duration);

    /// A request was answered without running anything.
    fn answered(&self, answered: &Answered<'_>);
}

/// A request that led to no execution: an asset was served, or it was refused.
#[derive(Debug)]
pub struct Answered<'a> {
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a Uri,
    pub status: u16,
    /// Why it was refused, for the developer; `None`: it is an asset.
    pub refusal: Option<String>,
    pub took: Duration,
}
