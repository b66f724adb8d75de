//! A component of our own that fills memory, table and stack with a marker and ends in each possible way, and looks for it in the next instance: at every
//! word of its memory and every entry of its table, and the host at every byte of its stack (S-2.9).

use std::{
    fs::{self, File},
    future::Future,
    os::unix::fs::FileExt,
    path::Path,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use execution::Limits;
use wasmtime::{Store, component::Instance};

use super::{Foreign, resets, start};
use crate::{
    engine::{Reset, STACK_BYTES},
    state::State,
};

/// Bytes that nothing else in this process repeats.
const MARKER: u64 = 0xc7d3_c7d3_c7d3_c7d3;
/// 32 MiB, the limit.
pub const PAGES_MAX: u32 = 512;
/// Ways to end: well, a trap, without fuel, too many calls, a stack that is full, dropped by the host. `fill` knows the first five.
pub const ENDS: u32 = 6;
const FUEL: u32 = 2;
const CANCELLED: u32 = 5;

/// What an instance writes, and how it ends.
#[derive(Debug, Clone, Copy)]
pub struct Fill {
    /// Pages of memory, of 64 KiB; 32 are there from the start.
    pub pages: u32,
    /// Frames on the stack.
    pub stack: u32,
    /// Below [`ENDS`].
    pub end: u32,
}

/// What the next one finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// Words of memory and entries of the table that are not as they were at first.
    pub strange: u64,
    /// Markers on the stack.
    pub on_stack: usize,
}

/// What was last seen of the stack.
type Seen = Arc<Mutex<Vec<u8>>>;

/// A pool of one slot, so that each instance follows in the traces of the one before.
pub struct Recycled {
    foreign: Foreign,
    reset: Reset,
    seen: Seen,
}

impl std::fmt::Debug for Recycled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recycled").field("reset", &self.reset).finish_non_exhaustive()
    }
}

impl Recycled {
    /// One for each way to clean a slot.
    pub async fn all(cache_dir: &Path) -> Vec<Self> {
        let mut all = Vec::new();
        for reset in resets() {
            let executor = start(cache_dir, 1, 0, reset).await;
            all.push(Self { foreign: Foreign::new(&executor, wat()), reset, seen: Seen::default() });
        }
        all
    }

    /// Fills an instance to its end, or drops it in the middle.
    pub async fn fill(&self, Fill { pages, stack, end }: Fill) {
        let limits = Limits { fuel: 60_000_000, host_calls: 2, ..Limits::default() };
        let (mut store, instance) = self.watched(&limits).await;
        let fill = instance.get_typed_func::<(u64, u32, u32, u32), (u64,)>(&mut store, "fill").unwrap();
        let told = if end == CANCELLED { FUEL } else { end };
        let mut call = pin!(fill.call_async(&mut store, (MARKER, pages, stack, told)));
        if end == CANCELLED {
            // It stops where a turn ends: in its memory or deep in its stack.
            for _ in 0..1 + stack % 20 {
                assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
        } else {
            assert_eq!(call.await.is_ok(), end == 0, "end {end}");
        }
    }

    /// Looks around in a fresh instance of so many pages.
    pub async fn scan(&self, pages: u32) -> Found {
        let (mut store, instance) = self.watched(&Limits::default()).await;
        let scan = instance.get_typed_func::<(u32,), (u64,)>(&mut store, "scan").unwrap();
        let (strange,) = scan.call_async(&mut store, (pages,)).await.unwrap();
        Found { strange, on_stack: count_of_marker(&self.stack()) }
    }

    /// The stack as it was when an instance last drew a number.
    pub(crate) fn stack(&self) -> Vec<u8> {
        self.seen.lock().unwrap().clone()
    }

    /// An instance whose stack is looked at whenever it draws a number.
    async fn watched(&self, limits: &Limits) -> (Store<State>, Instance) {
        let (mut store, instance) = self.foreign.instance(limits).await;
        let seen = Arc::clone(&self.seen);
        store.data_mut().chance.on_draw = Some(Box::new(move |here| *seen.lock().unwrap() = stack_around(here)));
        (store, instance)
    }
}

fn wat() -> String {
    let image: String = (0..131_072 / 8).map(|_| r"\01\02\03\04\05\06\07\08").collect();
    include_str!("recycled.wat").replace("IMAGE", &image)
}

/// The writable memory of this process, as ranges of addresses.
pub(crate) fn writable() -> Vec<(usize, usize)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        rest.starts_with("rw").then_some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
    };
    maps.lines().filter_map(range).collect()
}

/// The stack that this address lies on. Below it is a guard; what lies above may be in the same mapping and is none of ours.
fn stack_around(address: usize) -> Vec<u8> {
    let (from, to) = *writable().iter().find(|(from, to)| (*from..*to).contains(&address)).unwrap();
    let mut bytes = vec![0; STACK_BYTES.min(to - from)];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, from as u64).unwrap();
    bytes
}

pub(crate) fn count_of_marker(bytes: &[u8]) -> usize {
    bytes.chunks_exact(8).filter(|word| **word == MARKER.to_le_bytes()).count()
}

/// Writes four markers, and looks: what the search itself can see.
#[cfg(test)]
pub(crate) async fn both(recycled: &Recycled) -> u64 {
    let (mut store, instance) = recycled.watched(&Limits::default()).await;
    let both = instance.get_typed_func::<(u64, u32), (u64,)>(&mut store, "both").unwrap();
    both.call_async(&mut store, (MARKER, PAGES_MAX)).await.unwrap().0
}
