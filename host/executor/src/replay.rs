//! Answers from a recording: touches no store, no network and no clock.

use std::sync::{Arc, Mutex, PoisonError};

use execution::{Answered, BoxFuture, Question, Services, Unanswered};
use serde::{Deserialize, Serialize};

use crate::Call;

/// Where a run first did other than the recorded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// Which question of the run, from 0.
    pub index: usize,
    /// What was recorded there; `None`: the recording has no more.
    pub expected: Option<Question>,
    /// What the run asked; `None`: it ended before.
    pub asked: Option<Question>,
}

/// Answers questions with what was recorded, in order. From the first question that is not the recorded one on, none is answered:
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
    now_ms: u64,
}

impl Replay {
    #[must_use]
    pub fn new(calls: Vec<Call>) -> (Self, Course) {
        let course = Arc::new(Mutex::new(State { calls: calls.into_iter(), index: 0, left_at: None, now_ms: 0 }));
        (Self { course: Arc::clone(&course) }, Course { course })
    }

    /// The recorded answer, if this is the recorded question and all before were.
    fn next(&self, question: &Question) -> Answered {
        let mut state = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        if state.left_at.is_none() {
            match state.calls.next() {
                Some(call) if call.question == *question => {
                    state.index += 1;
                    state.now_ms = call.answered.now_ms;
                    return call.answered;
                }
                other => {
                    let expected = other.map(|call| call.question);
                    state.left_at = Some(Divergence { index: state.index, expected, asked: Some(question.clone()) });
                }
            }
        }
        Answered { answer: question.unanswered(Unanswered::NotRecorded), now_ms: state.now_ms }
    }
}

impl Course {
    /// Where the run left the recording, or ended before it did; `None` if it followed to the end.
    #[must_use]
    pub fn divergence(&self) -> Option<Divergence> {
        let state = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        let ended_early = || {
            let next = state.calls.as_slice().first()?;
            Some(Divergence { index: state.index, expected: Some(next.question.clone()), asked: None })
        };
        state.left_at.clone().or_else(ended_early)
    }
}

impl Services for Replay {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(std::future::ready(self.next(question)))
    }
}
