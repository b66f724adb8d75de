//! Memory: what a guest may grow to, what it grew to, and whether it was refused more.

use wasmtime::ResourceLimiter;

/// Most entries of one table: the guest's is fixed at link time.
const TABLE_ELEMENTS_MAX: usize = 20_000;

/// The memory of one sandbox.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Bytes.
    pub(crate) max: u64,
    /// Bytes.
    pub(crate) peak: u64,
    /// Growth was refused.
    pub(crate) refused: bool,
}

impl Memory {
    pub(crate) fn new(max: u64) -> Self {
        Self { max, peak: 0, refused: false }
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let desired = desired as u64;
        if desired > self.max {
            self.refused = true;
            return Ok(false);
        }
        self.peak = self.peak.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}
