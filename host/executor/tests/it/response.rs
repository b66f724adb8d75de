//! `response::` as a script sees it, and how long it may take.

use std::time::Duration;

use execution::{
    Answer, Answered, BoxFuture, Execute, FailureKind, Limits, Nobody, Outcome, Question, Recorder, Replay, Services, stream::Taken,
};
use executor::Memory;

use crate::sandbox::{answer, compile, executor, failure, invocation, request, run_on};

/// A visitor who takes a piece only after this long.
struct Slow(Duration);

impl Services for Slow {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            if let Question::ResponseWrite(_) = question {
                tokio::time::sleep(self.0).await;
            }
            Answered { answer: question.taken().expect("no other question"), now_ms: 0 }
        })
    }
}

async fn run_with(text: &str, limits: &Limits, services: impl Services + 'static) -> Outcome {
    let image = compile(text).await.expect("the script compiles");
    executor().await.execute(&image, &invocation(request("GET", "/")), limits, Box::new(services)).await
}

#[tokio::test]
async fn pieces_go_in_order_and_the_head_is_the_answer() {
    let memory = Memory::default();
    let script = r#"
        response::start(201, #{ "content-type": "text/csv", "set-cookie": ["a=1", "b=2"] });
        response::write("a,"); response::write(""); response::write(blob(2, 0x62)); response::write(#{ n: 1 }); response::write(());
        kv::set("done", true);
    "#;
    let outcome = run_on(script, memory.clone()).await;
    let response = outcome.result.as_ref().expect("it ends well");
    assert_eq!((response.status, response.body.len(), memory.pieces()), (201, 0, br#"a,bb{"n":1}"#.to_vec()));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(response.headers, [pair("content-type", "text/csv"), pair("set-cookie", "a=1"), pair("set-cookie", "b=2")]);
    assert!(outcome.effects.irrevocable && outcome.effects.has_writes());
    // Neither what was not begun is irrevocable, nor what could not be begun.
    for script in ["1", "try { response::start(); } catch { } 1"] {
        assert!(!run_on(script, Nobody { now_ms: 0 }).await.effects.irrevocable, "{script}");
    }
    let plain = run_on("response::start()", memory).await;
    assert_eq!(plain.result.expect("it ends well").headers, [pair("content-type", "text/plain; charset=utf-8")]);
}

#[tokio::test]
async fn what_is_wrong_can_be_caught() {
    for (call, expected) in [
        (r#"response::write("a")"#, "response.invalid"),
        ("response::start(); response::start()", "response.invalid"),
        (r#"response::start(200, #{ a: [#{}] })"#, "response.invalid"),
        (r#"response::start(); let s = "x"; for n in 0..10 { s += s; } response::write(s); response::write("y")"#, "response.too_large"),
    ] {
        let script = format!("try {{ {call}; }} catch (e) {{ log::info(e.error); }}");
        let outcome = run_with(&script, &Limits { stream_bytes: 1024, ..Limits::default() }, Memory::default()).await;
        assert_eq!(outcome.logs.lines.first().map(|line| line.message.as_str()), Some(expected), "{call}");
    }
    let alone = "try { response::start(); } catch (e) { return e.error; }";
    assert_eq!(answer(&run_on(alone, Nobody { now_ms: 0 }).await).1, "response.unavailable");
}

#[tokio::test]
async fn an_answer_that_was_begun_ends_without_a_value() {
    for value in ["1", "\"text\"", "#{ statusCode: 200 }"] {
        let failed = failure(run_on(&format!("response::start(); {value}"), Memory::default()).await);
        assert_eq!(failed.kind, FailureKind::InvalidResponse);
        assert!(failed.message.contains("must end with `()`"), "{failed:?}");
    }
}

#[tokio::test]
async fn a_range_is_no_answer_and_is_not_told_by_its_name_in_rust() {
    for script in ["0..5", "0..=5", "#{ a: [1, range(0, 9, 3)] }", "#{ statusCode: 200, body: [\"text\".chars()] }"] {
        let failed = failure(run_on(script, Memory::default()).await);
        let message = "the body cannot be written as JSON: there is no JSON for a range or an iterator; put what it yields into an array";
        assert_eq!((failed.kind, failed.message.as_str()), (FailureKind::InvalidResponse, message), "{script}");
    }
    let failed = failure(run_on("response::start(); 0..5", Memory::default()).await);
    assert!(failed.message.ends_with("it ended with a value (a range or an iterator)"), "{failed:?}");
    // What a closure has captured is shared, and written as what it is.
    let shared = "let n = 1; let list = [n]; let f = || { list.push(n); n += 1; }; f.call(); [n, list, #{ n: n }]";
    assert_eq!(answer(&run_on(shared, Memory::default()).await).1, r#"[2,[1,1],{"n":2}]"#);
}

#[tokio::test]
async fn g7_pieces_have_a_budget_of_their_own() {
    let limits = Limits { response_writes: 2_000, host_calls: 1, ..Limits::default() };
    let script = |pieces: u32| format!(r#"response::start(); for n in 0..{pieces} {{ response::write("x"); }}"#);
    let memory = Memory::default();
    let outcome = run_with(&script(2_000), &limits, memory.clone()).await;
    assert_eq!((outcome.result.is_ok(), memory.pieces().len(), outcome.usage.host_calls), (true, 2_000, 1));
    let failed = failure(run_with(&script(2_001), &limits, Memory::default()).await);
    assert_eq!(failed.kind, FailureKind::HostCalls);
    assert!(failed.message.contains("response_writes"), "{failed:?}");
}

#[tokio::test]
async fn g3_a_stream_goes_on_while_pieces_follow_one_another() {
    let script = r#"response::start(); for n in 0..8 { response::write("x"); }"#;
    let limits = Limits { wall_ms: 300, stream_idle_ms: 2_000, ..Limits::default() };
    let slow = || Slow(Duration::from_millis(100));
    let outcome = run_with(script, &limits, slow()).await;
    assert!(outcome.result.is_ok() && outcome.usage.wall_us > 700_000, "{outcome:?}");
    for (limits, named) in [
        (Limits { stream_ms: 500, ..limits.clone() }, "stream_ms"),
        (Limits { stream_idle_ms: 50, wall_ms: 50, ..limits.clone() }, "took no piece"),
    ] {
        let failed = failure(run_with(script, &limits, slow()).await);
        assert_eq!(failed.kind, FailureKind::Deadline);
        assert!(failed.message.contains(named), "{failed:?}");
    }
    // What never begins has its time and no more, and what begins and computes for ever as well.
    let endless = Limits { wall_ms: 100, stream_idle_ms: 100, fuel: 50_000_000_000, ..Limits::default() };
    for (script, named) in [("loop { }", "wall_ms"), ("response::start(); loop { }", "sent no piece")] {
        let failed = failure(run_with(script, &endless, Memory::default()).await);
        assert_eq!(failed.kind, FailureKind::Deadline);
        assert!(failed.message.contains(named), "{failed:?}");
    }
}

#[tokio::test]
async fn a_replay_sends_nothing_and_sees_what_is_sent_otherwise() {
    let text = |piece: &str| format!(r#"response::start(); response::write("{piece}"); kv::set("a", 1);"#);
    let (call, limits) = (invocation(request("GET", "/")), Limits::default());
    let image = compile(&text("one")).await.expect("it compiles");
    let (recorder, tape) = Recorder::new(Memory::default(), 1 << 20);
    let first = executor().await.execute(&image, &call, &limits, Box::new(recorder)).await;
    let calls = tape.calls().expect("a whole recording");
    assert_eq!(calls.last().map(|call| &call.answered.answer), Some(&Answer::ResponseWrite(Ok(Taken::Yes))));
    let (replay, course) = Replay::new(calls.clone());
    let again = executor().await.execute(&image, &call, &limits, Box::new(replay)).await;
    assert_eq!((&again.result, &again.effects, again.usage.fuel_used), (&first.result, &first.effects, first.usage.fuel_used));
    assert_eq!(course.divergence(), None);
    // Other code may write something else: that is what is to be seen, and not an error.
    let other = compile(&text("two")).await.expect("it compiles");
    let (replay, course) = Replay::of_other_code(calls);
    let again = executor().await.execute(&other, &call, &limits, Box::new(replay)).await;
    assert!(again.result.is_ok());
    assert_eq!((course.divergence().map(|divergence| divergence.index), course.unanswered()), (Some(1), Vec::new()));
}
