//! Runs one script once, in a sandbox of its own. Knows Wasmtime; knows no SQL, no HTTP server and no app id.
//!
//! Read in this order: [`engine`] (the one Wasmtime configuration), [`component`] (the guest and its ahead-of-time image),
//! [`execute`] (one straight function), `state` and `host` (what a guest reaches), `transaction` (the app's state as one execution sees
//! it). Who answers what a guest asks is the caller's choice ([`execution::Services`]).
//!
//! # What a guest can never do
//!
//! Each line has a test of its name in `tests/it/guest.rs`.
//!
//! - INVARIANT: G1 run longer than its fuel.
//! - INVARIANT: G2 hold more memory than its limit.
//! - INVARIANT: G3 stay past its deadline, waiting or working.
//! - INVARIANT: G4 keep a worker thread from other executions.
//! - INVARIANT: G5 leave anything behind for the next execution.
//! - INVARIANT: G6 write more log than its limit, or fail by logging.
//! - INVARIANT: G7 call the host more often than its budget.
//! - INVARIANT: G8 answer with more bytes than its limit.
//! - INVARIANT: G9 behave differently, or use other fuel, for the same image, invocation and answers.
//! - INVARIANT: G10 end the process by recursion or nesting, in its source or at run time.
//! - INVARIANT: G11 tell the time within an execution.

mod bindings;
mod compile;
pub mod component;
pub mod engine;
pub mod execute;
mod handler;
mod host;
mod invocation;
mod limiter;
mod mask;
mod memory;
pub mod outcome;
mod state;
mod stream;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod trace;
mod transaction;

pub use engine::{Executor, PoolFigures, Settings, StartError};
pub use memory::{Memory, NotCommitted};
