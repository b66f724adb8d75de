//! F2: sequences of host calls of two apps, with hostile arguments, given up at random.
//!
//! A script is made of the calls (`calls`) and run in the real guest, on an app's state in memory. Each app marks all that it writes.
//!
//! Must hold: an app never sees the other's mark; what calls with ordinary arguments give is what a model says, and what is committed is seen by the next
//! execution; no quota is exceeded; an execution that was given up, or failed, leaves nothing; the pool is as before.

mod calls;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use execution::{Answered, BoxFuture, FailureKind, Limits, Outcome, Question, Services, dead_letters::DeadLetter, http};
use executor::Memory;
use uuid::Uuid;

use crate::{
    given::Given,
    sandbox::{RUNTIME, Waiting, assert_pool_is_free, at_most, compile, execute, executor},
};
use calls::{Call, Model};

/// What each app's data has in it, and nothing else.
const MARKS: [&str; 2] = ["mark-of-the-first", "mark-of-the-second"];
/// Executions of one input.
const EXECUTIONS_MAX: usize = 5;

/// One of the two.
struct App {
    memory: Memory,
    model: Model,
}

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let mut apps = MARKS.map(|mark| App { memory: state(mark), model: Model::default() });
    let executor = executor();
    for _ in 0..1 + given.below(EXECUTIONS_MAX) {
        let (at, polls) = (given.below(2), given.byte());
        let calls: Vec<Call> = (0..1 + given.below(12)).map(|_| Call::drawn(&mut given)).collect();
        let limits = limits(&mut given);
        let App { memory, model } = &mut apps[at];
        let script = calls::script(&calls, MARKS[at]);
        let asked: Asked = Arc::default();
        let services = Box::new(Waiting(Counted { memory: memory.clone(), asked: Arc::clone(&asked) }));
        let ended = RUNTIME.block_on(async {
            let image = compile(&executor, &script).await.unwrap();
            let run = execute(&executor, &image, &limits, services);
            // Most end; the others are given up somewhere.
            if polls < 200 { Some(run.await) } else { at_most(u32::from(polls) - 200, run).await }
        });
        assert_pool_is_free(&executor);
        assert_within(&asked, &limits);
        let Some(outcome) = ended else { continue };
        assert_outcome(&outcome, &limits, MARKS[1 - at], &script);
        if let Ok(response) = &outcome.result
            && let Some(after) = calls::follow(&calls, MARKS[at], model.clone(), &response.body, &script)
            && memory.commit(&outcome.effects).is_ok()
        {
            *model = after;
        }
    }
    for (at, app) in apps.iter().enumerate() {
        let kept = format!("{:?}", app.memory);
        assert!(!kept.contains(MARKS[1 - at]), "one app has what the other wrote: {kept}");
    }
}

/// Something of everything, with the app's mark.
fn state(mark: &str) -> Memory {
    let memory = Memory::default();
    memory.set_secret("TOKEN", &format!("secret {mark}"));
    memory.set_endpoint("mail");
    let url = "https://open.example/".to_owned();
    memory.set_answer(http::Response { status: 200, headers: Vec::new(), body: mark.into(), url, redirects: 0 });
    memory.set_dead_letter(DeadLetter {
        id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001),
        script: "mail".to_owned(),
        payload: Some(format!("{mark:?}")),
        attempts: 5,
        outcome: "error".to_owned(),
        message: mark.to_owned(),
        enqueued_at_ms: 1,
        death: 2,
    });
    memory
}

/// Some are so small that they are met.
fn limits(given: &mut Given<'_>) -> Limits {
    let few = |given: &mut Given<'_>, usual: u64| if given.byte() > 200 { u64::from(given.byte() % 8).max(1) } else { usual };
    Limits {
        fuel: 200_000_000,
        memory_bytes: 16 << 20,
        wall_ms: 60_000,
        host_calls: few(given, 200),
        kv_calls: few(given, 100),
        file_calls: few(given, 50),
        http_calls: few(given, 10),
        queue_calls: few(given, 20),
        publish_calls: few(given, 20),
        response_writes: few(given, 50),
        kv_value_bytes: 4 << 10,
        file_bytes: 64 << 10,
        queue_payload_bytes: 4 << 10,
        message_bytes: 4 << 10,
        http_bytes: 64 << 10,
        state_bytes: 64 << 10,
        stream_bytes: 64 << 10,
        log_bytes: 8 << 10,
        log_line_bytes: 1 << 10,
        ..Limits::default()
    }
}

fn assert_outcome(outcome: &Outcome, limits: &Limits, other: &str, script: &str) {
    let Outcome { result, usage, logs, effects, .. } = outcome;
    let told =
        format!("{:?} {logs:?} {effects:?} {:?}", result.as_ref().map(|response| String::from_utf8_lossy(&response.body)), outcome.calls);
    assert!(!told.contains(other), "one app saw what is the other's: {told}\n{script}");
    if let Err(failure) = result {
        assert!(!matches!(failure.kind, FailureKind::Internal | FailureKind::Deadline), "{failure:?}\n{script}");
        assert!(!effects.has_writes(), "something stays of a failure\n{script}");
    }
    assert!(u64::from(usage.host_calls) <= limits.host_calls, "{usage:?}");
    assert!(effects.jobs.len() as u64 <= limits.queue_calls && effects.messages.len() as u64 <= limits.publish_calls, "{effects:?}");
    let lines = logs.lines.iter().map(|line| line.message.len() + line.fields.as_ref().map_or(0, String::len));
    assert!(lines.sum::<usize>() as u64 <= limits.log_bytes, "more log than allowed\n{script}");
    let written = effects.file_writes.len() + effects.writes.len();
    assert!(written as u64 <= limits.kv_calls + limits.file_calls, "{effects:?}");
}

/// Questions by kind: keys, files, requests, all but pieces.
type Asked = Arc<[AtomicU32; 4]>;

fn assert_within(asked: &Asked, limits: &Limits) {
    let counts = [0, 1, 2, 3].map(|kind| u64::from(asked[kind].load(Ordering::Relaxed)));
    // A file is looked for, and then read; pieces of an answer are no host calls.
    let all = 2 * limits.host_calls + limits.response_writes;
    let most = [limits.kv_calls, 2 * limits.file_calls, limits.http_calls, all];
    assert!(counts.iter().zip(most).all(|(count, most)| *count <= most), "{counts:?} questions, {most:?} at most");
}

/// Counts what is asked.
struct Counted {
    memory: Memory,
    asked: Asked,
}

impl Services for Counted {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        let (kind, count) = match question {
            Question::KvGet { .. } | Question::KvList(_) => (0, 1),
            Question::FileInfo { .. } | Question::FileBytes { .. } | Question::FileList(_) => (1, 1),
            Question::Http { requests, .. } => (2, u32::try_from(requests.len()).unwrap()),
            _ => (3, 1),
        };
        self.asked[kind].fetch_add(count, Ordering::Relaxed);
        if kind < 3 {
            self.asked[3].fetch_add(count, Ordering::Relaxed);
        }
        self.memory.ask(question)
    }
}
