//! `pubsub::` as a script sees it.

use execution::{Execute, Limits, Nobody, Outcome, Recorder, Replay, pubsub::NewMessage};
use executor::Memory;

use crate::sandbox::{answer, compile, executor, failure, invocation, request, run_on};

async fn run_with(text: &str, limits: &Limits) -> Outcome {
    let image = compile(text).await.expect("the script compiles");
    executor().await.execute(&image, &invocation(request("GET", "/")), limits, Box::new(Memory::default())).await
}

#[tokio::test]
async fn what_is_published_is_left_behind_by_a_run_that_ends_well() {
    let outcome = run_on(r#"pubsub::publish("orders/7", #{ state: "paid" }); pubsub::publish("all", 1.50); "ok""#, Memory::default()).await;
    let message = |topic: &str, message: &str| NewMessage { topic: topic.into(), message: message.into() };
    let expected = [message("orders/7", r#"{"state":"paid"}"#), message("all", "1.5")];
    assert_eq!(outcome.effects.messages, expected);
    assert!(outcome.effects.has_writes() && outcome.effects.need_commit());
    let memory = Memory::default();
    memory.commit(&outcome.effects).expect("nobody else writes");
    assert_eq!(memory.messages(), expected);
    assert!(run_on(r#"pubsub::publish("a", 1); throw "no""#, Memory::default()).await.effects.messages.is_empty());
}

#[tokio::test]
async fn what_is_wrong_can_be_caught() {
    for (call, expected) in [
        (r#"pubsub::publish("", 1)"#, "pubsub.invalid"),
        (r#"pubsub::publish("/a", 1)"#, "pubsub.invalid"),
        (r#"pubsub::publish("a b", 1)"#, "pubsub.invalid"),
        (r#"let s = "x"; for n in 0..15 { s += s; } pubsub::publish("a", s)"#, "pubsub.too_large"),
        (r#"pubsub::token("a b")"#, "pubsub.invalid"),
        (r#"pubsub::token("a", 0)"#, "pubsub.invalid"),
        (r#"pubsub::token("a", -5)"#, "pubsub.invalid"),
        (r#"pubsub::token("a", 86401)"#, "pubsub.invalid"),
        (r#"pubsub::token("a", 86400)"#, "nothing"),
        (r#"pubsub::publish("a", ())"#, "nothing"),
    ] {
        let script = format!("let code = \"nothing\"; try {{ {call}; }} catch (e) {{ code = e.error; }} code");
        assert_eq!(answer(&run_on(&script, Memory::default()).await).1, expected, "{call}");
    }
    let alone = r#"try { pubsub::token("a"); } catch (e) { return e.error; }"#;
    assert_eq!(answer(&run_on(alone, Nobody { now_ms: 0 }).await).1, "pubsub.unavailable");
}

#[tokio::test]
async fn calls_are_bounded() {
    let outcome = run_with(r#"for n in 0..4 { pubsub::publish("a", n); }"#, &Limits { publish_calls: 3, ..Limits::default() }).await;
    assert!(outcome.effects.messages.is_empty());
    let failure = failure(outcome);
    assert!(failure.message.contains("publish_calls"), "{failure:?}");
}

#[tokio::test]
async fn a_replay_publishes_the_same_and_makes_no_token() {
    let image = compile(r#"pubsub::publish("a", pubsub::token("a", 60)); pubsub::token("b")"#).await.expect("it compiles");
    let (call, limits) = (invocation(request("GET", "/")), Limits::default());
    let (recorder, tape) = Recorder::new(Memory::default(), 1 << 20);
    let first = executor().await.execute(&image, &call, &limits, Box::new(recorder)).await;
    let (replay, course) = Replay::new(tape.calls().expect("a whole recording"));
    let again = executor().await.execute(&image, &call, &limits, Box::new(replay)).await;
    assert_eq!((&again.result, &again.effects, again.usage.fuel_used), (&first.result, &first.effects, first.usage.fuel_used));
    assert_eq!(course.divergence(), None);
}
