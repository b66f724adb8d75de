//! What an execution can ask of the world outside its sandbox.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    BoxFuture, Secret, dead_letters, files, http, kv,
    stream::{Head, Piece, Taken},
};

/// Who answers an execution's questions, already bound to one app: no question carries an app id.
///
/// Implemented by the data plane (the app's stores), by `executor::Memory` (tests, development, fuzzing), by `executor::Recorder` (around another one) and by
/// `executor::Replay` (the answers of a recording). Clock and chance are not asked for: both follow from the invocation. So everything that can make
/// two runs of one invocation differ goes through here.
pub trait Services: Send + Sync {
    /// Answers one question. Dropping the future gives it up.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered>;
}

/// An answer, and the time it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub answer: Answer,
    /// What the script's clock shows from now on, in milliseconds since 1970-01-01T00:00:00Z (S-2.20: it moves only here).
    pub now_ms: u64,
}

/// A question. Writes are none: they are gathered in the sandbox's [`crate::Effects`] and take effect when it has ended. The pieces of an answer are, since
/// they leave at once, and who sends them waits until they are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What is stored under a key.
    KvGet { key: String },
    /// A page of keys and values.
    KvList(kv::Range),
    /// What is known of a file.
    FileInfo { path: String },
    /// The bytes of a file that was seen before in this execution.
    FileBytes { digest: String, size: u64 },
    /// A page of files.
    FileList(files::Range),
    /// Calls of other servers, answered in their order. The bodies of all answers together have at most `bytes_max` bytes.
    Http { requests: Vec<http::Request>, bytes_max: u64 },
    /// The value of a secret.
    Secret { name: String },
    /// Whether the deployment that runs has an endpoint of this name.
    Endpoint { name: String },
    /// A token with which one may listen to a topic of the app.
    TopicToken { topic: String, expires_at_ms: u64 },
    /// Whether the answer can be begun so: it is, if it can. Then its pieces may follow.
    ResponseStart(Head),
    /// Whether there is room for the next piece, once this one is taken.
    ResponseWrite(Piece),
    /// One dead letter.
    DeadLetter { id: Uuid },
    /// A page of dead letters.
    DeadLetters(dead_letters::Range),
}

/// The answer to the question of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    KvGet(Result<Option<kv::Stored>, Unanswered>),
    KvList(Result<kv::Page, Unanswered>),
    FileInfo(Result<Option<files::Info>, Unanswered>),
    FileBytes(Result<files::Content, Unanswered>),
    FileList(Result<files::Page, Unanswered>),
    Http(Result<Vec<http::Result>, Unanswered>),
    Secret(Result<Option<Secret>, Unanswered>),
    Endpoint(Result<bool, Unanswered>),
    TopicToken(Result<String, Unanswered>),
    ResponseStart(Result<Taken, Unanswered>),
    ResponseWrite(Result<Taken, Unanswered>),
    DeadLetter(Result<Option<dead_letters::DeadLetter>, Unanswered>),
    DeadLetters(Result<dead_letters::Page, Unanswered>),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// Whoever should answer can't be asked just now. Worth another try later.
    #[error("the store can't be asked just now")]
    Unavailable,
    /// A replay has left its recording, which knows no answer.
    #[error("the recording has no answer to this")]
    NotRecorded,
}

impl Question {
    /// The answer to a piece of an answer, where it goes nowhere: whatever is written is taken. `None`: it asks for something.
    #[must_use]
    pub fn taken(&self) -> Option<Answer> {
        match self {
            Self::ResponseStart(_) => Some(Answer::ResponseStart(Ok(Taken::Yes))),
            Self::ResponseWrite(_) => Some(Answer::ResponseWrite(Ok(Taken::Yes))),
            _ => None,
        }
    }

    /// The answer that says why there is none.
    #[must_use]
    pub fn unanswered(&self, why: Unanswered) -> Answer {
        match self {
            Self::KvGet { .. } => Answer::KvGet(Err(why)),
            Self::KvList(_) => Answer::KvList(Err(why)),
            Self::FileInfo { .. } => Answer::FileInfo(Err(why)),
            Self::FileBytes { .. } => Answer::FileBytes(Err(why)),
            Self::FileList(_) => Answer::FileList(Err(why)),
            Self::Http { .. } => Answer::Http(Err(why)),
            Self::Secret { .. } => Answer::Secret(Err(why)),
            Self::Endpoint { .. } => Answer::Endpoint(Err(why)),
            Self::TopicToken { .. } => Answer::TopicToken(Err(why)),
            Self::ResponseStart(_) => Answer::ResponseStart(Err(why)),
            Self::ResponseWrite(_) => Answer::ResponseWrite(Err(why)),
            Self::DeadLetter { .. } => Answer::DeadLetter(Err(why)),
            Self::DeadLetters(_) => Answer::DeadLetters(Err(why)),
        }
    }
}

/// Services of an execution that has none: every question is unanswered, and the clock stands still.
#[derive(Debug, Clone, Copy)]
pub struct Nobody {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: u64,
}

impl Services for Nobody {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        let answered = Answered { answer: question.unanswered(Unanswered::Unavailable), now_ms: self.now_ms };
        Box::pin(std::future::ready(answered))
    }
}
