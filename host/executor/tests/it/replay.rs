//! A recording gives the same run again, without clock or generator.

use execution::Limits;
use executor::{Live, Recorder, Replay};

use crate::sandbox::{compile, executor, invocation, request};

#[tokio::test]
async fn g9_a_replay_gives_the_same_answer_and_the_same_fuel() {
    let image = compile("let dice = []; for i in 0..20 { dice.push(rand::int(1, 6)); } [time::now(), dice, rand::bytes(3)]")
        .await
        .expect("compiles");
    let (executor, limits) = (executor().await, Limits::default());
    let call = invocation(request("GET", "/"));
    let (recorder, calls) = Recorder::new(Live::new(call.now_ms, call.seed));
    let recorded = executor.run(&image, call.clone(), &limits, Box::new(recorder)).await;
    let calls = calls.lock().expect("not poisoned").clone();
    assert_eq!(calls.len(), 22);
    let replayed = executor.run(&image, call, &limits, Box::new(Replay::new(calls))).await;
    assert_eq!((&replayed.result, replayed.usage.fuel_used), (&recorded.result, recorded.usage.fuel_used));
}
