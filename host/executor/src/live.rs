//! The services of an ordinary execution.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::Services;

/// A clock that stands still at the moment of arrival, and a generator seeded for this execution.
#[derive(Debug)]
pub struct Live {
    now_ms: u64,
    generator: ChaCha20Rng,
}

impl Live {
    /// Both values come from the invocation, so that a run can be repeated.
    #[must_use]
    pub fn new(now_ms: u64, seed: [u8; 32]) -> Self {
        Self { now_ms, generator: ChaCha20Rng::from_seed(seed) }
    }
}

impl Services for Live {
    fn now_ms(&mut self) -> u64 {
        self.now_ms
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.generator.fill_bytes(&mut bytes);
        bytes
    }
}
