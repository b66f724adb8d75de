//! S-2.6: whoever drops an execution, at whatever point, gets everything back.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use execution::{Execute, Image, Limits, Modules, Source};
use futures_util::future::join_all;

use super::{compile, invocation, start, turns};
use crate::{
    Executor,
    testing::{nobody, resets},
};

const SLOTS: u32 = 8;
/// More than there are slots: some are dropped while they wait for one.
const BATCH: u32 = 50;
const SCRIPTS: [&str; 5] = [
    "loop { }",
    "let a = []; loop { a.push(\"some text that is not short \" + a.len()); }",
    "fn f(x) { if x > 0 { f(x - 1) } else { loop { rand::float() } } } f(50)",
    "for i in 0..2000 { print(i); } blob(1000000, 1)",
    "1 + 1",
];

async fn executor() -> Arc<Executor> {
    start(SLOTS, 2, resets()[0]).await
}

fn pick(state: &mut u64) -> usize {
    usize::try_from(draw(state)).unwrap() % SCRIPTS.len()
}

/// The same numbers in each run of the test.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Runs for so many polls, or for so long in competition with others, and is dropped.
async fn run_and_drop(executor: &Executor, image: &Image, drawn: u64) {
    let limits = Limits { fuel: 50_000_000_000, host_calls: 10_000, ..Limits::default() };
    let call = invocation();
    let mut run = pin!(executor.run(image, &call, &limits, nobody()));
    if drawn.is_multiple_of(2) {
        let _elapsed = tokio::time::timeout(Duration::from_micros(drawn % 4_000), run).await;
        return;
    }
    for _ in 0..drawn % 16 {
        if run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
    }
}

/// Nothing of the pool is in use.
fn assert_all_is_free(executor: &Executor) {
    assert_eq!((executor.executions.available_permits(), executor.compilations.available_permits()), (SLOTS as usize, 2));
    let pool = executor.engine.pooling_allocator_metrics().unwrap();
    assert_eq!((pool.component_instances(), pool.core_instances(), pool.memories(), pool.tables(), pool.stacks()), (0, 0, 0, 0, 0));
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_2_6_executions_dropped_at_any_point_leave_nothing() {
    let executor = executor().await;
    let mut images = Vec::new();
    for text in SCRIPTS {
        images.push(compile(&executor, text).await);
    }
    let files = open_files();
    let (mut state, dropped) = (1, turns(500, 10_000));
    for batch in 0..dropped / BATCH {
        let tasks: Vec<_> = (0..BATCH)
            .map(|_| {
                let (executor, image, drawn) = (Arc::clone(&executor), images[pick(&mut state)].clone(), draw(&mut state));
                tokio::spawn(async move { run_and_drop(&executor, &image, drawn).await })
            })
            .collect();
        for task in join_all(tasks).await {
            task.unwrap();
        }
        assert_all_is_free(&executor);
        let (call, limits) = (invocation(), Limits::default());
        for outcome in join_all((0..SLOTS).map(|_| executor.execute(&images[4], &call, &limits, nobody()))).await {
            assert_eq!(outcome.result.unwrap().body, b"2", "batch {batch}");
        }
    }
    assert_all_is_free(&executor);
    // The runtime of another test may open a few meanwhile; one for each execution would be hundreds.
    assert!(open_files() < files + 50, "{files} open before, {} after", open_files());
    println!("{dropped} executions dropped");
}

#[tokio::test]
async fn s_2_6_a_full_pool_is_free_again() {
    let executor = executor().await;
    let (endless, quick) = (compile(&executor, SCRIPTS[0]).await, compile(&executor, SCRIPTS[4]).await);
    let (call, limits) = (invocation(), Limits { fuel: 50_000_000_000, ..Limits::default() });
    for _ in 0..turns(20, 500) {
        // Else the runtime says `Pending` by itself after a while.
        tokio::task::yield_now().await;
        let mut runs: Vec<_> = (0..=SLOTS).map(|_| executor.execute(&endless, &call, &limits, nobody())).collect();
        for run in &mut runs {
            assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(executor.engine.pooling_allocator_metrics().unwrap().memories(), SLOTS as usize);
        drop(runs);
        assert_all_is_free(&executor);
        assert_eq!(executor.execute(&quick, &invocation(), &Limits::default(), nobody()).await.result.unwrap().body, b"2");
    }
}

#[tokio::test]
async fn s_2_6_a_dropped_compilation_leaves_nothing() {
    let executor = executor().await;
    let text = "let total = 0; for item in [1, 2, 3] { if item > 1 { total += item * 2 } }\n".repeat(2_000);
    let (source, modules) = (Source { name: "main".into(), text }, Modules::default());
    for polls in 0..turns(20, 200) {
        tokio::task::yield_now().await;
        let mut parse = executor.compile(&source, &modules);
        for _ in 0..polls % 20 {
            assert!(parse.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(parse);
        assert_all_is_free(&executor);
    }
    assert!(executor.compile(&source, &modules).await.is_ok());
}

#[tokio::test]
async fn s_3_7_compilations_have_places_of_their_own() {
    let executor = executor().await;
    let quick = compile(&executor, SCRIPTS[4]).await;
    let text = "let total = 0; for item in [1, 2, 3] { if item > 1 { total += item * 2 } }\n".repeat(2_000);
    let (source, modules) = (Source { name: "main".into(), text }, Modules::default());
    let mut parses: Vec<_> = (0..3).map(|_| executor.compile(&source, &modules)).collect();
    for parse in &mut parses {
        assert!(parse.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(executor.engine.pooling_allocator_metrics().unwrap().memories(), 2, "the third waits for one of two");
    // However many scripts are compiled, those that run have all of their sandboxes.
    let (call, limits) = (invocation(), Limits::default());
    for outcome in join_all((0..SLOTS).map(|_| executor.execute(&quick, &call, &limits, nobody()))).await {
        assert_eq!(outcome.result.unwrap().body, b"2");
    }
    assert!(join_all(parses).await.into_iter().all(|parsed| parsed.is_ok()));
    assert_all_is_free(&executor);
}
