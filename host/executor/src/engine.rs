//! The one `wasmtime::Config` of the product, a reason per knob, and the executor built on it.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::Semaphore;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{InstancePre, Linker},
};

use crate::{
    bindings::compiler,
    component::{self, Guest},
    execute,
    handler::Handler,
    host,
    state::{Origin, State},
};
use execution::{Limits, Nobody, limits};

/// A guest's turn: after so many instructions (about 0.1 ms) other tasks of its thread have theirs. Shorter turns cost nothing that can be measured, and
/// are what a quiet app waits for beside a greedy one (docs/performance.md).
pub(crate) const TURN_FUEL: u64 = 500_000;
/// Native stack of a guest. Overflow is a trap. The host's own part of the stack is what is left to `STACK_BYTES`.
const GUEST_STACK_BYTES: usize = 512 << 10;
pub(crate) const STACK_BYTES: usize = 2 << 20;
/// How much of a used memory is cleaned in place and kept, instead of given back to the system and faulted in again. What is kept counts as
/// written for ever: after one execution that wrote 1 MiB, each later one in its slot would clean 1 MiB, whosever it is.
const MEMORY_KEEP_BYTES: usize = 256 << 10;
const TABLE_KEEP_BYTES: usize = 128 << 10;
/// As deep as an ordinary execution reaches.
const STACK_KEEP_BYTES: usize = 32 << 10;

/// What an executor needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the ahead-of-time image of the guest is kept between starts. Made if absent, mode 0700.
    pub cache_dir: PathBuf,
    /// Executions that can run at the same time.
    pub concurrency: u32,
    /// Scripts that can be compiled at the same time, beside them.
    pub compilations: u32,
}

/// Why an executor did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The guest's image cannot be kept.
    #[error("the directory {} for the ahead-of-time image cannot be used", path.display())]
    CacheDir { path: PathBuf, source: std::io::Error },
    /// Wasmtime refuses its configuration, or the guest.
    #[error("{operation} failed")]
    Wasmtime { operation: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
}

impl StartError {
    pub(crate) fn wasmtime(operation: &'static str) -> impl FnOnce(wasmtime::Error) -> Self {
        move |error| Self::Wasmtime { operation, source: error.into_boxed_dyn_error() }
    }
}

/// Compiles scripts and runs them in this process. One per process.
pub struct Executor {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) guest: InstancePre<State>,
    /// Where the guest's exports are: an execution looks up those it calls and no others.
    pub(crate) handler: Handler,
    pub(crate) compiler: compiler::GuestIndices,
    pub(crate) guest_digest: String,
    /// Slots of the pool for executions, and those for compilations: neither can take the other's.
    pub(crate) executions: Arc<Semaphore>,
    pub(crate) compilations: Arc<Semaphore>,
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("guest_digest", &self.guest_digest).finish_non_exhaustive()
    }
}

/// The pool of sandboxes at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolFigures {
    /// Memories in use: one for each sandbox.
    pub memories: usize,
    /// Stacks in use.
    pub stacks: usize,
    /// Memories that were used before and are free: the next sandboxes get them.
    pub warm_memories: usize,
    /// Bytes that free slots keep, so that they need not be mapped again.
    pub kept_bytes: usize,
}

/// How a used slot of the pool becomes clean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reset {
    /// Whether the kernel is asked which pages were written, so that only those are cleaned.
    pub(crate) scan: Enabled,
    /// How many bytes of a memory, of a table and of a stack are cleaned in place; what is beyond is given back.
    pub(crate) keep: [usize; 3],
}

impl Reset {
    pub(crate) fn of_this_machine() -> Self {
        // SCAR: a dirty page that was swapped out is not seen by the scan and not reset (open Wasmtime PR 14357).
        let swaps = std::fs::read_to_string("/proc/swaps").ok();
        Self::where_swaps_are(swaps.as_deref())
    }

    /// `swaps`: what the system says of its swap space; `None` if it does not say.
    fn where_swaps_are(swaps: Option<&str>) -> Self {
        // One line is the heading.
        let can_swap = swaps.is_none_or(|text| text.lines().count() > 1);
        let scan = if can_swap { Enabled::No } else { Enabled::Auto };
        Self { scan, keep: [MEMORY_KEEP_BYTES, TABLE_KEEP_BYTES, STACK_KEEP_BYTES] }
    }
}

impl Executor {
    /// Loads the guest, or at the first start pre-initialises and compiles it (some seconds).
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(settings: &Settings) -> Result<Arc<Self>, StartError> {
        Self::start_with(settings, Reset::of_this_machine()).await
    }

    /// [`Executor::start`], with a choice that tests make otherwise.
    pub(crate) async fn start_with(settings: &Settings, reset: Reset) -> Result<Arc<Self>, StartError> {
        let slots = settings.concurrency + settings.compilations;
        let engine = wasmtime::Engine::new(&config(slots, reset)).map_err(StartError::wasmtime("configuring Wasmtime"))?;
        let Guest { component, digest } = component::load(&engine, &settings.cache_dir).await?;
        let mut linker = Linker::<State>::new(&engine);
        host::add_to_linker(&mut linker).map_err(StartError::wasmtime("linking the host"))?;
        let guest = linker.instantiate_pre(&component).map_err(StartError::wasmtime("linking the guest"))?;
        let mut trial = execute::store(
            &engine,
            Origin { now_ms: 0, seed: [0; 32], depth: 0, services: Box::new(Nobody { now_ms: 0 }) },
            &Limits::default(),
        );
        let handler = Handler::find(&guest, &mut trial).await.map_err(StartError::wasmtime("finding the guest's exports"))?;
        let compiler = compiler::GuestIndices::new(&guest).map_err(StartError::wasmtime("finding the guest's exports"))?;
        Ok(Arc::new(Self {
            engine,
            guest,
            handler,
            compiler,
            guest_digest: digest,
            executions: Arc::new(Semaphore::new(settings.concurrency as usize)),
            compilations: Arc::new(Semaphore::new(settings.compilations as usize)),
        }))
    }

    /// How much of the pool is in use, by executions and compilations.
    #[must_use]
    pub fn pool(&self) -> PoolFigures {
        let Some(pool) = self.engine.pooling_allocator_metrics() else { return PoolFigures::default() };
        let kept = pool.unused_memory_bytes_resident() + pool.unused_table_bytes_resident();
        PoolFigures {
            memories: pool.memories(),
            stacks: pool.stacks(),
            warm_memories: usize::try_from(pool.unused_warm_memories()).unwrap_or(usize::MAX),
            kept_bytes: kept + pool.unused_stack_bytes_resident().unwrap_or(0),
        }
    }

    /// SHA-256 of the guest component, in hex: part of `/version`.
    #[must_use]
    pub fn guest_digest(&self) -> &str {
        &self.guest_digest
    }
}

fn config(slots: u32, reset: Reset) -> Config {
    let mut config = Config::new();

    // The meter and the only preemption: exact, and the same on every machine.
    config.consume_fuel(true);
    config.max_wasm_stack(GUEST_STACK_BYTES);
    config.async_stack_size(STACK_BYTES);
    // An app's data may lie on the pooled stack of the next one.
    config.async_stack_zeroing(true);
    // NaN payloads would differ between machines.
    config.cranelift_nan_canonicalization(true);

    // What the guest does not need is off. `gc` and `threads` are compiled in, since two aborts of builds
    // without them are fixed only in 48.0.9.
    config.wasm_threads(false).wasm_memory64(false).wasm_multi_memory(false).wasm_gc(false).wasm_exceptions(false);
    config.wasm_function_references(false).wasm_tail_call(false).wasm_relaxed_simd(false).wasm_stack_switching(false);
    config.gc_support(false);
    // No concurrent component calls: a store is cheaper without.
    config.concurrency_support(false);

    // Nobody reads them at run time, and they make the image larger. A trap's place in the interpreter says nothing to a
    // script's author.
    config.generate_address_map(false).native_unwind_info(false).wasm_backtrace_max_frames(None);

    // A snapshot appears by mapping pages. Reservation and guards keep their defaults: they make bounds checks
    // needless, and CVE-2026-34988 needed a guard of 0.
    config.memory_init_cow(true).memory_may_move(false);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots, reset)));
    config
}

fn pool(slots: u32, reset: Reset) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots).total_core_instances(slots * CORE_INSTANCES).total_memories(slots);
    pool.total_tables(slots * TABLES).total_stacks(slots);
    pool.max_core_instances_per_component(CORE_INSTANCES).max_memories_per_component(1).max_tables_per_component(TABLES);
    pool.max_memories_per_module(1).max_tables_per_module(1).table_elements(TABLE_ELEMENTS);
    pool.max_memory_size(usize::try_from(limits::MEMORY_CEILING_BYTES).unwrap_or(usize::MAX));
    // Every script shares one snapshot, so a warm slot fits the next execution whoever it belongs to.
    pool.max_unused_warm_slots(slots);
    let [memory, table, stack] = reset.keep;
    pool.linear_memory_keep_resident(memory).table_keep_resident(table).async_stack_keep_resident(stack).pagemap_scan(reset.scan);
    pool
}

/// What the guest component consists of: itself, and the two modules that tie its imports.
const CORE_INSTANCES: u32 = 3;
const TABLES: u32 = 2;
/// The interpreter's function table has about 6,000 entries.
const TABLE_ELEMENTS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_2_9_where_pages_can_be_swapped_out_the_kernel_is_not_asked() {
        let heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        let one = format!("{heading}/dev/sda2   partition\t2097148\t0\t-2\n");
        for (swaps, scan) in [(Some(heading), Enabled::Auto), (Some(&one), Enabled::No), (None, Enabled::No)] {
            let reset = Reset::where_swaps_are(swaps);
            // Without the scan all that is kept is cleaned, whatever the kernel knows of it.
            assert_eq!((reset.scan, reset.keep), (scan, [MEMORY_KEEP_BYTES, TABLE_KEEP_BYTES, STACK_KEEP_BYTES]), "{swaps:?}");
        }
    }
}
