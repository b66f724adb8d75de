//! A recording gives the same run again, without a store.

use execution::{Answer, Answered, Limits, Question, kv::Stored};
use execution::{Call, Divergence, Recorder, Replay};
use executor::Memory;

use crate::sandbox::{answer, compile, executor, invocation, nobody, request};

#[tokio::test]
async fn g9_a_replay_gives_the_same_answer_and_the_same_fuel() {
    let text = r#"
        kv::set("own", 1);
        let dice = []; for i in 0..20 { dice.push(rand::int(1, 6)); }
        [time::now(), dice, rand::bytes(3), kv::get("a"), kv::get("b"), kv::get("own"), kv::list("").items.len(), time::now()]
    "#;
    let image = compile(text).await.expect("compiles");
    let (executor, limits, memory) = (executor().await, Limits::default(), Memory::default());
    let writing = compile(r#"kv::set("a", #{ deep: [1, 2.5, "x"] });"#).await.expect("compiles");
    let wrote = executor.run(&writing, &invocation(request("GET", "/")), &limits, Box::new(memory.clone())).await;
    memory.commit(&wrote.effects).expect("nobody else writes");

    let call = invocation(request("GET", "/"));
    memory.set_now_ms(call.now_ms + 7);
    let (recorder, calls) = Recorder::new(memory, 1 << 20);
    let recorded = executor.run(&image, &call, &limits, Box::new(recorder)).await;
    assert!(answer(&recorded).1.ends_with(&format!("2,{}]", call.now_ms + 7)), "{recorded:?}");
    let calls = calls.calls().expect("not too much");
    assert_eq!(calls.len(), 3);
    let (replay, course) = Replay::new(calls);
    let replayed = executor.run(&image, &call, &limits, Box::new(replay)).await;
    assert_eq!(course.divergence(), None);
    assert_eq!((&replayed.result, &replayed.effects), (&recorded.result, &recorded.effects));
    assert_eq!(
        (replayed.usage.fuel_used, replayed.usage.host_calls, replayed.usage.memory_peak_bytes),
        (recorded.usage.fuel_used, recorded.usage.host_calls, recorded.usage.memory_peak_bytes)
    );
}

#[tokio::test]
async fn g9_time_and_chance_follow_from_the_invocation() {
    let image = compile("[time::now(), rand::float(), rand::bytes(4)]").await.expect("compiles");
    let run = async |seed: u8| {
        let call = execution::Invocation { seed: [seed; 32], ..invocation(request("GET", "/")) };
        let outcome = executor().await.run(&image, &call, &Limits::default(), nobody()).await;
        (answer(&outcome).1, outcome.usage.fuel_used)
    };
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await.0, run(2).await.0);
}

#[tokio::test]
async fn a_run_that_leaves_its_recording_says_where() {
    let get = |key: &str| Question::KvGet { key: key.to_owned() };
    let call = |key: &str, value: &str| Call {
        question: get(key),
        answered: Answered { answer: Answer::KvGet(Ok(Some(Stored { value: value.to_owned(), version: 1 }))), now_ms: 0 },
    };
    let recorded = vec![call("a", "1"), call("b", "2")];
    for (script, body, expected) in [
        (r#"[kv::get("a"), kv::get("b")]"#, "[1,2]", None),
        // Asked once, the second look sees the same.
        (r#"[kv::get("a"), kv::get("a"), kv::get("b")]"#, "[1,1,2]", None),
        (r#"kv::get("a")"#, "1", Some(Divergence { index: 1, expected: Some(get("b")), asked: None })),
        ("1", "1", Some(Divergence { index: 0, expected: Some(get("a")), asked: None })),
        // What comes after is not answered from the recording again, although it would fit.
        (
            r#"let got = [kv::get("a")]; for key in ["c", "b"] { try { got.push(kv::get(key)) } catch (e) { got.push(e.error) } } got"#,
            r#"[1,"kv.unavailable","kv.unavailable"]"#,
            Some(Divergence { index: 1, expected: Some(get("b")), asked: Some(get("c")) }),
        ),
        (
            r#"let got = []; for key in ["a", "b", "c"] { try { got.push(kv::get(key)) } catch (e) { got.push(e.error) } } got"#,
            r#"[1,2,"kv.unavailable"]"#,
            Some(Divergence { index: 2, expected: None, asked: Some(get("c")) }),
        ),
    ] {
        let image = compile(script).await.expect("compiles");
        let (replay, course) = Replay::new(recorded.clone());
        let outcome = executor().await.run(&image, &invocation(request("GET", "/")), &Limits::default(), Box::new(replay)).await;
        assert_eq!((answer(&outcome).1.as_str(), course.divergence()), (body, expected), "{script}");
    }
}
