//! `queue::` as a script sees it.

use execution::{
    Execute, Invocation, InvocationType, Limits, Outcome, Recorder, Replay,
    queue::{BACKOFF_MS, JobEvent, NewJob, Options},
};
use executor::Memory;
use uuid::Uuid;

use crate::sandbox::{answer, compile, executor, failure, invocation, request, run_on};

fn shop() -> Memory {
    let memory = Memory::default();
    memory.set_endpoint("mail");
    memory
}

fn job(number: u128) -> Invocation {
    let event = JobEvent {
        id: Uuid::from_u128(number),
        payload: r#"{"to": "ada", "n": [1.50, 12345678901234567]}"#,
        attempt: 3,
        depth: 2,
        enqueued_at_ms: 1_790_000_000_000,
        enqueued_by: Some(Uuid::from_u128(7)),
        origin: None,
    };
    let event = Some(event.to_json());
    Invocation { invocation_type: InvocationType::Queue, request: None, event, depth: 2, ..invocation(request("GET", "/")) }
}

async fn run_as(invocation: &Invocation, text: &str, limits: &Limits) -> Outcome {
    let image = compile(text).await.expect("the script compiles");
    executor().await.execute(&image, invocation, limits, Box::new(shop())).await
}

async fn code(text: &str) -> String {
    answer(&run_on(&format!("let code = \"nothing\"; try {{ {text}; }} catch (e) {{ code = e.error; }} code"), shop()).await).1
}

#[tokio::test]
async fn what_is_enqueued_is_left_behind_by_a_run_that_ends_well() {
    let script = r#"
        let first = queue::enqueue("mail", #{ to: "ada" });
        let second = queue::enqueue("mail", (), #{ delay: 1.5, attempts: 2, backoff: 0.25 });
        [first, second]
    "#;
    let outcome = run_on(script, shop()).await;
    let ids: Vec<Uuid> = serde_json::from_str(&answer(&outcome).1).expect("ids");
    let usual = Options { backoff_ms: BACKOFF_MS, ..Options::default() };
    let expected = [
        NewJob { id: ids[0], script: "mail".into(), payload: r#"{"to":"ada"}"#.into(), depth: 1, how: usual, origin: None },
        NewJob {
            id: ids[1],
            script: "mail".into(),
            payload: "null".into(),
            depth: 1,
            how: Options { delay_ms: 1_500, attempts: 2, backoff_ms: 250, ..Options::default() },
            origin: None,
        },
    ];
    assert_eq!(outcome.effects.jobs, expected);
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
    assert!(outcome.effects.need_commit() && outcome.effects.has_writes());
    let memory = shop();
    memory.commit(&outcome.effects).expect("nobody else writes");
    assert_eq!(memory.jobs(), expected);

    let thrown = run_on(r#"queue::enqueue("mail", 1); throw "no""#, shop()).await;
    assert!(thrown.effects.jobs.is_empty(), "{thrown:?}");
}

#[tokio::test]
async fn what_is_wrong_can_be_caught() {
    for (call, expected) in [
        (r#"queue::enqueue("nobody", 1)"#, "queue.not_found"),
        (r#"queue::enqueue("", 1)"#, "queue.invalid"),
        (r#"queue::enqueue("mail", 1, #{ tries: 3 })"#, "queue.invalid"),
        (r#"queue::enqueue("mail", 1, #{ attempts: 0 })"#, "queue.invalid"),
        (r#"queue::enqueue("mail", 1, #{ attempts: 21 })"#, "queue.invalid"),
        (r#"queue::enqueue("mail", 1, #{ attempts: "3" })"#, "queue.invalid"),
        (r#"queue::enqueue("mail", 1, #{ backoff: 0.05 })"#, "queue.invalid"),
        (r#"queue::enqueue("mail", 1, #{ delay: 31 * 86400 })"#, "queue.invalid"),
        (r#"let s = "x"; for n in 0..17 { s += s; } queue::enqueue("mail", s)"#, "queue.too_large"),
        (r#"queue::enqueue("mail", 1)"#, "nothing"),
    ] {
        assert_eq!(code(call).await, expected, "{call}");
    }
    let alone = r#"try { queue::enqueue("mail", 1); } catch (e) { return e.error; }"#;
    assert_eq!(answer(&run_on(alone, execution::Nobody { now_ms: 0 }).await).1, "queue.unavailable");
}

#[tokio::test]
async fn a_job_is_told_what_it_is_about_and_has_no_request() {
    let script =
        r#"let e = ctx.event; [ctx.invocation_type, e.attempt, e.depth, e.enqueued_at, e.enqueued_by, e.payload, ctx.request == ()]"#;
    let outcome = run_as(&job(1), script, &Limits::default()).await;
    let expected = r#"["queue",3,2,1790000000000,"00000000-0000-0000-0000-000000000007",{"n":[1.5,12345678901234567],"to":"ada"},true]"#;
    assert_eq!(answer(&outcome).1, expected);
    assert_eq!(answer(&run_on("[ctx.event]", shop()).await).1, "[null]");
}

#[tokio::test]
async fn jobs_that_lead_to_jobs_come_to_an_end() {
    let script = r#"try { queue::enqueue("mail", 1); } catch (e) { return `${e.error}: ${e.message}`; }"#;
    let deep = run_as(&job(1), script, &Limits { queue_depth: 2, ..Limits::default() }).await;
    assert_eq!(answer(&deep).1, "queue.too_deep: 2 jobs in a row have led to this execution, and 2 may (queue_depth)");
    let next = run_as(&job(1), script, &Limits { queue_depth: 3, ..Limits::default() }).await;
    assert_eq!(next.effects.jobs[0].depth, 3);
}

#[tokio::test]
async fn calls_are_bounded() {
    let outcome = run_as(&job(1), r#"for n in 0..4 { queue::enqueue("mail", n); }"#, &Limits { queue_calls: 3, ..Limits::default() }).await;
    assert!(outcome.effects.jobs.is_empty());
    let failure = failure(outcome);
    assert!(failure.message.contains("queue_calls"), "{failure:?}");
}

#[tokio::test]
async fn a_replay_makes_the_same_jobs_and_chance_stays_what_it_was() {
    let script = r#"let before = rand::int(0, 1_000_000); let id = queue::enqueue("mail", before); [before, id, rand::int(0, 1_000_000)]"#;
    let image = compile(script).await.expect("the script compiles");
    let (recorder, tape) = Recorder::new(shop(), 1 << 20);
    let (executor, job, limits) = (executor().await, job(1), Limits::default());
    let first = executor.execute(&image, &job, &limits, Box::new(recorder)).await;
    let (replay, course) = Replay::new(tape.calls().expect("a whole recording"));
    let again = executor.execute(&image, &job, &limits, Box::new(replay)).await;
    assert_eq!((&again.result, &again.effects, again.usage.fuel_used), (&first.result, &first.effects, first.usage.fuel_used));
    assert_eq!(course.divergence(), None);

    let without = run_as(&job, "[rand::int(0, 1_000_000), rand::int(0, 1_000_000)]", &Limits::default()).await;
    let (with, without): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&answer(&first).1).expect("JSON"), serde_json::from_str(&answer(&without).1).expect("JSON"));
    assert_eq!((&with[0], &with[2]), (&without[0], &without[1]), "the id of a job is not drawn from what the script draws");
}
