//! S-2.9: what an execution leaves in its slot of the pool, no later one finds.
//!
//! A component of our own fills memory, table and stack with a marker and ends in each possible way; the next instance, in the same slot, looks
//! at every word of its memory and every entry of its table, and the host at every byte of its stack. The guest itself cannot look at raw
//! memory: after its runs the whole process is searched.

use std::{
    fs::File,
    future::Future,
    os::unix::fs::FileExt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
};

use execution::{Answered, BoxFuture, Limits, Question, Services, Unanswered};
use tokio::runtime::Builder;

use super::{CACHE, compile, invocation, start, turns};
use crate::testing::{ENDS, Fill, Found, PAGES_MAX, Recycled, both, count_of_marker, resets, writable};

/// Looks around when the script asks for a key.
struct Looking<F>(F);

impl<F: Fn() + Send + Sync> Services for Looking<F> {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        (self.0)();
        Box::pin(std::future::ready(Answered { answer: question.unanswered(Unanswered::Unavailable), now_ms: 0 }))
    }
}

#[test]
fn s_2_9_a_marker_is_gone_in_the_next_instance() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let all = runtime().block_on(Recycled::all(CACHE.as_ref()));
    // 2,000 in all; of a soak, 100,000 in every mode.
    let each = turns(2_000 / u32::try_from(all.len()).unwrap(), 100_000);
    // At once: a soak takes a quarter of an hour for each of them.
    std::thread::scope(|scope| {
        for recycled in &all {
            scope.spawn(move || runtime().block_on(are_clean(recycled, each)));
        }
    });
}

/// Fills an instance and looks at the next, so many times.
async fn are_clean(recycled: &Recycled, times: u32) {
    for cycle in 0..times {
        // Most runs touch little, as scripts do; some all there is.
        let pages = if cycle % 13 == 0 { PAGES_MAX } else { 32 + cycle % 32 };
        recycled.fill(Fill { pages, stack: cycle % 2_000, end: cycle % ENDS }).await;
        assert_eq!(recycled.scan(pages).await, Found::default(), "{recycled:?}, cycle {cycle}");
    }
    println!("{times} instances clean, {recycled:?}");
}

#[tokio::test]
async fn s_2_9_the_scan_finds_what_is_there() {
    let all = Recycled::all(CACHE.as_ref()).await;
    all[0].fill(Fill { pages: 32, stack: 1_000, end: 0 }).await;
    let on_stack = count_of_marker(&all[0].stack());
    assert!(on_stack > 1_000, "{on_stack} on the stack");
    assert_eq!(both(&all[0]).await, 4);
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
        let executor = start(1, 0, reset).await;
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
