//! Answers from a recording: touches neither clock nor generator.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Call, Services};

/// What a guest asked for, without the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    Now,
    Random { count: usize },
}

/// Where a run first did other than the recorded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// Which call of the run, from 0.
    pub index: usize,
    /// What was recorded there; `None`: the recording has no more calls.
    pub expected: Option<Asked>,
    /// What the run asked for; `None`: it ended before.
    pub asked: Option<Asked>,
}

/// Answers calls with what was recorded, in order. From the first call that is not the recorded one on, every call is answered with zeros:
/// the run has left the recording, and its [`Course`] says where.
#[derive(Debug)]
pub struct Replay {
    course: Arc<Mutex<State>>,
}

/// The caller's half of a [`Replay`]: asked when the run is over.
#[derive(Debug)]
pub struct Course {
    course: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    calls: std::vec::IntoIter<Call>,
    index: usize,
    left_at: Option<Divergence>,
}

impl Replay {
    #[must_use]
    pub fn new(calls: Vec<Call>) -> (Self, Course) {
        let course = Arc::new(Mutex::new(State { calls: calls.into_iter(), index: 0, left_at: None }));
        (Self { course: Arc::clone(&course) }, Course { course })
    }

    /// The recorded answer, if this is the recorded call and all before were.
    fn next(&self, asked: &Asked) -> Option<Call> {
        let mut state = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        if state.left_at.is_some() {
            return None;
        }
        let call = state.calls.next();
        let expected = call.as_ref().map(Call::asked);
        if expected.as_ref() != Some(asked) {
            state.left_at = Some(Divergence { index: state.index, expected, asked: Some(asked.clone()) });
            return None;
        }
        state.index += 1;
        call
    }
}

impl Course {
    /// Where the run left the recording, or ended before it did; `None` if it followed to the end.
    #[must_use]
    pub fn divergence(&self) -> Option<Divergence> {
        let state = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        let ended_early = || {
            let next = state.calls.as_slice().first()?;
            Some(Divergence { index: state.index, expected: Some(next.asked()), asked: None })
        };
        state.left_at.clone().or_else(ended_early)
    }
}

impl Services for Replay {
    fn now_ms(&mut self) -> u64 {
        match self.next(&Asked::Now) {
            Some(Call::Now { answer_ms }) => answer_ms,
            _ => 0,
        }
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        match self.next(&Asked::Random { count }) {
            Some(Call::Random { answer }) => answer,
            _ => vec![0; count],
        }
    }
}
