//! Everything a guest was told, in order: what a replay needs beside image, invocation and limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Answer, Answered, BoxFuture, Question, Services, dead_letters::DeadLetter};

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub question: Question,
    pub answered: Answered,
}

/// Writes down what other services answer.
#[derive(Debug)]
pub struct Recorder<S> {
    services: S,
    tape: Tape,
}

/// The caller's half of a [`Recorder`]: read when the run is over.
#[derive(Debug, Clone)]
pub struct Tape {
    written: Arc<Mutex<Written>>,
}

#[derive(Debug)]
struct Written {
    calls: Vec<Call>,
    bytes_left: usize,
    is_whole: bool,
}

impl<S: Services> Recorder<S> {
    /// `bytes_max`: about as much is held in memory. A run that is told more has no recording.
    pub fn new(services: S, bytes_max: usize) -> (Self, Tape) {
        let written = Written { calls: Vec::new(), bytes_left: bytes_max, is_whole: true };
        let tape = Tape { written: Arc::new(Mutex::new(written)) };
        (Self { services, tape: tape.clone() }, tape)
    }
}

impl Tape {
    /// The calls so far; `None`: they were too much.
    #[must_use]
    pub fn calls(&self) -> Option<Vec<Call>> {
        let mut written = self.written();
        written.is_whole.then(|| std::mem::take(&mut written.calls))
    }

    fn write(&self, question: &Question, answered: &Answered) {
        let mut written = self.written();
        if !written.is_whole {
            return;
        }
        match written.bytes_left.checked_sub(bytes_of(question, &answered.answer)) {
            Some(left) => {
                written.bytes_left = left;
                written.calls.push(Call { question: question.clone(), answered: answered.clone() });
            }
            None => {
                written.is_whole = false;
                written.calls = Vec::new();
            }
        }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Services> Services for Recorder<S> {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let answered = self.services.ask(question).await;
            self.tape.write(question, &answered);
            answered
        })
    }
}

/// Of a call, about: its texts and bodies, and something for the rest.
fn bytes_of(question: &Question, answer: &Answer) -> usize {
    const REST: usize = 128;
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| name.len() + value.len() + REST).sum::<usize>();
    let texts = |letter: &DeadLetter| letter.script.len() + letter.message.len() + letter.payload.as_ref().map_or(0, String::len);
    let asked = match question {
        Question::KvGet { key } => key.len(),
        Question::KvList(range) => range.prefix.len(),
        Question::FileInfo { path } => path.len(),
        Question::FileBytes { digest, .. } => digest.len(),
        Question::FileList(range) => range.prefix.len(),
        Question::Http { requests, .. } => requests.iter().map(|one| one.url.len() + one.body.len() + pairs(&one.headers) + REST).sum(),
        Question::Secret { name } | Question::Endpoint { name } => name.len(),
        Question::TopicToken { topic, .. } => topic.len(),
        Question::ResponseStart(head) => pairs(&head.headers),
        Question::ResponseWrite(piece) => piece.0.len(),
        Question::DeadLetter { .. } | Question::DeadLetters(_) => 0,
    };
    let told = match answer {
        Answer::KvGet(Ok(Some(stored))) => stored.value.len(),
        Answer::KvList(Ok(page)) => page.entries.iter().map(|(key, stored)| key.len() + stored.value.len() + REST).sum(),
        Answer::FileBytes(Ok(content)) => content.0.len(),
        Answer::FileList(Ok(page)) => page.entries.iter().map(|(path, _)| path.len() + REST).sum(),
        Answer::Http(Ok(results)) => results.iter().flatten().map(|one| one.url.len() + one.body.len() + pairs(&one.headers) + REST).sum(),
        Answer::TopicToken(Ok(token)) => token.len(),
        Answer::DeadLetter(Ok(letter)) => letter.iter().map(texts).sum(),
        Answer::DeadLetters(Ok(page)) => page.entries.iter().map(|letter| texts(letter) + REST).sum(),
        Answer::KvGet(_)
        | Answer::KvList(_)
        | Answer::FileInfo(_)
        | Answer::FileBytes(_)
        | Answer::FileList(_)
        | Answer::Http(_)
        | Answer::Secret(_)
        | Answer::Endpoint(_)
        | Answer::TopicToken(_)
        | Answer::ResponseStart(_)
        | Answer::ResponseWrite(_)
        | Answer::DeadLetter(_)
        | Answer::DeadLetters(_) => 0,
    };
    asked + told + REST
}
