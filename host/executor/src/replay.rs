//! Answers from a recording: touches neither clock nor generator.

use std::{collections::VecDeque, mem::discriminant};

use crate::{Call, Services};

/// Answers calls with what was recorded, in order. A call that is not the recorded one, or comes after the last, is answered
/// with zeros: the run has left the recording, and nobody is told yet.
#[derive(Debug)]
pub struct Replay {
    calls: VecDeque<Call>,
}

impl Replay {
    #[must_use]
    pub fn new(calls: Vec<Call>) -> Self {
        Self { calls: calls.into() }
    }

    fn next(&mut self, like: &Call) -> Option<Call> {
        self.calls.pop_front().filter(|call| discriminant(call) == discriminant(like))
    }
}

impl Services for Replay {
    fn now_ms(&mut self) -> u64 {
        match self.next(&Call::Now { answer_ms: 0 }) {
            Some(Call::Now { answer_ms }) => answer_ms,
            _ => 0,
        }
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        match self.next(&Call::Random { answer: Vec::new() }) {
            Some(Call::Random { answer }) if answer.len() == count => answer,
            _ => vec![0; count],
        }
    }
}
