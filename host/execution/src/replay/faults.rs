//! A recording told again with one thing going wrong.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Call;
use crate::{Answer, Answered, BoxFuture, Question, Services, Unanswered, http};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The call with this number, from 0, is not answered: the store is away, another server does not answer in time.
    Call(usize),
    /// The fuel ends after so many instructions.
    Fuel(u64),
    /// Others have changed what was read when it is to be committed.
    Conflict,
}

/// What came of all that was tried.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    pub runs: Vec<Faulted>,
    /// Runs whose reports can't be told without a secret: a word of the form itself is its value.
    pub not_shown: usize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Faulted {
    pub fault: Fault,
    /// `ok` or the kind of failure.
    pub outcome: String,
    /// Of the answer; `None`: it failed.
    pub status: Option<u16>,
    /// Why it failed.
    pub message: Option<String>,
    /// Keys that it would have changed.
    pub writes: usize,
    /// Requests that other servers may have got.
    pub sent: usize,
}

impl Faulted {
    /// Whether it failed and something of it stays all the same.
    #[must_use]
    pub fn leaves_something(&self) -> bool {
        self.outcome != "ok" && (self.writes > 0 || self.sent > 0)
    }
}

/// Answers from a recording, but for one call. Once that has failed, the script may go another way: what was recorded anywhere is answered.
#[derive(Debug)]
pub struct Faulty {
    calls: Vec<Call>,
    fails: Option<usize>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    asked: usize,
    sent: usize,
    now_ms: u64,
}

/// The caller's half: asked when the run is over.
#[derive(Debug)]
pub struct Sent(Arc<Mutex<State>>);

impl Faulty {
    /// `fails`: number of the call that is not answered; `None`: all are.
    #[must_use]
    pub fn new(calls: Vec<Call>, fails: Option<usize>) -> (Self, Sent) {
        let state = Arc::<Mutex<State>>::default();
        (Self { calls, fails, state: Arc::clone(&state) }, Sent(state))
    }

    fn answer(&self, question: &Question) -> Answered {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let index = state.asked;
        state.asked += 1;
        let same = |call: &&Call| call.question == *question;
        let recorded = self.calls.get(index).filter(same).or_else(|| self.calls.iter().find(same));
        let answer = match recorded {
            _ if self.fails == Some(index) => failed(question),
            None => question.unanswered(Unanswered::NotRecorded),
            Some(call) => {
                state.now_ms = state.now_ms.max(call.answered.now_ms);
                call.answered.answer.clone()
            }
        };
        state.sent += sent(&answer);
        Answered { answer, now_ms: state.now_ms }
    }
}

impl Sent {
    /// Requests that other servers may have got.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sent
    }
}

/// The worst that can become of a call: of one to another server, nobody knows whether it arrived.
fn failed(question: &Question) -> Answer {
    match question {
        Question::Http { requests, .. } => {
            let message = "the server did not answer in time".to_owned();
            let failed = http::Failed { code: "timeout".to_owned(), message, was_sent: true };
            Answer::Http(Ok(requests.iter().map(|_| Err(failed.clone())).collect()))
        }
        Question::KvGet { .. }
        | Question::KvList(_)
        | Question::FileInfo { .. }
        | Question::FileBytes { .. }
        | Question::FileList(_)
        | Question::Secret { .. }
        | Question::Endpoint { .. }
        | Question::TopicToken { .. }
        | Question::ResponseStart(_)
        | Question::ResponseWrite(_)
        | Question::DeadLetter { .. }
        | Question::DeadLetters(_) => question.unanswered(Unanswered::Unavailable),
    }
}

fn sent(answer: &Answer) -> usize {
    match answer {
        Answer::Http(Ok(results)) => results.iter().filter(|result| !matches!(result, Err(failed) if !failed.was_sent)).count(),
        _ => 0,
    }
}

impl Services for Faulty {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(std::future::ready(self.answer(question)))
    }
}
