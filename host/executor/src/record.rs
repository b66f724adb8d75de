//! Everything a guest was told, in order: what a replay needs beside image, invocation and limits.

use std::sync::{Arc, Mutex, PoisonError};

use execution::{Answered, BoxFuture, Question, Services};
use serde::{Deserialize, Serialize};

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
    calls: Arc<Mutex<Vec<Call>>>,
}

impl<S: Services> Recorder<S> {
    /// The list fills while the execution runs; the caller keeps its half.
    pub fn new(services: S) -> (Self, Arc<Mutex<Vec<Call>>>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        (Self { services, calls: Arc::clone(&calls) }, calls)
    }
}

impl<S: Services> Services for Recorder<S> {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let answered = self.services.ask(question).await;
            let call = Call { question: question.clone(), answered: answered.clone() };
            self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            answered
        })
    }
}
