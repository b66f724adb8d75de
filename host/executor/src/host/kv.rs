//! `picloud:script/kv`

use execution::{
    Answer, Question,
    kv::{KEY_BYTES_MAX, PAGE_ENTRIES_MAX, Range},
};

use crate::{
    bindings::{
        kv::{self, Assignment, Entry, Host, Operation, Page},
        state::{self, Error},
    },
    state::State,
    transaction::Known,
};

/// Longest time that a key can be given: ten years.
const TTL_MS_MAX: u64 = 10 * 366 * 24 * 3600 * 1000;

impl Host for State {
    async fn perform(&mut self, operation: Operation) -> wasmtime::Result<Result<kv::Answer, Error>> {
        self.count_kv_call()?;
        Ok(match operation {
            Operation::Get(key) => self.kv_get(key).await.map(kv::Answer::Value),
            Operation::Set(assignment) => self.kv_set(assignment).map(|()| kv::Answer::Done),
            Operation::Delete(key) => self.kv_delete(key).map(|()| kv::Answer::Done),
            Operation::Increment(addition) => self.kv_increment(addition.key, addition.by).map(|()| kv::Answer::Done),
            Operation::List(range) => self.kv_list(range.into()).await.map(kv::Answer::Page),
        })
    }
}

impl State {
    async fn kv_get(&mut self, key: String) -> Result<Option<String>, Error> {
        check_key(&key)?;
        if let Known::Value(value) = self.transaction.get(&key, self.now_ms)? {
            return Ok(value);
        }
        let answer = self.ask(&Question::KvGet { key: key.clone() }).await;
        let Answer::KvGet(stored) = answer else { return Err(super::other_answer()) };
        self.transaction.saw(key.clone(), stored?)?;
        match self.transaction.get(&key, self.now_ms)? {
            Known::Value(value) => Ok(value),
            Known::Ask => Err(super::other_answer()),
        }
    }

    fn kv_set(&mut self, Assignment { key, value, ttl_ms }: Assignment) -> Result<(), Error> {
        check_key(&key)?;
        self.check_value(&key, &value)?;
        check_ttl(ttl_ms)?;
        let expires_at_ms = ttl_ms.map(|ttl| self.now_ms.saturating_add(ttl));
        Ok(self.transaction.set(key, value, expires_at_ms)?)
    }

    fn kv_delete(&mut self, key: String) -> Result<(), Error> {
        check_key(&key)?;
        Ok(self.transaction.delete(key)?)
    }

    fn kv_increment(&mut self, key: String, by: i64) -> Result<(), Error> {
        check_key(&key)?;
        Ok(self.transaction.add(key, by, self.now_ms)?)
    }

    async fn kv_list(&mut self, range: Range) -> Result<Page, Error> {
        check_range(&range)?;
        let answer = self.ask(&Question::KvList(range.clone())).await;
        let Answer::KvList(page) = answer else { return Err(super::other_answer()) };
        let (entries, next) = self.transaction.list(range, page?, self.now_ms)?;
        Ok(Page { entries: entries.into_iter().map(|(key, value)| Entry { key, value }).collect(), next })
    }

    fn check_value(&self, key: &str, value: &str) -> Result<(), Error> {
        if value.len() <= self.kv_value_bytes_max {
            return Ok(());
        }
        let max = self.kv_value_bytes_max;
        Err(Error::TooLarge(format!("the value of `{key}` has {} bytes as JSON, and {max} are allowed (kv_value_bytes)", value.len())))
    }
}

impl From<state::Range> for Range {
    fn from(range: state::Range) -> Self {
        let state::Range { prefix, after, limit } = range;
        Self { prefix, after, limit }
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::Invalid("a key has at least one character".to_owned()));
    }
    check_text("a key", key)
}

fn check_text(what: &str, text: &str) -> Result<(), Error> {
    if text.len() > KEY_BYTES_MAX {
        return Err(Error::Invalid(format!("{what} has at most {KEY_BYTES_MAX} bytes, this one has {}", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("{what} has no control characters")));
    }
    Ok(())
}

fn check_range(range: &Range) -> Result<(), Error> {
    check_text("a prefix", &range.prefix)?;
    check_text("`after`", range.after.as_deref().unwrap_or(""))?;
    if (1..=PAGE_ENTRIES_MAX).contains(&range.limit) {
        return Ok(());
    }
    Err(Error::Invalid(format!("a page has 1 to {PAGE_ENTRIES_MAX} entries, not {}", range.limit)))
}

fn check_ttl(ttl_ms: Option<u64>) -> Result<(), Error> {
    match ttl_ms {
        None | Some(1..=TTL_MS_MAX) => Ok(()),
        Some(_) => Err(Error::Invalid("a time to live is longer than nothing and at most ten years".to_owned())),
    }
}
