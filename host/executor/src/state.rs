//! What the host knows of one sandbox while it lives.

use execution::{Limits, Logs};

use crate::{Services, host::meter::Watched, limiter::Memory};

/// The data of a store.
pub(crate) struct State {
    pub(crate) services: Box<dyn Services>,
    pub(crate) memory: Memory,
    pub(crate) logs: Logs,
    /// Bytes of log that may still be kept, and the longest line.
    pub(crate) log_bytes_left: usize,
    pub(crate) log_line_bytes: usize,
    pub(crate) host_calls: u32,
    pub(crate) host_calls_max: u32,
    /// Fuel kept back from `fuel-left`, for making an error of running out.
    pub(crate) fuel_reserve: u64,
    /// What the interpreter said before it trapped by itself.
    pub(crate) panic: Option<String>,
    /// Where to look for the place of the last host call.
    pub(crate) watched: Option<Watched>,
}

/// Enough for the interpreter to unwind 64 calls and write the error down; at most a tenth of a small limit.
const FUEL_RESERVE: u64 = 2_000_000;

impl State {
    pub(crate) fn new(services: Box<dyn Services>, limits: &Limits) -> Self {
        Self {
            services,
            memory: Memory::new(limits.memory_bytes),
            logs: Logs::default(),
            log_bytes_left: usize::try_from(limits.log_bytes).unwrap_or(usize::MAX),
            log_line_bytes: usize::try_from(limits.log_line_bytes).unwrap_or(usize::MAX),
            host_calls: 0,
            host_calls_max: u32::try_from(limits.host_calls).unwrap_or(u32::MAX),
            fuel_reserve: FUEL_RESERVE.min(limits.fuel / 10),
            panic: None,
            watched: None,
        }
    }
}

/// A guest called the host too often.
#[derive(Debug, thiserror::Error)]
#[error("too many host calls")]
pub(crate) struct HostCallsExceeded;

impl State {
    /// The first statement of every host function that does work outside the fuel.
    pub(crate) fn count_host_call(&mut self) -> wasmtime::Result<()> {
        if self.host_calls >= self.host_calls_max {
            return Err(wasmtime::Error::new(HostCallsExceeded));
        }
        self.host_calls += 1;
        Ok(())
    }
}
