//! F1: a guest that was taken over calls every import with whatever arguments, and returns whatever.
//!
//! A component of the guest's own world (`component`, made of `wit/`) has a small machine in the guest's place; the image of an execution, or the
//! source of a compilation, is its program. So it is compiled once, and each input goes the way of every execution, with the real host behind the
//! imports.
//!
//! Must hold: no panic of the host; an outcome in any case; no more memory of the host than the limits allow; no more calls and questions than
//! allowed; the pool as before, and the next honest execution as good as any.

mod component;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use execution::{
    Answered, BoxFuture, Execute as _, Image, Limits, Modules, Question, Services, Source, dead_letters::DeadLetter, http,
    limits::COMPILE_MEMORY_BYTES,
};
use executor::{
    Executor, Memory,
    testing::{most_held, start_counting},
};
use uuid::Uuid;

use crate::{
    given::Given,
    sandbox::{RUNTIME, assert_pool_is_free, compile, execute, executor, invocation},
};

/// What an execution with the limits below may cost the host.
const EXECUTION_BYTES_MAX: usize = 2 << 20;

/// The machine, and an honest script.
struct Guests {
    hostile: Arc<Executor>,
    honest: Arc<Executor>,
    image: Image,
}

fn guests() -> &'static Guests {
    static GUESTS: OnceLock<Guests> = OnceLock::new();
    GUESTS.get_or_init(|| {
        let honest = executor();
        let (hostile, image) = RUNTIME.block_on(async {
            let hostile = honest.with_guest(&component::made()).await.unwrap();
            (hostile, compile(&honest, "kv::set(`key`, 2); kv::get(`key`) + rand::bytes(9).len").await.unwrap())
        });
        Guests { hostile, honest, image }
    })
}

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let guests = guests();
    let mut given = Given::new(bytes);
    let is_compilation = given.byte() == b'c';
    let program = given.rest();
    RUNTIME.block_on(async {
        if is_compilation {
            compilation(&guests.hostile, program).await;
        } else {
            execution(&guests.hostile, program).await;
        }
        assert_pool_is_free(&guests.honest);
        let outcome = execute(&guests.honest, &guests.image, &Limits::default(), Box::new(Memory::default())).await;
        assert_eq!(outcome.result.unwrap().body, b"11", "the next execution is not as good as any");
    });
}

async fn execution(hostile: &Executor, program: &[u8]) {
    let limits = limits();
    let asked = Arc::new(AtomicU32::new(0));
    let services = Box::new(Asked { memory: state(), asked: Arc::clone(&asked) });
    let (image, call) = (Image::new(program), invocation());
    start_counting();
    let outcome = hostile.execute(&image, &call, &limits, services).await;
    let held = most_held();
    assert!(held <= EXECUTION_BYTES_MAX, "{held} bytes of the host for one execution: {:?}", outcome.result);
    assert!(u64::from(outcome.usage.host_calls) <= limits.host_calls, "{:?}", outcome.usage);
    let questions = u64::from(asked.load(Ordering::Relaxed));
    assert!(questions <= limits.host_calls + limits.response_writes, "{questions} questions");
    let lines = outcome.logs.lines.iter().map(|line| line.message.len() + line.fields.as_ref().map_or(0, String::len));
    assert!(lines.sum::<usize>() as u64 <= limits.log_bytes, "more log than allowed");
    assert!(outcome.usage.fuel_used <= limits.fuel && outcome.usage.memory_peak_bytes <= limits.memory_bytes, "{:?}", outcome.usage);
    let effects = &outcome.effects;
    assert!(outcome.result.is_ok() || !effects.has_writes(), "something stays of a failure");
    assert!(effects.jobs.len() as u64 <= limits.queue_calls && effects.messages.len() as u64 <= limits.publish_calls);
}

async fn compilation(hostile: &Executor, program: &[u8]) {
    let source = Source { name: "main".to_owned(), text: String::from_utf8_lossy(program).into_owned() };
    let modules = Modules::from_iter([("key".to_owned(), "1".to_owned())]);
    start_counting();
    let _compiled = hostile.compile(&source, &modules).await;
    // What it answers is lifted once, and copied once into the image.
    let allowed = 2 * usize::try_from(COMPILE_MEMORY_BYTES).unwrap() + EXECUTION_BYTES_MAX;
    assert!(most_held() <= allowed, "{} bytes of the host for one compilation", most_held());
}

/// Small, so that little is much.
fn limits() -> Limits {
    Limits {
        fuel: 20_000_000,
        memory_bytes: 16 << 20,
        wall_ms: 60_000,
        host_calls: 200,
        kv_calls: 100,
        kv_value_bytes: 4 << 10,
        file_calls: 50,
        file_bytes: 64 << 10,
        http_calls: 10,
        queue_calls: 20,
        queue_payload_bytes: 4 << 10,
        publish_calls: 20,
        message_bytes: 4 << 10,
        http_bytes: 64 << 10,
        state_bytes: 256 << 10,
        response_body_bytes: 64 << 10,
        response_header_bytes: 4 << 10,
        stream_bytes: 256 << 10,
        response_writes: 100,
        log_bytes: 16 << 10,
        log_line_bytes: 1 << 10,
        ..Limits::default()
    }
}

/// Something of everything, under the names that the machine's memory begins with.
fn state() -> Memory {
    let memory = Memory::default();
    memory.set_secret("TOKEN", "a secret that is long enough");
    memory.set_endpoint("mail");
    let url = "https://open.example/".to_owned();
    memory.set_answer(http::Response { status: 200, headers: Vec::new(), body: b"{}".to_vec(), url, redirects: 0 });
    memory.set_dead_letter(DeadLetter {
        id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001),
        script: "mail".to_owned(),
        payload: Some("7".to_owned()),
        attempts: 5,
        outcome: "error".to_owned(),
        message: "away".to_owned(),
        enqueued_at_ms: 1,
        death: 2,
    });
    memory
}

/// Counts what is asked.
struct Asked {
    memory: Memory,
    asked: Arc<AtomicU32>,
}

impl Services for Asked {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.memory.ask(question)
    }
}
