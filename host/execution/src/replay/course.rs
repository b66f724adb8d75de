//! Answers from a recording: touches no store, no network and no clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Call;
use crate::{Answered, BoxFuture, Question, Services, Unanswered};

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

/// Answers questions with what was recorded, in order.
///
/// What happens from the first question on that is not the recorded one depends on what is asked of the replay. Of the same script, nothing is answered any
/// more: the run has left the recording. Of another version, a question that was recorded anywhere is answered as it was then, since other code may well
/// ask in another order; what was never asked is not.
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
    calls: Vec<Call>,
    /// The next call, while the run is on its course.
    next: usize,
    is_same_script: bool,
    left_at: Option<Divergence>,
    unanswered: Vec<Question>,
    now_ms: u64,
}

impl Replay {
    /// Of the script that was recorded.
    #[must_use]
    pub fn new(calls: Vec<Call>) -> (Self, Course) {
        Self::of(calls, true)
    }

    /// Of another version of it.
    #[must_use]
    pub fn of_other_code(calls: Vec<Call>) -> (Self, Course) {
        Self::of(calls, false)
    }

    fn of(calls: Vec<Call>, is_same_script: bool) -> (Self, Course) {
        let state = State { calls, next: 0, is_same_script, left_at: None, unanswered: Vec::new(), now_ms: 0 };
        let course = Arc::new(Mutex::new(state));
        (Self { course: Arc::clone(&course) }, Course { course })
    }
}

impl State {
    /// The recorded answer, if this is the recorded question and all before were, or if other code may have it.
    fn answer(&mut self, question: &Question) -> Answered {
        if self.left_at.is_none() {
            match self.calls.get(self.next) {
                Some(call) if call.question == *question => {
                    self.next += 1;
                    self.now_ms = call.answered.now_ms;
                    return call.answered.clone();
                }
                other => {
                    let expected = other.map(|call| call.question.clone());
                    self.left_at = Some(Divergence { index: self.next, expected, asked: Some(question.clone()) });
                }
            }
        }
        let known = self.calls.iter().find(|call| !self.is_same_script && call.question == *question);
        if let Some(call) = known {
            // The clock does not go back.
            self.now_ms = self.now_ms.max(call.answered.now_ms);
            return Answered { answer: call.answered.answer.clone(), now_ms: self.now_ms };
        }
        // Another answer than the recorded one is what is to be seen.
        if let Some(answer) = question.taken().filter(|_| !self.is_same_script) {
            return Answered { answer, now_ms: self.now_ms };
        }
        self.unanswered.push(question.clone());
        Answered { answer: question.unanswered(Unanswered::NotRecorded), now_ms: self.now_ms }
    }
}

impl Course {
    /// Where the run left the recording, or ended before it did; `None` if it followed to the end.
    #[must_use]
    pub fn divergence(&self) -> Option<Divergence> {
        let state = lock(&self.course);
        let ended_early = || {
            let next = state.calls.get(state.next)?;
            Some(Divergence { index: state.next, expected: Some(next.question.clone()), asked: None })
        };
        state.left_at.clone().or_else(ended_early)
    }

    /// Questions that the recording knows no answer to, in order.
    #[must_use]
    pub fn unanswered(&self) -> Vec<Question> {
        lock(&self.course).unanswered.clone()
    }
}

fn lock(course: &Mutex<State>) -> MutexGuard<'_, State> {
    course.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Services for Replay {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(std::future::ready(lock(&self.course).answer(question)))
    }
}
