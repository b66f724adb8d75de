//! Who answers a guest's calls.

/// What an execution reaches beyond its sandbox, already bound to one app: no method carries an app id.
///
/// Implementations: [`Live`](crate::Live) (production, tests), [`Recorder`](crate::Recorder) (around another one),
/// [`Replay`](crate::Replay) (answers of a recording). Everything that can make two runs differ goes through here.
pub trait Services: Send {
    /// Milliseconds since 1970-01-01T00:00:00Z. Constant until a call that waited (S-2.20).
    fn now_ms(&mut self) -> u64;

    /// `count` bytes (at most [`RANDOM_BYTES_MAX`]) of the execution's generator.
    fn random(&mut self, count: usize) -> Vec<u8>;
}

/// Most random bytes of one call.
pub const RANDOM_BYTES_MAX: usize = 64 << 10;
