//! S-2.5: a guest that was taken over, calling the host by its own rules. Whatever it claims, the call ends in a trap or within the limits, the
//! host allocates no more than it was told to, and the next execution is as good as any.

use execution::{Execute, Image, Limits, Outcome};

use super::{compile, invocation, start};
use crate::{
    Executor,
    state::HostCallsExceeded,
    testing::{Foreign, most_held, nobody, resets, start_counting},
};

/// Gives memory where it is asked for it: at the second page.
const HONEST: &str = "(i32.const 65536)";
const EMPTY: &str = "(i32.const 2048)";
/// What a call may cost beside what the guest is allowed to send.
pub(super) const SLACK: usize = 1 << 20;

/// Calls that may not go well.
const TRAPS: &[(&str, &str)] = &[
    ("message beyond memory", "(call $write (i32.const 0) (i32.const -1) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("message of 4 GiB", "(call $write (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("message over the edge", "(call $write (i32.const 0) (i32.const 131070) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("message round the end", "(call $write (i32.const 0) (i32.const -16) (i32.const 32) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("half a character", "(call $write (i32.const 0) (i32.const 1024) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("a surrogate", "(call $write (i32.const 0) (i32.const 1027) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("an overlong character", "(call $write (i32.const 0) (i32.const 1030) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("a fifth level", "(call $write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("level -1", "(call $write (i32.const -1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))"),
    ("a third case of an option", "(call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 0) (i32.const 0))"),
    ("case -1 of an option", "(call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const -1) (i32.const 0) (i32.const 0))"),
    ("fields beyond memory", "(call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const -1) (i32.const 9))"),
    ("fields of 4 GiB", "(call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const -1))"),
    ("fields that are no text", "(call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 1027) (i32.const 3))"),
    (
        "a message of all memory",
        "(drop (memory.grow (i32.const 500)))
         (call $write (i32.const 0) (i32.const 0) (i32.const 32000000) (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    ("a place beyond memory", "(call $watch (i32.const 0) (i32.const 1) (i32.const 131072) (i32.const 1))"),
    ("a place of 4 GiB", "(call $watch (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1))"),
    ("a place off its place", "(call $watch (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 2))"),
    ("a script's name of 4 GiB", "(call $watch (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 2))"),
    ("panic beyond memory", "(call $panicked (i32.const 131072) (i32.const 1))"),
    ("panic of 4 GiB", "(call $panicked (i32.const 0) (i32.const -1))"),
    ("panic that is no text", "(call $panicked (i32.const 1024) (i32.const 3))"),
    ("time beyond memory", "(call $now (i32.const -8))"),
    ("time over the edge", "(call $now (i32.const 131064))"),
    ("time off its place", "(call $now (i32.const 1))"),
    ("resolution beyond memory", "(call $resolution (i32.const -16))"),
    ("resolution off its place", "(call $resolution (i32.const 4))"),
    ("2^63 random bytes", "(call $bytes (i64.const 0x8000000000000000) (i32.const 0))"),
    ("2^64 - 1 random bytes", "(call $bytes (i64.const -1) (i32.const 0))"),
    ("4 GiB of random bytes", "(call $bytes (i64.const 0x100000000) (i32.const 0))"),
    ("a random byte too many", "(call $bytes (i64.const 65537) (i32.const 0))"),
    ("random bytes to nowhere", "(call $bytes (i64.const 16) (i32.const -4))"),
    ("random bytes off their place", "(call $bytes (i64.const 16) (i32.const 2))"),
    ("random bytes over the edge", "(call $bytes (i64.const 16) (i32.const 131068))"),
    ("host calls without end", "(loop $ever (call $bytes (i64.const 65536) (i32.const 0)) (br $ever))"),
    ("time without end", "(loop $ever (call $now (i32.const 0)) (call $resolution (i32.const 0)) (br $ever))"),
    ("fuel without end", "(loop $ever (drop (call $fuel)) (br $ever))"),
];

/// What answers the host's request for 16 bytes.
const REALLOCS: &[(&str, &str)] = &[
    ("memory beyond memory", "(i32.const -1)"),
    ("memory over the edge", "(i32.const 131064)"),
    ("no memory", "(unreachable)"),
    ("a call back into the host", "(drop (call $draw)) (i32.const 65536)"),
    ("a call back into the meter", "(drop (call $fuel)) (i32.const 65536)"),
    ("work without end", "(loop $ever (br $ever)) (unreachable)"),
    ("depth without end", "(call 2 (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1))"),
];

/// Calls that go well, whatever they ask for.
const BOUNDED: &[(&str, &str)] = &[
    ("an empty message", "(call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const -1))"),
    (
        "a hundred lines of 8 MB",
        "(drop (memory.grow (i32.const 500)))
         (loop $next
           (call $write (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 65536) (i32.const 4000000))
           (call $write (i32.const 0) (i32.const 65536) (i32.const 8000000) (i32.const 0) (i32.const 0) (i32.const 0))
           (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))",
    ),
    (
        "a hundred thousand empty lines",
        "(loop $next
           (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
           (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000))))",
    ),
    ("a panic of 8 MB", "(drop (memory.grow (i32.const 500))) (call $panicked (i32.const 65536) (i32.const 8000000))"),
    (
        "a place of nothing, a place of 4 MB, a name of 4 MB",
        "(drop (memory.grow (i32.const 500)))
         (call $watch (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
         (call $watch (i32.const 65536) (i32.const 4000000) (i32.const 0) (i32.const 1000000))",
    ),
    ("all random bytes", "(drop (memory.grow (i32.const 1))) (call $bytes (i64.const 65536) (i32.const 0))"),
];

/// Lists of pairs of strings that `answer` claims to return: where and how many, or how they are made.
const ANSWERS: &[(&str, &str)] = &[
    ("a list beyond memory", "(i32.store (i32.const 2048) (i32.const -8)) (i32.store (i32.const 2052) (i32.const 1)) (i32.const 2048)"),
    ("2^32 - 1 pairs", "(i32.store (i32.const 2048) (i32.const 0)) (i32.store (i32.const 2052) (i32.const -1)) (i32.const 2048)"),
    ("pairs off their place", "(i32.store (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const 1)) (i32.const 2048)"),
    ("a result off its place", "(i32.const 2049)"),
    ("a result beyond memory", "(i32.const -4)"),
    (
        "2,000,000 pairs of nothing",
        "(drop (memory.grow (i32.const 508)))
         (i32.store (i32.const 2048) (i32.const 65536)) (i32.store (i32.const 2052) (i32.const 2000000)) (i32.const 2048)",
    ),
    (
        "1,000 pairs of the same megabyte",
        "(drop (memory.grow (i32.const 100)))
         (loop $next
           (i32.store (i32.add (i32.const 4100) (i32.mul (local.get $i) (i32.const 8))) (i32.const 1000000))
           (i32.store (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 8))) (i32.const 65536))
           (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))
         (i32.store (i32.const 2048) (i32.const 4096)) (i32.store (i32.const 2052) (i32.const 1000)) (i32.const 2048)",
    ),
];

fn wat(attack: &str, realloc: &str, answer: &str) -> String {
    let text = include_str!("hostile.wat").replace("REALLOC)", &format!("{realloc})"));
    text.replace(" ATTACK)", &format!(" {attack})")).replace(" ANSWER)", &format!(" {answer})"))
}

/// The executor, and the script that must still run after each attack.
pub(super) struct Bench {
    executor: std::sync::Arc<Executor>,
    image: Image,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let executor = start(1, 1, resets()[0]).await;
        let image = compile(&executor, "rand::bytes(9).len() + 1").await;
        Self { executor, image }
    }

    /// Calls `attack` and says how it ended, and with how much memory of the host at most.
    async fn attack(&self, attack: &str, realloc: &str) -> (wasmtime::Result<()>, usize, crate::state::State) {
        let foreign = Foreign::new(&self.executor, wat(attack, realloc, EMPTY));
        let (mut store, instance) = foreign.instance(&Limits { fuel: 50_000_000, ..Limits::default() }).await;
        let function = instance.get_typed_func::<(), ()>(&mut store, "attack").unwrap();
        start_counting();
        let ended = function.call_async(&mut store, ()).await;
        (ended, most_held(), store.into_data())
    }

    pub(super) async fn assert_works(&self, after: &str) {
        let Outcome { result, .. } = self.executor.execute(&self.image, &invocation(), &Limits::default(), nobody()).await;
        assert_eq!(result.unwrap().body, b"10", "after {after}");
        let pool = self.executor.engine.pooling_allocator_metrics().unwrap();
        assert_eq!((pool.memories(), pool.stacks()), (0, 0), "after {after}");
    }
}

/// What a guest with the default limits may send in one call.
pub(super) fn transfer() -> usize {
    let limits = Limits::default();
    usize::try_from(limits.response_body_bytes + limits.response_header_bytes).unwrap() + (64 << 10)
}

#[tokio::test]
async fn s_2_5_calls_against_the_rules_are_traps() {
    let bench = Bench::new().await;
    let random = "(call $bytes (i64.const 16) (i32.const 0))";
    let by_call = TRAPS.iter().map(|(name, attack)| (name, *attack, HONEST));
    let by_realloc = REALLOCS.iter().map(|(name, realloc)| (name, random, *realloc));
    for (name, attack, realloc) in by_call.chain(by_realloc) {
        let (ended, held, state) = bench.attack(attack, realloc).await;
        assert!(ended.is_err(), "{name}");
        assert!(held < SLACK, "{name}: {held} bytes");
        assert!(state.host_calls <= state.host_calls_max && state.logs.lines.is_empty(), "{name}");
        bench.assert_works(name).await;
    }
    let (flood, _, _) = bench.attack("(loop $ever (drop (call $draw)) (br $ever))", HONEST).await;
    assert!(flood.unwrap_err().is::<HostCallsExceeded>());
}

#[tokio::test]
async fn s_2_5_what_is_allowed_stays_within_the_limits() {
    let bench = Bench::new().await;
    for (name, attack) in BOUNDED {
        let (ended, held, state) = bench.attack(attack, HONEST).await;
        assert!(ended.is_ok(), "{name}: {ended:?}");
        assert!(held < transfer() + SLACK, "{name}: {held} bytes");
        let lines = state.logs.lines.iter().map(|line| line.message.capacity() + line.fields.as_ref().map_or(0, String::capacity));
        assert!(lines.sum::<usize>() as u64 <= Limits::default().log_bytes, "{name}: lines are kept as large as they were sent");
        assert!(state.panic.is_none_or(|message| message.capacity() <= 1024), "{name}");
        bench.assert_works(name).await;
    }
}

#[tokio::test]
async fn s_2_5_an_answer_is_taken_within_its_limit() {
    let bench = Bench::new().await;
    for (name, answer) in ANSWERS {
        let foreign = Foreign::new(&bench.executor, wat("", HONEST, answer));
        let (mut store, instance) = foreign.instance(&Limits::default()).await;
        let function = instance.get_typed_func::<(), (Vec<(String, String)>,)>(&mut store, "answer").unwrap();
        start_counting();
        let ended = function.call_async(&mut store, ()).await;
        assert!(ended.is_err(), "{name}");
        assert!(most_held() < transfer() + SLACK, "{name}: {} bytes", most_held());
        drop(store);
        bench.assert_works(name).await;
    }
}
