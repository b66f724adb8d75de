//! S-2.9: what an execution leaves in its slot of the pool, no later one finds.
//!
//! A component of our own fills memory, table and stack with a marker and ends in each possible way; the next instance, in the same slot, looks
//! at every word of its memory and every entry of its table, and the host at every byte of its stack. The guest itself cannot look at raw
//! memory: after its runs the whole process is searched.

use std::{
    fs::{self, File},
    future::Future,
    os::unix::fs::FileExt,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
};

use execution::{Answered, BoxFuture, Limits, Question, Services, Unanswered};
use wasmtime::{Store, component::Instance};

use super::{Foreign, compile, invocation, one_slot, resets, start, turns};
use crate::{engine::STACK_BYTES, state::State};

/// Bytes that nothing else in this process repeats.
const MARKER: u64 = 0xc7d3_c7d3_c7d3_c7d3;
/// 32 MiB, the limit.
const PAGES_MAX: u32 = 512;
const ENDS: u32 = 6;

/// The ways to end: `fill` knows the first five.
mod end {
    pub(super) const FUEL: u32 = 2;
    pub(super) const CANCELLED: u32 = 5;
}

fn wat() -> String {
    let image: String = (0..131_072 / 8).map(|_| r"\01\02\03\04\05\06\07\08").collect();
    include_str!("recycled.wat").replace("IMAGE", &image)
}

/// Looks around when the script asks for a key.
struct Looking<F>(F);

impl<F: Fn() + Send + Sync> Services for Looking<F> {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        (self.0)();
        Box::pin(std::future::ready(Answered { answer: question.unanswered(Unanswered::Unavailable), now_ms: 0 }))
    }
}

/// What was last seen of the stack.
type Seen = Arc<Mutex<Vec<u8>>>;

/// An instance whose stack is looked at whenever it draws a number.
async fn watched(foreign: &Foreign, limits: &Limits, seen: &Seen) -> (Store<State>, Instance) {
    let (mut store, instance) = foreign.instance(limits).await;
    let seen = Arc::clone(seen);
    store.data_mut().chance.on_draw = Some(Box::new(move |here| *seen.lock().unwrap() = stack_around(here)));
    (store, instance)
}

/// The writable memory of this process, as ranges of addresses.
fn writable() -> Vec<(usize, usize)> {
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

fn count_of(marker: u64, bytes: &[u8]) -> usize {
    bytes.chunks_exact(8).filter(|word| **word == marker.to_le_bytes()).count()
}

/// Runs `fill` to its end, or drops it in the middle.
async fn fill(foreign: &Foreign, pages: u32, stack: u32, end: u32, seen: &Seen) {
    let limits = Limits { fuel: 60_000_000, host_calls: 2, ..Limits::default() };
    let (mut store, instance) = watched(foreign, &limits, seen).await;
    let fill = instance.get_typed_func::<(u64, u32, u32, u32), (u64,)>(&mut store, "fill").unwrap();
    let told = if end == end::CANCELLED { end::FUEL } else { end };
    let mut call = pin!(fill.call_async(&mut store, (MARKER, pages, stack, told)));
    if end == end::CANCELLED {
        // It stops where a turn ends: in its memory or deep in its stack.
        for _ in 0..1 + stack % 20 {
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
    } else {
        assert_eq!(call.await.is_ok(), end == 0, "end {end}");
    }
}

async fn scan(foreign: &Foreign, pages: u32, seen: &Seen) -> (u64, usize) {
    let (mut store, instance) = watched(foreign, &Limits::default(), seen).await;
    let scan = instance.get_typed_func::<(u32,), (u64,)>(&mut store, "scan").unwrap();
    let (strange,) = scan.call_async(&mut store, (pages,)).await.unwrap();
    (strange, count_of(MARKER, &seen.lock().unwrap()))
}

#[tokio::test]
async fn s_2_9_a_marker_is_gone_in_the_next_instance() {
    let cycles = turns(2_000, 100_000);
    let resets = resets();
    let each = cycles / u32::try_from(resets.len()).unwrap();
    for reset in &resets {
        let foreign = Foreign::new(&one_slot(*reset).await, &wat());
        let seen = Seen::default();
        for cycle in 0..each {
            // Most runs touch little, as scripts do; some all there is.
            let pages = if cycle % 13 == 0 { PAGES_MAX } else { 32 + cycle % 32 };
            fill(&foreign, pages, cycle % 2_000, cycle % ENDS, &seen).await;
            assert_eq!(scan(&foreign, pages, &seen).await, (0, 0), "{reset:?}, cycle {cycle}");
        }
        println!("{each} instances clean, {reset:?}");
    }
}

#[tokio::test]
async fn s_2_9_the_scan_finds_what_is_there() {
    let foreign = Foreign::new(&one_slot(resets()[0]).await, &wat());
    let seen = Seen::default();
    fill(&foreign, 32, 1_000, 0, &seen).await;
    let on_stack = count_of(MARKER, &seen.lock().unwrap());
    assert!(on_stack > 1_000, "{on_stack} on the stack");
    let (mut store, instance) = watched(&foreign, &Limits::default(), &seen).await;
    let both = instance.get_typed_func::<(u64, u32), (u64,)>(&mut store, "both").unwrap();
    assert_eq!(both.call_async(&mut store, (MARKER, PAGES_MAX)).await.unwrap(), (4,));
}

/// What the script fills some megabytes with: neither its source nor its request hold it.
const BYTE: u8 = 97;
/// How it ends then. The last is dropped on its way.
const ENDS_OF_SCRIPT: [&str; 6] = ["1", "throw 1", "loop {}", "loop { time::now() }", "fn f(x) { f(x) } f(a)", "loop { }"];

/// Pages of this process that hold nothing but the script's byte.
fn pages_of_script() -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut page = vec![0; 4096];
    let pages = writable().into_iter().flat_map(|(from, to)| (from..to).step_by(4096));
    pages.filter(|address| memory.read_exact_at(&mut page, *address as u64).is_ok() && page.iter().all(|byte| *byte == BYTE)).count()
}

#[tokio::test]
async fn s_2_9_nothing_of_a_script_is_left_in_the_process() {
    let compiler = start(1, 1, resets()[0]).await;
    for reset in resets() {
        let executor = one_slot(reset).await;
        for turn in 0..turns(12, 120) {
            let end = ENDS_OF_SCRIPT[turn as usize % ENDS_OF_SCRIPT.len()];
            let text = format!("let a = blob(9 * 1024 * 1024, 90 + 7); let b = a; b[0] = 0; try {{ kv::get(`x`) }} catch {{ }} {end}");
            let image = compile(&compiler, &text).await;
            let limits = Limits { fuel: 200_000_000, ..Limits::default() };
            let most = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&most);
            let services = Looking(move || {
                if seen.load(Ordering::Relaxed) == 0 {
                    seen.store(pages_of_script(), Ordering::Relaxed);
                }
            });
            let call = invocation();
            let mut run = Box::pin(executor.run(&image, &call, &limits, Box::new(services)));
            if end == "loop { }" {
                while most.load(Ordering::Relaxed) == 0 {
                    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                }
                drop(run);
            } else {
                let _ended = run.await;
            }
            assert!(most.load(Ordering::Relaxed) > 4_000, "{most:?} pages while it ran");
            assert_eq!(pages_of_script(), 0, "{reset:?}, turn {turn}, {end}");
        }
    }
}
