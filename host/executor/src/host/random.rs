//! `wasi:random/random`

use wasmtime_wasi::p2::bindings::random::random::Host;

use crate::state::State;

/// Most random bytes of one call.
const BYTES_MAX: usize = 64 << 10;

impl Host for State {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.count_host_call()?;
        let count = usize::try_from(len).ok().filter(|count| *count <= BYTES_MAX);
        let count = count.ok_or_else(|| wasmtime::format_err!("{len} random bytes asked for, at most {BYTES_MAX} are given"))?;
        Ok(self.chance.bytes(count))
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.count_host_call()?;
        let bytes = self.chance.bytes(8);
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}
