//! `wasi:clocks/wall-clock`

use wasmtime_wasi::p2::bindings::clocks::wall_clock::{Datetime, Host};

use crate::state::State;

impl Host for State {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        self.count_host_call()?;
        let nanoseconds = u32::try_from(self.now_ms % 1000).unwrap_or(0) * 1_000_000;
        Ok(Datetime { seconds: self.now_ms / 1000, nanoseconds })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        self.count_host_call()?;
        Ok(Datetime { seconds: 0, nanoseconds: 1_000_000 })
    }
}
