//! Fairness between apps (S-3.2): whoever has used least of the processor is next.
//!
//! Two things are scarce, and both are handed out by the same rule: the processor, in turns of about 0.1 ms (`turns`), and the
//! sandboxes (`sandboxes`). What an app has used is its [`Share`]; who waits stands in a line of his app (`lines`), and of all lines the one of the
//! least share is served. That is start-time fair queueing (Goyal, Vin and Cheng, 1996): unlike round robin it needs no quantum, and an app that
//! was idle has saved nothing up, since its share begins where the others' are.
//!
//! **Invariant.** An app that asks for little waits for one turn at most, however much the others ask for.

mod lines;
mod sandboxes;
mod turns;

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

pub(crate) use sandboxes::{Sandbox, Sandboxes};
pub(crate) use turns::Turns;

/// What one app has used of the processor, in nanoseconds of its executions' turns. Cheap to clone; outlives deployments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Share(Arc<Used>);

#[derive(Debug, Default)]
struct Used {
    used_ns: AtomicU64,
    /// Its executions that want the processor, or have it.
    active: AtomicUsize,
}

/// Written under the lock of `turns` only, so that the order of these operations is that of the lock.
impl Share {
    fn used_ns(&self) -> u64 {
        self.0.used_ns.load(Ordering::Relaxed)
    }

    /// One more execution wants the processor. An app that had none begins at `floor`, where those are that have it.
    fn enter(&self, floor: u64) {
        if self.0.active.fetch_add(1, Ordering::Relaxed) == 0 {
            self.0.used_ns.fetch_max(floor, Ordering::Relaxed);
        }
    }

    fn leave(&self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }

    fn charge(&self, ns: u64) {
        self.0.used_ns.fetch_add(ns, Ordering::Relaxed);
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
