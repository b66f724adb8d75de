//! A recording gives the same run again, without clock or generator.

use execution::Limits;
use executor::{Asked, Call, Divergence, Live, Recorder, Replay};

use crate::sandbox::{answer, compile, executor, invocation, request};

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
    let (replay, course) = Replay::new(calls);
    let replayed = executor.run(&image, call, &limits, Box::new(replay)).await;
    assert_eq!(course.divergence(), None);
    assert_eq!((&replayed.result, replayed.usage.fuel_used), (&recorded.result, recorded.usage.fuel_used));
}

#[tokio::test]
async fn a_run_that_leaves_its_recording_says_where() {
    let recorded = vec![Call::Now { answer_ms: 1_000 }, Call::Random { answer: vec![9; 8] }, Call::Now { answer_ms: 2_000 }];
    let random = |count| Some(Asked::Random { count });
    for (script, body, expected) in [
        ("[time::now(), rand::float() > 0.0, time::now()]", "[1000,true,2000]", None),
        ("time::now()", "1000", Some(Divergence { index: 1, expected: random(8), asked: None })),
        ("1", "1", Some(Divergence { index: 0, expected: Some(Asked::Now), asked: None })),
        // What comes after is not answered from the recording again, although it would fit.
        (
            "[time::now(), rand::bytes(9).len(), rand::float() > 0.0, time::now()]",
            "[1000,9,false,0]",
            Some(Divergence { index: 1, expected: random(8), asked: random(9) }),
        ),
        ("rand::float() > 0.0", "false", Some(Divergence { index: 0, expected: Some(Asked::Now), asked: random(8) })),
        (
            "[time::now(), rand::float() > 0.0, time::now(), time::now()]",
            "[1000,true,2000,0]",
            Some(Divergence { index: 3, expected: None, asked: Some(Asked::Now) }),
        ),
    ] {
        let image = compile(script).await.expect("compiles");
        let (replay, course) = Replay::new(recorded.clone());
        let outcome = executor().await.run(&image, invocation(request("GET", "/")), &Limits::default(), Box::new(replay)).await;
        assert_eq!((answer(&outcome).1.as_str(), course.divergence()), (body, expected), "{script}");
    }
}
