//! Identifiers (RFC 9562) of the execution's own chance and clock: the same in each run of the same invocation.

use std::cell::Cell;

use rhai::{EvalAltResult, NativeCallContext};
use uuid::Builder;

use crate::{
    bindings::random::get_random_bytes,
    sdk::{place, time},
};

/// Bits of the counter behind the milliseconds.
const COUNTER_BITS: u32 = 12;

thread_local! {
    /// Milliseconds and counter of the last identifier in order.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// Version 4: nothing but chance.
pub(super) fn random(context: NativeCallContext) -> Result<String, Box<EvalAltResult>> {
    place::note(&context);
    Ok(Builder::from_random_bytes(sixteen()).into_uuid().to_string())
}

/// Version 7: time, a counter, chance. The clock stands still in an execution, so the counter keeps its identifiers in order; it begins at a random
/// number of the lower half, and counts on into the next millisecond if it must.
pub(super) fn in_order(context: NativeCallContext) -> Result<String, Box<EvalAltResult>> {
    place::note(&context);
    let random = sixteen();
    let start = u64::from(u16::from_be_bytes([random[0], random[1]]) >> (16 - COUNTER_BITS + 1));
    let next = ((time::now_ms() as u64) << COUNTER_BITS | start).max(LAST.get() + 1);
    LAST.set(next);
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&random[6..]);
    bytes[..2].copy_from_slice(&(next as u16 & ((1 << COUNTER_BITS) - 1)).to_be_bytes());
    Ok(Builder::from_unix_timestamp_millis(next >> COUNTER_BITS, &bytes).into_uuid().to_string())
}

fn sixteen() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&get_random_bytes(16));
    bytes
}
