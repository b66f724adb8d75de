//! F3: whatever text there is as a script, in the real guest with small limits.
//!
//! Must hold: it is refused or has an outcome; the interpreter itself never fails (no trap that a script's limits don't explain); a text this short is
//! never too large to parse; the same script comes to the same, with the same fuel.

use execution::{CompileErrorKind, Failure, FailureKind, Limits, Outcome};
use executor::Memory;

use crate::sandbox::{RUNTIME, assert_pool_is_free, compile, execute, executor};

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let executor = executor();
    RUNTIME.block_on(async {
        let image = match compile(&executor, text).await {
            Ok(image) => image,
            Err(error) => {
                let is_of_the_text = matches!(error.kind, CompileErrorKind::Syntax | CompileErrorKind::Import);
                assert!(is_of_the_text, "a text of {} bytes: {error:?}", text.len());
                return;
            }
        };
        let first = execute(&executor, &image, &limits(), Box::new(Memory::default())).await;
        let failure = first.result.as_ref().err();
        assert!(failure.is_none_or(|failure| failure.kind != FailureKind::Internal), "{failure:?}");
        assert!(first.usage.fuel_used <= limits().fuel, "{:?}", first.usage);
        let second = execute(&executor, &image, &limits(), Box::new(Memory::default())).await;
        if !is_of_time(&first) && !is_of_time(&second) {
            assert_eq!(told(&first), told(&second), "the same script came to something else");
        }
    });
    assert_pool_is_free(&executor);
}

/// What must be the same. The time is not.
fn told(outcome: &Outcome) -> (&Result<execution::Response, Failure>, u64, u64, &execution::Logs, &execution::Effects) {
    let Outcome { result, usage, logs, effects, .. } = outcome;
    (result, usage.fuel_used, usage.memory_peak_bytes, logs, effects)
}

fn is_of_time(outcome: &Outcome) -> bool {
    outcome.result.as_ref().is_err_and(|failure| failure.kind == FailureKind::Deadline)
}

fn limits() -> Limits {
    Limits { fuel: 50_000_000, memory_bytes: 16 << 20, wall_ms: 60_000, host_calls: 100, kv_calls: 50, ..Limits::default() }
}
