//! `picloud:script/dead-letters`

use execution::{
    Answer, Question, Unanswered,
    dead_letters::{DeadLetter, Decision, PAGE_ENTRIES_MAX, Range},
};
use uuid::Uuid;

use crate::{
    bindings::dead_letters::{self, Error, Host, Operation, Page},
    state::State,
    transaction::Refused,
};

impl Host for State {
    async fn perform(&mut self, operation: Operation) -> wasmtime::Result<Result<dead_letters::Answer, Error>> {
        self.count_queue_call()?;
        Ok(match operation {
            Operation::List(range) => self.list_dead_letters(range).await.map(dead_letters::Answer::Page),
            Operation::Get(id) => self.get_dead_letter(&id).await.map(dead_letters::Answer::DeadLetter),
            Operation::Replay(id) => self.replay(&id).await.map(dead_letters::Answer::Decided),
            Operation::Resolve(id) => self.resolve(&id).await.map(dead_letters::Answer::Decided),
        })
    }
}

impl State {
    async fn get_dead_letter(&mut self, id: &str) -> Result<Option<dead_letters::DeadLetter>, Error> {
        let letter = self.dead_letter(check_id(id)?).await?;
        Ok(letter.cloned().map(shown))
    }

    async fn replay(&mut self, id: &str) -> Result<bool, Error> {
        let id = check_id(id)?;
        let depth = self.new_job_depth().map_err(Error::TooDeep)?;
        self.decide(id, Decision::Replay { depth }).await
    }

    async fn resolve(&mut self, id: &str) -> Result<bool, Error> {
        self.decide(check_id(id)?, Decision::Resolve).await
    }

    async fn dead_letter(&mut self, id: Uuid) -> Result<Option<&DeadLetter>, Error> {
        if self.transaction.dead_letter(id).is_none() {
            let answer = self.ask(&Question::DeadLetter { id }).await;
            let Answer::DeadLetter(letter) = answer else { return Err(other_answer()) };
            self.transaction.saw_dead_letter(id, letter?)?;
        }
        Ok(self.transaction.dead_letter(id).flatten())
    }

    /// Whether there is one to decide on.
    async fn decide(&mut self, id: Uuid, decision: Decision) -> Result<bool, Error> {
        let is_there = self.dead_letter(id).await?.is_some();
        if is_there {
            self.transaction.decide(id, decision);
        }
        Ok(is_there)
    }

    async fn list_dead_letters(&mut self, range: dead_letters::Range) -> Result<Page, Error> {
        let range = check_range(range.after.as_deref(), range.limit)?;
        let answer = self.ask(&Question::DeadLetters(range.clone())).await;
        let Answer::DeadLetters(page) = answer else { return Err(other_answer()) };
        let (entries, next) = self.transaction.list_dead_letters(range, page?)?;
        Ok(Page { entries: entries.into_iter().map(shown).collect(), next: next.map(|id| id.to_string()) })
    }
}

fn shown(letter: DeadLetter) -> dead_letters::DeadLetter {
    let ms = |ms: i64| u64::try_from(ms).unwrap_or(0);
    let DeadLetter { id, script, payload, attempts, outcome, message, enqueued_at_ms, death } = letter;
    let (enqueued_at_ms, died_at_ms) = (ms(enqueued_at_ms), ms(death / 1_000));
    dead_letters::DeadLetter { id: id.to_string(), script, payload, attempts, outcome, message, enqueued_at_ms, died_at_ms }
}

fn check_id(id: &str) -> Result<Uuid, Error> {
    let wrong = || Error::Invalid("the id of a dead letter is a UUID, as `queue::enqueue` gives it".to_owned());
    Uuid::try_parse(id).map_err(|_| wrong())
}

fn check_range(after: Option<&str>, limit: u32) -> Result<Range, Error> {
    let after = after.map(check_id).transpose()?;
    if (1..=PAGE_ENTRIES_MAX).contains(&limit) {
        return Ok(Range { after, limit });
    }
    Err(Error::Invalid(format!("a page has 1 to {PAGE_ENTRIES_MAX} entries, not {limit}")))
}

fn other_answer() -> Error {
    tracing::error!("a service gave the answer to another question: this is a defect of PiCloud");
    Error::Unavailable("the store gave no answer".to_owned())
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Self {
        Self::Unavailable(unanswered.to_string())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge(message) => Self::TooLarge(message),
            Refused::Mismatch(message) => Self::Invalid(message),
        }
    }
}
