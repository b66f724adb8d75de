#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    future::poll_fn,
    sync::atomic::{AtomicU64, AtomicUsize},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::Notify;

use super::*;

/// Each look is a step, so that every turn is as long as every other, whatever the machine does meanwhile.
fn steps() -> u64 {
    static STEPS: AtomicU64 = AtomicU64::new(0);
    STEPS.fetch_add(1, Ordering::SeqCst)
}

/// Computes for so many turns without waiting for anything, and counts them.
fn computes(turns: usize, counted: &Arc<AtomicUsize>) -> BoxFuture<'static, ()> {
    let (counted, mut done) = (Arc::clone(counted), 0);
    Box::pin(poll_fn(move |context| {
        if done == turns {
            return Poll::Ready(());
        }
        done += 1;
        counted.fetch_add(1, Ordering::SeqCst);
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

/// Free turns, and who waits.
fn state(turns: &Turns) -> (usize, usize) {
    let state = turns.state();
    assert!(state.given.is_empty());
    (state.free, state.lines.len())
}

#[test]
fn s_3_2_who_asks_for_little_waits_for_a_turn_however_much_others_ask_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (turns, greedy, quiet) = (Turns::measured_by(1, steps), Share::default(), Share::default());
        let counted = Arc::new(AtomicUsize::new(0));
        let greedy_ones: Vec<_> = (0..50).map(|_| tokio::spawn(turns.run(&greedy, computes(1_000_000, &counted)))).collect();
        for _ in 0..100 {
            while counted.load(Ordering::SeqCst) < 200 {
                tokio::task::yield_now().await;
            }
            counted.store(0, Ordering::SeqCst);
            turns.run(&quiet, computes(0, &counted)).await;
            let in_between = counted.load(Ordering::SeqCst);
            assert!(in_between <= 2, "{in_between} turns of the others");
        }
        assert!(turns.waiting() >= 49);
        greedy_ones.iter().for_each(tokio::task::JoinHandle::abort);
        for one in greedy_ones {
            assert!(one.await.unwrap_err().is_cancelled());
        }
        assert_eq!(state(&turns), (1, 0));
    });
}

#[test]
fn s_3_2_two_apps_get_the_same_however_many_executions_they_have() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let turns = Turns::measured_by(1, steps);
        let [many, few] = [Share::default(), Share::default()];
        let counted = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> =
            (0..20).map(|at| tokio::spawn(turns.run(if at < 19 { &many } else { &few }, computes(1_000_000, &counted)))).collect();
        while counted.load(Ordering::SeqCst) < 2_000 {
            tokio::task::yield_now().await;
        }
        // In one line, the few would have had a twentieth.
        let [many, few] = [&many, &few].map(|share| share.used_ns());
        assert!(many.abs_diff(few) <= 1 && many > 900, "{many} and {few} turns");
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

#[test]
fn who_was_idle_has_saved_nothing_up() {
    let (turns, busy, idle) = (Turns::new(1), Share::default(), Share::default());
    busy.charge(1_000_000);
    turns.run(&busy, std::future::ready(())).now_or_never().unwrap();
    turns.run(&idle, std::future::ready(())).now_or_never().unwrap();
    assert!(idle.used_ns() >= 1_000_000, "{}", idle.used_ns());
}

#[test]
fn who_has_not_begun_makes_way_for_an_app_that_has_used_less() {
    let (turns, greedy, quiet) = (Turns::new(1), Share::default(), Share::default());
    let woken = Arc::new(Notify::new());
    let waits = |woken: &Arc<Notify>| {
        let woken = Arc::clone(woken);
        Box::pin(async move { woken.notified().await })
    };
    let mut first = turns.run(&greedy, waits(&woken));
    assert!((&mut first).now_or_never().is_none());
    greedy.charge(1_000);
    // It has a turn now, and nobody has polled it.
    woken.notify_one();
    assert_eq!(turns.state().given.len(), 1);
    turns.run(&quiet, std::future::ready(())).now_or_never().unwrap();
    assert!((&mut first).now_or_never().is_some(), "and gets it back");
    drop(first);
    assert_eq!(state(&turns), (1, 0));
}

#[test]
fn turns_come_back_from_whoever_is_dropped_or_panics() {
    let (turns, app) = (Turns::new(1), Share::default());
    let counted = Arc::new(AtomicUsize::new(0));
    let mut given = turns.run(&app, computes(5, &counted));
    assert!((&mut given).now_or_never().is_none());
    let mut in_line = turns.run(&app, computes(5, &counted));
    assert!((&mut in_line).now_or_never().is_none());
    drop(in_line);
    drop(given);
    assert_eq!(state(&turns), (1, 0));
    let panics = turns.run(&app, Box::pin(async { panic!("on purpose") }));
    let result: Result<Option<()>, _> = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panics.now_or_never()));
    assert!(result.is_err());
    assert_eq!((state(&turns), app.0.active.load(Ordering::SeqCst)), ((1, 0), 0));
}

#[test]
fn nobody_is_forgotten_and_never_more_run_than_there_are_turns() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let turns = Turns::new(2);
    let (inside, most, drawn) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(1)));
    let apps: Vec<_> = (0..5).map(|_| Share::default()).collect();
    let one = |share: &Share| {
        let (inside, most, drawn) = (Arc::clone(&inside), Arc::clone(&most), Arc::clone(&drawn));
        let mut work: BoxFuture<'static, ()> = Box::pin(async move {
            for _ in 0..20 {
                match drawn.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62 {
                    0 => tokio::time::sleep(Duration::from_micros(50)).await,
                    1 => tokio::task::yield_now().await,
                    2 => drop(tokio::spawn(async {}).await),
                    _ => {}
                }
            }
        });
        turns.run(
            share,
            Box::pin(poll_fn(move |context| {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let polled = work.poll_unpin(context);
                inside.fetch_sub(1, Ordering::SeqCst);
                polled
            })),
        )
    };
    let tasks: Vec<_> = (0..2_000)
        .map(|at| {
            let execution = one(&apps[at % apps.len()]);
            // Every seventh is cut off.
            let patience = Duration::from_micros(if at % 7 == 0 { 300 } else { 60_000_000 });
            (at, runtime.spawn(async move { tokio::time::timeout(patience, execution).await.is_ok() }))
        })
        .collect();
    for (at, task) in tasks {
        assert!(runtime.block_on(task).unwrap() || at % 7 == 0, "{at} did not end");
    }
    assert_eq!(state(&turns), (2, 0));
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert!(apps.iter().all(|share| share.0.active.load(Ordering::SeqCst) == 0) && turns.state().runners.is_empty());
}
