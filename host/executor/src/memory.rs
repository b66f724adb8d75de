//! An app's state in memory, and as much of the internet: for tests, development and fuzzing. Same rules as the database's, without its durability.

mod dead_letters;
mod files;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use execution::{
    Answer, Answered, BoxFuture, Effects, Question, Secret, Services, Unanswered,
    dead_letters::DeadLetter,
    http,
    kv::{PAGE_BYTES_MAX, Page, Range, Read, Stored, Version, Write},
    pubsub::NewMessage,
    queue::NewJob,
    stream::{Piece, Taken},
};

use uuid::Uuid;

use dead_letters::DeadLetters;
use files::Files;

/// The state. Cheap to clone; all clones are the same state.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    data: Arc<Mutex<Data>>,
}

#[derive(Debug, Default)]
struct Data {
    kv: BTreeMap<String, Entry>,
    files: Files,
    secrets: BTreeMap<String, Secret>,
    /// Names of scripts.
    endpoints: BTreeSet<String>,
    /// Jobs that were enqueued.
    jobs: Vec<NewJob>,
    dead_letters: DeadLetters,
    /// Messages that were published.
    messages: Vec<NewMessage>,
    /// Pieces of an answer, one behind the other.
    pieces: Vec<u8>,
    /// What other servers answer, by URL.
    internet: BTreeMap<String, http::Response>,
    last_version: Version,
    now_ms: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    stored: Stored,
    expires_at_ms: Option<u64>,
}

/// Why nothing was committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCommitted {
    /// Something that was read has changed.
    #[error("what was read has changed")]
    Conflict,
    /// A key that is counted on holds something else.
    #[error("the value of `{0}` is not a whole number, or would leave 64 bits")]
    NotANumber(String),
}

impl Memory {
    /// Sets the clock, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn set_now_ms(&self, now_ms: u64) {
        self.data().now_ms = now_ms;
    }

    /// Gives the app a secret.
    pub fn set_secret(&self, name: &str, value: &str) {
        let mut data = self.data();
        data.last_version += 1;
        let secret = Secret::new(data.last_version, value.to_owned().into());
        data.secrets.insert(name.to_owned(), secret);
    }

    /// A secret of the app.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.data().secrets.get(name).cloned()
    }

    /// Gives the app an endpoint.
    pub fn set_endpoint(&self, name: &str) {
        self.data().endpoints.insert(name.to_owned());
    }

    /// The jobs that were enqueued and committed, in order. Nobody runs them.
    #[must_use]
    pub fn jobs(&self) -> Vec<NewJob> {
        self.data().jobs.clone()
    }

    /// Gives the app a dead letter.
    pub fn set_dead_letter(&self, letter: DeadLetter) {
        self.data().dead_letters.letters.insert(letter.id, letter);
    }

    /// The dead letters, by id.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.data().dead_letters.letters.values().cloned().collect()
    }

    /// Ids of the dead letters that were replayed and committed, in order. Nobody runs them.
    #[must_use]
    pub fn replayed(&self) -> Vec<Uuid> {
        self.data().dead_letters.replayed.clone()
    }

    /// The messages that were published and committed, in order. Nobody hears them.
    #[must_use]
    pub fn messages(&self) -> Vec<NewMessage> {
        self.data().messages.clone()
    }

    /// What was sent in pieces, one behind the other.
    #[must_use]
    pub fn pieces(&self) -> Vec<u8> {
        self.data().pieces.clone()
    }

    /// Lets the app call a URL, which then answers so.
    pub fn set_answer(&self, response: http::Response) {
        self.data().internet.insert(response.url.clone(), response);
    }

    /// Makes the effects of an execution part of the state, all or none.
    ///
    /// # Errors
    /// [`NotCommitted`]: the state is as before.
    pub fn commit(&self, effects: &Effects) -> Result<(), NotCommitted> {
        let mut data = self.data();
        if !effects.reads.iter().all(|read| data.is_still(read))
            || !effects.file_reads.iter().all(|read| data.files.is_still(read))
            || !effects.dead_letter_reads.iter().all(|read| data.dead_letters.is_still(read))
        {
            return Err(NotCommitted::Conflict);
        }
        let mut changes = Vec::new();
        for (key, write) in &effects.writes {
            changes.push((key.clone(), data.changed(key, write)?));
        }
        data.write_files(&effects.file_writes);
        data.jobs.extend_from_slice(&effects.jobs);
        data.dead_letters.decide(&effects.decisions);
        data.messages.extend_from_slice(&effects.messages);
        for (key, entry) in changes {
            match entry {
                Some(entry) => data.kv.insert(key, entry),
                None => data.kv.remove(&key),
            };
        }
        Ok(())
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Data {
    fn get(&self, key: &str) -> Option<&Entry> {
        self.kv.get(key).filter(|entry| entry.expires_at_ms.is_none_or(|at| at > self.now_ms))
    }

    fn page(&self, range: &Range) -> Page {
        let from = match range.after.as_deref().filter(|after| *after >= range.prefix.as_str()) {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(range.prefix.as_str()),
        };
        let keys = self.kv.range::<str, _>((from, Bound::Unbounded)).map(|(key, _)| key);
        let mut found = keys.take_while(|key| key.starts_with(&range.prefix)).filter_map(|key| Some((key, self.get(key)?)));
        let (mut page, mut bytes) = (Page::default(), 0);
        for (key, entry) in found.by_ref() {
            bytes += key.len() + entry.stored.value.len();
            page.entries.push((key.clone(), entry.stored.clone()));
            if page.entries.len() == range.limit as usize || bytes >= PAGE_BYTES_MAX {
                break;
            }
        }
        page.more = found.next().is_some();
        page
    }

    fn call(&self, request: &http::Request) -> http::Result {
        let message = format!("{} is not in the list of what this app may call", request.url);
        self.internet.get(&request.url).cloned().ok_or_else(|| http::Failed { code: "not_allowed".to_owned(), message, was_sent: false })
    }

    fn is_still(&self, read: &Read) -> bool {
        match read {
            Read::Key { key, version } => self.get(key).map(|entry| entry.stored.version) == *version,
            Read::Page { range, entries, more } => {
                let page = self.page(range);
                let now: Vec<_> = page.entries.into_iter().map(|(key, stored)| (key, stored.version)).collect();
                now == *entries && page.more == *more
            }
        }
    }

    fn changed(&mut self, key: &str, write: &Write) -> Result<Option<Entry>, NotCommitted> {
        let (value, expires_at_ms) = match write {
            Write::Delete => return Ok(None),
            Write::Set { value, expires_at_ms } => (value.clone(), *expires_at_ms),
            Write::Add(by) => {
                let before = self.get(key);
                let number: Option<i64> = before.map_or(Some(0), |entry| entry.stored.value.parse().ok());
                let sum = number.and_then(|number| number.checked_add(*by));
                let sum = sum.ok_or_else(|| NotCommitted::NotANumber(key.to_owned()))?;
                (sum.to_string(), before.and_then(|entry| entry.expires_at_ms))
            }
        };
        self.last_version += 1;
        Ok(Some(Entry { stored: Stored { value, version: self.last_version }, expires_at_ms }))
    }
}

impl Services for Memory {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        let mut data = self.data();
        let answer = match question {
            Question::KvGet { key } => Answer::KvGet(Ok(data.get(key).map(|entry| entry.stored.clone()))),
            Question::KvList(range) => Answer::KvList(Ok(data.page(range))),
            Question::FileInfo { path } => Answer::FileInfo(Ok(data.files.info(path))),
            Question::FileBytes { digest, .. } => {
                Answer::FileBytes(data.files.bytes(digest).map(execution::files::Content).ok_or(Unanswered::Unavailable))
            }
            Question::FileList(range) => Answer::FileList(Ok(data.files.page(range))),
            Question::Secret { name } => Answer::Secret(Ok(data.secrets.get(name).cloned())),
            Question::Endpoint { name } => Answer::Endpoint(Ok(data.endpoints.contains(name))),
            Question::TopicToken { topic, expires_at_ms } => Answer::TopicToken(Ok(format!("{topic}.{expires_at_ms}"))),
            Question::ResponseStart(_) => Answer::ResponseStart(Ok(Taken::Yes)),
            Question::ResponseWrite(Piece(bytes)) => {
                data.pieces.extend_from_slice(bytes);
                Answer::ResponseWrite(Ok(Taken::Yes))
            }
            Question::DeadLetter { id } => Answer::DeadLetter(Ok(data.dead_letters.get(*id))),
            Question::DeadLetters(range) => Answer::DeadLetters(Ok(data.dead_letters.page(range))),
            Question::Http { requests, .. } => Answer::Http(Ok(requests.iter().map(|request| data.call(request)).collect())),
        };
        Box::pin(std::future::ready(Answered { answer, now_ms: data.now_ms }))
    }
}
