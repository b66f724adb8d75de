//! Everything a guest was told, in order: what a replay needs beside image, invocation and limits.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Services, replay::Asked};

/// A call of a guest, with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Now { answer_ms: u64 },
    Random { answer: Vec<u8> },
}

impl Call {
    /// The call without its answer.
    pub(crate) fn asked(&self) -> Asked {
        match self {
            Self::Now { .. } => Asked::Now,
            Self::Random { answer } => Asked::Random { count: answer.len() },
        }
    }
}

/// Writes down what other services answer.
#[derive(Debug)]
pub struct Recorder<S> {
    services: S,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl<S: Services> Recorder<S> {
    /// The list fills while the execution runs; the caller keeps its half.
    pub fn new(services: S) -> (Self, Arc<Mutex<Vec<Call>>>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        (Self { services, calls: Arc::clone(&calls) }, calls)
    }

    fn push(&self, call: Call) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}

impl<S: Services> Services for Recorder<S> {
    fn now_ms(&mut self) -> u64 {
        let answer_ms = self.services.now_ms();
        self.push(Call::Now { answer_ms });
        answer_ms
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        let answer = self.services.random(count);
        self.push(Call::Random { answer: answer.clone() });
        answer
    }
}
