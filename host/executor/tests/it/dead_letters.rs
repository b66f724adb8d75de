//! `dead_letters::` as a script sees it.

use execution::{
    Effects, Execute, Invocation, InvocationType, Limits, Outcome, Recorder, Replay,
    dead_letters::{DeadLetter, Decision, Range, Read},
};
use executor::{Memory, NotCommitted};
use uuid::Uuid;

use crate::sandbox::{answer, compile, executor, failure, invocation, request, run_on};

pub(crate) fn letter(number: u128, script: &str, payload: &str) -> DeadLetter {
    DeadLetter {
        id: Uuid::from_u128(number),
        script: script.into(),
        payload: Some(payload.into()),
        attempts: 5,
        outcome: "error".into(),
        message: "the mail server is away".into(),
        enqueued_at_ms: 1_790_000_000_000,
        death: 1_790_000_001_000_123,
    }
}

/// With three dead letters.
fn shop() -> Memory {
    let memory = Memory::default();
    for (number, payload) in [(1, r#"{"to":"ada"}"#), (2, "2"), (3, "[]")] {
        memory.set_dead_letter(letter(number, "mail", payload));
    }
    memory
}

async fn run_as(invocation: &Invocation, text: &str, limits: &Limits) -> Outcome {
    let image = compile(text).await.expect("the script compiles");
    executor().await.execute(&image, invocation, limits, Box::new(shop())).await
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[tokio::test]
async fn a_dead_letter_is_what_became_of_its_job() {
    let script = format!(r#"[dead_letters::get("{}"), dead_letters::get("{}")]"#, id(1), id(9));
    let outcome = run_on(&script, shop()).await;
    let expected = format!(
        r#"[{{"attempts":5,"died_at":1790000001000,"enqueued_at":1790000000000,"id":"{}","message":"the mail server is away","outcome":"error","payload":{{"to":"ada"}},"script":"mail"}},null]"#,
        id(1)
    );
    assert_eq!(answer(&outcome).1, expected);
    let seen = [Read::One { id: id(1), death: Some(1_790_000_001_000_123) }, Read::One { id: id(9), death: None }];
    assert_eq!(outcome.effects.dead_letter_reads, seen);
    assert!(outcome.effects.need_commit() && !outcome.effects.has_writes(), "two looks must have been true at one moment");
}

#[tokio::test]
async fn decisions_are_left_behind_by_a_run_that_ends_well_and_seen_by_it_before() {
    let [first, second, third] = [id(1), id(2), id(3)];
    let script = format!(
        r#"
        let done = [dead_letters::replay("{first}"), dead_letters::resolve("{second}"), dead_letters::replay("{}")];
        let again = [dead_letters::replay("{first}"), dead_letters::get("{second}")];
        [done, again, dead_letters::list().items.map(|letter| letter.id)]
        "#,
        id(9)
    );
    let outcome = run_on(&script, shop()).await;
    assert_eq!(answer(&outcome).1, format!(r#"[[true,true,false],[false,null],["{third}"]]"#));
    let decisions = [(first, Decision::Replay { depth: 1 }), (second, Decision::Resolve)];
    assert_eq!(outcome.effects.decisions, decisions.into());
    assert!(outcome.effects.has_writes() && outcome.effects.has_jobs());
    let memory = shop();
    memory.commit(&outcome.effects).expect("nobody else decides");
    assert_eq!((memory.replayed(), memory.dead_letters().len()), (vec![first], 1));
    // Who decides on the same ones afterwards has seen what is not so any more.
    assert_eq!(memory.commit(&outcome.effects), Err(NotCommitted::Conflict));

    let thrown = run_on(&format!(r#"dead_letters::resolve("{first}"); throw "no""#), shop()).await;
    assert_eq!(thrown.effects, Effects::default(), "{thrown:?}");
}

#[tokio::test]
async fn pages_go_on_behind_the_last_and_are_part_of_what_was_seen() {
    let script = r#"
        let ids = [];
        let after = ();
        loop {
            let page = dead_letters::list(#{ limit: 2, after: after });
            for letter in page.items { ids.push([letter.id, "payload" in letter]); }
            if page.next == () { break; }
            after = page.next;
        }
        ids
    "#;
    let outcome = run_on(script, shop()).await;
    let [first, second, third] = [id(1), id(2), id(3)];
    assert_eq!(answer(&outcome).1, format!(r#"[["{first}",false],["{second}",false],["{third}",false]]"#));
    let death = 1_790_000_001_000_123;
    let pages = [
        Read::Page { range: Range { after: None, limit: 2 }, entries: vec![(first, death), (second, death)], more: true },
        Read::Page { range: Range { after: Some(second), limit: 2 }, entries: vec![(third, death)], more: false },
    ];
    assert_eq!(outcome.effects.dead_letter_reads, pages);
    let memory = shop();
    memory.set_dead_letter(letter(4, "mail", "4"));
    assert_eq!(memory.commit(&outcome.effects), Err(NotCommitted::Conflict), "one has come");
}

#[tokio::test]
async fn what_is_wrong_can_be_caught() {
    let code = |call: &str| format!("let code = \"nothing\"; try {{ {call}; }} catch (e) {{ code = e.error; }} code");
    for (call, expected) in [
        (r#"dead_letters::get("7")"#, "dead_letters.invalid"),
        (r#"dead_letters::replay("")"#, "dead_letters.invalid"),
        (r#"dead_letters::resolve("x")"#, "dead_letters.invalid"),
        (r#"dead_letters::list(#{ limit: 0 })"#, "dead_letters.invalid"),
        (r#"dead_letters::list(#{ limit: 1001 })"#, "dead_letters.invalid"),
        (r#"dead_letters::list(#{ after: "x" })"#, "dead_letters.invalid"),
        (r#"dead_letters::list(#{ before: 1 })"#, "dead_letters.invalid"),
        (r#"dead_letters::list(#{ after: () })"#, "nothing"),
    ] {
        assert_eq!(answer(&run_on(&code(call), shop()).await).1, expected, "{call}");
    }
    let alone = run_on(&code("dead_letters::list()"), execution::Nobody { now_ms: 0 }).await;
    assert_eq!(answer(&alone).1, "dead_letters.unavailable");
    let large = Limits { state_bytes: 100, ..Limits::default() };
    let large = run_as(&invocation(request("GET", "/")), &code("dead_letters::list()"), &large).await;
    assert_eq!(answer(&large).1, "dead_letters.too_large");
}

#[tokio::test]
async fn s_2_7_failures_and_replays_come_to_an_end() {
    let script = format!(r#"try {{ dead_letters::replay("{}"); }} catch (e) {{ return `${{e.error}}: ${{e.message}}`; }}"#, id(1));
    let job = Invocation { invocation_type: InvocationType::Queue, request: None, depth: 2, ..invocation(request("GET", "/")) };
    let deep = run_as(&job, &script, &Limits { queue_depth: 2, ..Limits::default() }).await;
    assert_eq!(answer(&deep).1, "dead_letters.too_deep: 2 jobs in a row have led to this execution, and 2 may (queue_depth)");
    let next = run_as(&job, &script, &Limits { queue_depth: 3, ..Limits::default() }).await;
    assert_eq!(next.effects.decisions, [(id(1), Decision::Replay { depth: 3 })].into());
    let often = run_as(&job, "for n in 0..4 { dead_letters::list(); }", &Limits { queue_calls: 3, ..Limits::default() }).await;
    assert!(failure(often).message.contains("queue_calls"));
}

#[tokio::test]
async fn a_replay_of_the_recording_decides_the_same() {
    let script = format!(r#"let page = dead_letters::list(); [page.items.len, dead_letters::replay("{}"), time::now()]"#, id(2));
    let image = compile(&script).await.expect("the script compiles");
    let (recorder, tape) = Recorder::new(shop(), 1 << 20);
    let (executor, invocation, limits) = (executor().await, invocation(request("GET", "/")), Limits::default());
    let first = executor.execute(&image, &invocation, &limits, Box::new(recorder)).await;
    let calls = tape.calls().expect("a whole recording");
    // It is kept as JSON.
    let calls: Vec<execution::Call> = serde_json::from_str(&serde_json::to_string(&calls).expect("JSON")).expect("calls");
    let (replay, course) = Replay::new(calls);
    let again = executor.execute(&image, &invocation, &limits, Box::new(replay)).await;
    assert_eq!((&again.result, &again.effects, again.usage.fuel_used), (&first.result, &first.effects, first.usage.fuel_used));
    assert_eq!((course.divergence(), first.effects.decisions.len()), (None, 1));
}
