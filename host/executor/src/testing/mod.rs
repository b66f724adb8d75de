//! What can only be tried from inside: components that are not the guest, in the same sandbox. For the tests of this crate and for the oracles of
//! fuzzing (feature `testing`); the program is built without it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod allocation;
mod recycled;
mod stand_in;

use std::{path::Path, sync::Arc};

use execution::{Limits, Nobody, Services};
use tokio::sync::Mutex;
use wasmtime::{
    Enabled, Store,
    component::{Component, Instance, InstancePre, Linker},
};

use crate::{
    Executor, Settings,
    engine::{Reset, TURN_FUEL},
    host,
    state::{Origin, State},
};

pub use allocation::{Counting, most_held, start_counting};
pub use recycled::{ENDS, Fill, Found, PAGES_MAX, Recycled};
#[cfg(test)]
pub(crate) use recycled::{both, count_of_marker, writable};

/// An executor. One after the other: the first of all makes the guest's machine code.
pub(crate) async fn start(cache_dir: &Path, concurrency: u32, compilations: u32, reset: Reset) -> Arc<Executor> {
    static STARTING: Mutex<()> = Mutex::const_new(());
    let _alone = STARTING.lock().await;
    Executor::start_with(&Settings { cache_dir: cache_dir.to_owned(), concurrency, compilations }, reset).await.unwrap()
}

/// Every way to clean a slot: asking the kernel what was written or not, keeping pages or not.
pub(crate) fn resets() -> Vec<Reset> {
    let product = Reset::of_this_machine().keep;
    let mut resets = vec![Reset { scan: Enabled::No, keep: product }, Reset { scan: Enabled::No, keep: [0; 3] }];
    if wasmtime::PoolingAllocationConfig::is_pagemap_scan_available() {
        resets.push(Reset { scan: Enabled::Yes, keep: product });
        // As good as no limit: whatever was written is cleaned in place.
        resets.push(Reset { scan: Enabled::Yes, keep: [64 << 20, 1 << 20, 2 << 20] });
    }
    resets
}

/// Another component in the guest's place: same linker, same limits, same pool.
pub(crate) struct Foreign {
    executor: Arc<Executor>,
    component: InstancePre<State>,
}

impl Foreign {
    /// `component`: bytes or text.
    pub(crate) fn new(executor: &Arc<Executor>, component: impl AsRef<[u8]>) -> Self {
        let mut linker = Linker::new(&executor.engine);
        host::add_to_linker(&mut linker).unwrap();
        let component = Component::new(&executor.engine, component).unwrap();
        Self { executor: Arc::clone(executor), component: linker.instantiate_pre(&component).unwrap() }
    }

    /// A fresh instance, as `execute.rs` makes it.
    pub(crate) async fn instance(&self, limits: &Limits) -> (Store<State>, Instance) {
        self.instance_of(Origin { now_ms: 0, seed: [0; 32], depth: 0, services: nobody() }, limits).await
    }

    /// The same, for somebody.
    pub(crate) async fn instance_of(&self, origin: Origin, limits: &Limits) -> (Store<State>, Instance) {
        let mut store = self.executor.store(origin, limits);
        store.fuel_async_yield_interval(Some(TURN_FUEL)).unwrap();
        let instance = self.component.instantiate_async(&mut store).await.unwrap();
        (store, instance)
    }
}

pub(crate) fn nobody() -> Box<dyn Services> {
    Box::new(Nobody { now_ms: 0 })
}
