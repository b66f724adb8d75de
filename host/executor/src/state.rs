//! What the host knows of one sandbox while it lives.

use std::time::Instant;

use execution::{Answer, Limits, Logs, Question, Services};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use uuid::{Builder, Uuid};

use crate::{host::meter::Watched, limiter::Memory, mask::Mask, stream::Stream, trace::Trace, transaction::Transaction};

/// The data of a store.
pub(crate) struct State {
    pub(crate) services: Box<dyn Services>,
    /// What the script's clock shows: milliseconds since 1970-01-01T00:00:00Z. It stands still until a question was answered (S-2.20).
    pub(crate) now_ms: u64,
    pub(crate) chance: Chance,
    /// What the script has seen of its app's state, and will change there.
    pub(crate) transaction: Transaction,
    pub(crate) memory: Memory,
    pub(crate) logs: Logs,
    /// Bytes of log that may still be kept, and the longest line.
    pub(crate) log_bytes_left: usize,
    pub(crate) log_line_bytes: usize,
    pub(crate) host_calls: u32,
    pub(crate) host_calls_max: u32,
    kv_calls: u32,
    kv_calls_max: u32,
    pub(crate) kv_value_bytes_max: usize,
    file_calls: u32,
    file_calls_max: u32,
    pub(crate) file_bytes_max: usize,
    http_calls: u32,
    http_calls_max: u32,
    publish_calls: u32,
    publish_calls_max: u32,
    pub(crate) message_bytes_max: usize,
    queue_calls: u32,
    queue_calls_max: u32,
    pub(crate) queue_payload_bytes_max: usize,
    /// Of a job that this execution enqueues, and the most it may be.
    pub(crate) job_depth: u64,
    pub(crate) job_depth_max: u64,
    response_writes: u32,
    response_writes_max: u32,
    /// What was sent of the answer already.
    pub(crate) stream: Stream,
    /// Bytes of answers that other servers may still give.
    pub(crate) http_bytes_left: u64,
    /// Secrets that were read.
    pub(crate) mask: Mask,
    /// Calls that waited for an answer.
    pub(crate) trace: Trace,
    /// Fuel kept back from `fuel-left`, for making an error of running out.
    pub(crate) fuel_reserve: u64,
    /// What the interpreter said before it trapped by itself.
    pub(crate) panic: Option<String>,
    /// Where to look for the place of the last host call.
    pub(crate) watched: Option<Watched>,
}

/// What makes two runs of one script alike or different: the moment, the seed, and who answers.
pub(crate) struct Origin {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) now_ms: u64,
    pub(crate) seed: [u8; 32],
    /// Jobs that led to it.
    pub(crate) depth: u32,
    pub(crate) services: Box<dyn Services>,
}

/// The generator of one execution. Made at its first use: most scripts draw nothing.
pub(crate) struct Chance {
    seed: [u8; 32],
    generator: Option<Box<ChaCha20Rng>>,
    /// Ids that were made.
    ids: u128,
    /// Called on the guest's own stack, with an address there.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) on_draw: Option<Box<dyn FnMut(usize) + Send>>,
}

/// Enough for the interpreter to unwind 64 calls and write the error down; at most a tenth of a small limit.
const FUEL_RESERVE: u64 = 2_000_000;

impl State {
    pub(crate) fn new(origin: Origin, limits: &Limits) -> Self {
        let Origin { now_ms, seed, depth, services } = origin;
        Self {
            services,
            now_ms,
            chance: Chance::new(seed),
            transaction: Transaction::new(limits.state_bytes),
            memory: Memory::new(limits.memory_bytes),
            logs: Logs::default(),
            log_bytes_left: usize::try_from(limits.log_bytes).unwrap_or(usize::MAX),
            log_line_bytes: usize::try_from(limits.log_line_bytes).unwrap_or(usize::MAX),
            host_calls: 0,
            host_calls_max: u32::try_from(limits.host_calls).unwrap_or(u32::MAX),
            kv_calls: 0,
            kv_calls_max: u32::try_from(limits.kv_calls).unwrap_or(u32::MAX),
            kv_value_bytes_max: usize::try_from(limits.kv_value_bytes).unwrap_or(usize::MAX),
            file_calls: 0,
            file_calls_max: u32::try_from(limits.file_calls).unwrap_or(u32::MAX),
            file_bytes_max: usize::try_from(limits.file_bytes).unwrap_or(usize::MAX),
            http_calls: 0,
            http_calls_max: u32::try_from(limits.http_calls).unwrap_or(u32::MAX),
            http_bytes_left: limits.http_bytes,
            publish_calls: 0,
            publish_calls_max: u32::try_from(limits.publish_calls).unwrap_or(u32::MAX),
            message_bytes_max: usize::try_from(limits.message_bytes).unwrap_or(usize::MAX),
            queue_calls: 0,
            queue_calls_max: u32::try_from(limits.queue_calls).unwrap_or(u32::MAX),
            queue_payload_bytes_max: usize::try_from(limits.queue_payload_bytes).unwrap_or(usize::MAX),
            job_depth: u64::from(depth) + 1,
            job_depth_max: limits.queue_depth,
            response_writes: 0,
            response_writes_max: u32::try_from(limits.response_writes).unwrap_or(u32::MAX),
            stream: Stream::new(limits),
            mask: Mask::default(),
            trace: Trace::default(),
            fuel_reserve: FUEL_RESERVE.min(limits.fuel / 10),
            panic: None,
            watched: None,
        }
    }
}

/// A guest called the host too often.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("more than {max} calls ({limit})")]
pub(crate) struct HostCallsExceeded {
    pub(crate) limit: &'static str,
    pub(crate) max: u32,
}

impl State {
    /// The first statement of every host function that does work outside the fuel.
    pub(crate) fn count_host_call(&mut self) -> wasmtime::Result<()> {
        count(&mut self.host_calls, self.host_calls_max, "host_calls")
    }

    /// The same for a function of `kv`.
    pub(crate) fn count_kv_call(&mut self) -> wasmtime::Result<()> {
        count(&mut self.kv_calls, self.kv_calls_max, "kv_calls")?;
        self.count_host_call()
    }

    /// The same for a function of `files`.
    pub(crate) fn count_file_call(&mut self) -> wasmtime::Result<()> {
        count(&mut self.file_calls, self.file_calls_max, "file_calls")?;
        self.count_host_call()
    }

    /// The same for a call of another server.
    pub(crate) fn count_http_call(&mut self) -> wasmtime::Result<()> {
        count(&mut self.http_calls, self.http_calls_max, "http_calls")?;
        self.count_host_call()
    }

    /// The same for a function of `queue`.
    pub(crate) fn count_queue_call(&mut self) -> wasmtime::Result<()> {
        count(&mut self.queue_calls, self.queue_calls_max, "queue_calls")?;
        self.count_host_call()
    }

    /// The same for a message.
    pub(crate) fn count_publish_call(&mut self) -> wasmtime::Result<()> {
        count(&mut self.publish_calls, self.publish_calls_max, "publish_calls")?;
        self.count_host_call()
    }

    /// The same for a piece of the answer, which is no host call: there may be more of them.
    pub(crate) fn count_response_write(&mut self) -> wasmtime::Result<()> {
        count(&mut self.response_writes, self.response_writes_max, "response_writes")
    }

    /// Puts a question to the services. The clock moves on to the moment of the answer, never back.
    pub(crate) async fn ask(&mut self, question: &Question) -> Answer {
        let asked = Instant::now();
        let answered = self.services.ask(question).await;
        self.now_ms = self.now_ms.max(answered.now_ms);
        self.trace.note(question, &answered.answer, asked, &self.mask);
        answered.answer
    }
}

fn count(calls: &mut u32, max: u32, limit: &'static str) -> wasmtime::Result<()> {
    if *calls >= max {
        return Err(wasmtime::Error::new(HostCallsExceeded { limit, max }));
    }
    *calls += 1;
    Ok(())
}

impl Chance {
    fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            generator: None,
            ids: 0,
            #[cfg(any(test, feature = "testing"))]
            on_draw: None,
        }
    }

    /// An id of version 7, stamped with `now_ms`. From a stream of its own, so that what the script draws does not depend on it.
    pub(crate) fn id(&mut self, now_ms: u64) -> Uuid {
        let mut generator = ChaCha20Rng::from_seed(self.seed);
        generator.set_stream(1);
        // Words of 32 bits; an id takes four of them.
        generator.set_word_pos(4 * self.ids);
        self.ids += 1;
        let mut random = [0; 10];
        generator.fill_bytes(&mut random);
        Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid()
    }

    /// The next bytes. The caller bounds their number.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        #[cfg(any(test, feature = "testing"))]
        if let Some(on_draw) = &mut self.on_draw {
            on_draw(std::ptr::from_ref(&count).addr());
            return bytes;
        }
        self.generator.get_or_insert_with(|| Box::new(ChaCha20Rng::from_seed(self.seed))).fill_bytes(&mut bytes);
        bytes
    }
}
