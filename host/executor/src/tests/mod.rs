//! What can only be tried from inside: components that are not the guest, in the same sandbox.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a variable tells how long a soak is")]
#![expect(clippy::print_stdout, reason = "figures for whoever looks at a soak's output")]

mod cancelled;
mod hostile;
mod imports;
mod recycled;

use std::sync::Arc;

use execution::{Execute, Image, Invocation, InvocationType, Limits, Modules, Nobody, Services, Source};
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

/// An executor. One after the other: the first of all makes the guest's machine code.
async fn start(concurrency: u32, compilations: u32, reset: Reset) -> Arc<Executor> {
    static STARTING: Mutex<()> = Mutex::const_new(());
    let _alone = STARTING.lock().await;
    let cache_dir = concat!(env!("OUT_DIR"), "/guest-image").into();
    Executor::start_with(&Settings { cache_dir, concurrency, compilations }, reset).await.unwrap()
}

/// A pool of one slot, so that each execution follows in the traces of the one before. Nothing is compiled there.
async fn one_slot(reset: Reset) -> Arc<Executor> {
    start(1, 0, reset).await
}

/// Every way to clean a slot: asking the kernel what was written or not, keeping pages or not.
fn resets() -> Vec<Reset> {
    let product = Reset::of_this_machine().keep;
    let mut resets = vec![Reset { scan: Enabled::No, keep: product }, Reset { scan: Enabled::No, keep: [0; 3] }];
    if wasmtime::PoolingAllocationConfig::is_pagemap_scan_available() {
        resets.push(Reset { scan: Enabled::Yes, keep: product });
        // As good as no limit: whatever was written is cleaned in place.
        resets.push(Reset { scan: Enabled::Yes, keep: [64 << 20, 1 << 20, 2 << 20] });
    }
    resets
}

/// Another component in the guest's place: same linker, same limits, same pool. Exists in tests only.
struct Foreign {
    executor: Arc<Executor>,
    component: InstancePre<State>,
}

impl Foreign {
    /// `component`: bytes or text.
    fn new(executor: &Arc<Executor>, component: impl AsRef<[u8]>) -> Self {
        let mut linker = Linker::new(&executor.engine);
        host::add_to_linker(&mut linker).unwrap();
        let component = Component::new(&executor.engine, component).unwrap();
        Self { executor: Arc::clone(executor), component: linker.instantiate_pre(&component).unwrap() }
    }

    /// A fresh instance, as `execute.rs` makes it.
    async fn instance(&self, limits: &Limits) -> (Store<State>, Instance) {
        self.instance_of(Origin { now_ms: 0, seed: [0; 32], depth: 0, services: nobody() }, limits).await
    }

    /// The same, for somebody.
    async fn instance_of(&self, origin: Origin, limits: &Limits) -> (Store<State>, Instance) {
        let mut store = self.executor.store(origin, limits);
        store.fuel_async_yield_interval(Some(TURN_FUEL)).unwrap();
        let instance = self.component.instantiate_async(&mut store).await.unwrap();
        (store, instance)
    }
}

fn nobody() -> Box<dyn Services> {
    Box::new(Nobody { now_ms: 0 })
}

async fn compile(executor: &Executor, text: &str) -> Image {
    executor.compile(&Source { name: "main".into(), text: text.into() }, &Modules::default()).await.unwrap().image
}

/// How often a long test turns: `make soak` sets the variable.
fn turns(usual: u32, soak: u32) -> u32 {
    if std::env::var_os("SOAK_TURNS").is_some() { soak } else { usual }
}

fn invocation() -> Invocation {
    Invocation {
        execution_id: uuid::Uuid::from_u128(7),
        request_id: "request-1".into(),
        script_id: uuid::Uuid::from_u128(8),
        script_name: "main".into(),
        app: "shop".into(),
        deployment: 3,
        invocation_type: InvocationType::Test,
        request: None,
        event: None,
        depth: 0,
        now_ms: 1_790_000_000_123,
        seed: [7; 32],
    }
}
