//! One execution's view of its app's state: what it has seen, and what it will change.
//!
//! Writes are only noted. Reads see them; whatever comes from the stores is noted with its version, so that the commit can ask whether it is still true. A key is asked for
//! once: the second look sees what the first did. Knows no store: the questions are put by `host/kv.rs`, `host/files.rs` and
//! `host/dead_letters.rs`.

mod dead_letters;
mod files;

use std::collections::BTreeMap;

use execution::{
    Effects,
    dead_letters::DeadLetter,
    files::Info,
    kv::{Page, Range, Read, Stored, Version, Write},
    pubsub::NewMessage,
    queue::NewJob,
};
use uuid::Uuid;

/// The state as one execution sees it.
#[derive(Debug)]
pub(crate) struct Transaction {
    /// Keys that were asked for one by one.
    seen: BTreeMap<String, Option<Stored>>,
    /// The same for files, by path.
    seen_files: BTreeMap<String, Option<Info>>,
    /// And for dead letters, by id.
    seen_dead_letters: BTreeMap<Uuid, Option<DeadLetter>>,
    effects: Effects,
    /// Bytes of keys and values that may still be read and written.
    bytes_left: usize,
    bytes_max: usize,
}

/// Why the state can't be as the script wants it. Each becomes an error that the script can catch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    TooLarge(String),
    Mismatch(String),
}

/// Keys and values as JSON, and the key behind which they go on.
pub(crate) type Listed = (Vec<(String, String)>, Option<String>);

/// What is known of a key without asking.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Its value as JSON, or that there is none.
    Value(Option<String>),
    /// Its stored value is needed.
    Ask,
}

impl Transaction {
    /// `bytes_max`: the limit `state_bytes`.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Self {
            seen: BTreeMap::new(),
            seen_files: BTreeMap::new(),
            seen_dead_letters: BTreeMap::new(),
            effects: Effects::default(),
            bytes_left: bytes_max,
            bytes_max,
        }
    }

    /// What the execution would leave behind if it ended now.
    pub(crate) fn into_effects(self) -> Effects {
        self.effects
    }

    /// Something was done that can't be undone.
    pub(crate) fn no_way_back(&mut self) {
        self.effects.irrevocable = true;
    }

    /// Enqueues a job, once the execution has ended well. The caller has checked it.
    pub(crate) fn enqueue(&mut self, job: NewJob) -> Result<(), Refused> {
        self.charge(job.script.len() + job.payload.len())?;
        self.effects.jobs.push(job);
        Ok(())
    }

    /// Publishes a message, once the execution has ended well. The caller has checked it.
    pub(crate) fn publish(&mut self, message: NewMessage) -> Result<(), Refused> {
        self.charge(message.topic.len() + message.message.len())?;
        self.effects.messages.push(message);
        Ok(())
    }

    /// The value of a key, if it follows from what was read and written before.
    pub(crate) fn get(&self, key: &str, now_ms: u64) -> Result<Known, Refused> {
        match self.effects.writes.get(key) {
            Some(Write::Set { value, expires_at_ms }) => Ok(Known::Value(is_live(*expires_at_ms, now_ms).then(|| value.clone()))),
            Some(Write::Delete) => Ok(Known::Value(None)),
            Some(Write::Add(by)) => match self.seen.get(key) {
                None => Ok(Known::Ask),
                Some(stored) => sum(key, stored.as_ref().map(|stored| stored.value.as_str()), *by).map(|value| Known::Value(Some(value))),
            },
            None => Ok(self.seen.get(key).map_or(Known::Ask, |stored| Known::Value(stored.as_ref().map(|stored| stored.value.clone())))),
        }
    }

    /// Notes what is stored under a key; [`Transaction::get`] knows it from now on.
    pub(crate) fn saw(&mut self, key: String, stored: Option<Stored>) -> Result<(), Refused> {
        self.charge(key.len() + stored.as_ref().map_or(0, |stored| stored.value.len()))?;
        self.effects.reads.push(Read::Key { key: key.clone(), version: stored.as_ref().map(|stored| stored.version) });
        self.seen.insert(key, stored);
        Ok(())
    }

    /// Sets a key. The caller has checked it and the value.
    pub(crate) fn set(&mut self, key: String, value: String, expires_at_ms: Option<u64>) -> Result<(), Refused> {
        self.charge(key.len() + value.len())?;
        self.effects.writes.insert(key, Write::Set { value, expires_at_ms });
        Ok(())
    }

    /// Removes a key.
    pub(crate) fn delete(&mut self, key: String) -> Result<(), Refused> {
        self.charge(key.len())?;
        self.effects.writes.insert(key, Write::Delete);
        Ok(())
    }

    /// Adds to a number, which need not be known.
    pub(crate) fn add(&mut self, key: String, by: i64, now_ms: u64) -> Result<(), Refused> {
        self.charge(key.len())?;
        let write = match self.effects.writes.get(&key) {
            None => Write::Add(by),
            Some(Write::Delete) => Write::Set { value: by.to_string(), expires_at_ms: None },
            Some(Write::Set { value, expires_at_ms }) if is_live(*expires_at_ms, now_ms) => {
                Write::Set { value: sum(&key, Some(value), by)?, expires_at_ms: *expires_at_ms }
            }
            Some(Write::Set { .. }) => Write::Set { value: by.to_string(), expires_at_ms: None },
            Some(Write::Add(before)) => Write::Add(before.checked_add(by).ok_or_else(|| leaves_64_bits(&key))?),
        };
        self.effects.writes.insert(key, write);
        Ok(())
    }

    /// Notes a page, and returns its entries with the execution's own writes among them, and where to go on.
    pub(crate) fn list(&mut self, range: Range, page: Page, now_ms: u64) -> Result<Listed, Refused> {
        self.charge(page.entries.iter().map(|(key, stored)| key.len() + stored.value.len()).sum())?;
        let end = page.more.then(|| page.entries.last().map(|(key, _)| key.clone())).flatten();
        let versions = page.entries.iter().map(|(key, stored)| (key.clone(), stored.version)).collect();
        let entries = self.with_own_writes(&range, page, end.as_deref(), now_ms)?;
        let limit = range.limit as usize;
        self.note_page(range, versions, end.is_some());

        let more_of_own = entries.len() > limit;
        let entries: Vec<_> = entries.into_iter().take(limit).collect();
        let next = if more_of_own { entries.last().map(|(key, _)| key.clone()) } else { end };
        Ok((entries, next))
    }

    fn with_own_writes(&self, range: &Range, page: Page, end: Option<&str>, now_ms: u64) -> Result<BTreeMap<String, String>, Refused> {
        let mut entries: BTreeMap<String, String> = page.entries.into_iter().map(|(key, stored)| (key, stored.value)).collect();
        let start = range.after.as_deref().filter(|after| *after >= range.prefix.as_str());
        let from = start.map_or(std::ops::Bound::Included(range.prefix.as_str()), std::ops::Bound::Excluded);
        let own = self.effects.writes.range::<str, _>((from, std::ops::Bound::Unbounded));
        for (key, write) in own.take_while(|(key, _)| key.starts_with(&range.prefix) && end.is_none_or(|end| key.as_str() <= end)) {
            match write {
                Write::Set { value, expires_at_ms } if is_live(*expires_at_ms, now_ms) => {
                    entries.insert(key.clone(), value.clone());
                }
                Write::Set { .. } | Write::Delete => {
                    entries.remove(key);
                }
                Write::Add(by) => {
                    let value = sum(key, entries.get(key).map(String::as_str), *by)?;
                    entries.insert(key.clone(), value);
                }
            }
        }
        Ok(entries)
    }

    fn note_page(&mut self, range: Range, entries: Vec<(String, Version)>, more: bool) {
        let read = Read::Page { range, entries, more };
        if !self.effects.reads.contains(&read) {
            self.effects.reads.push(read);
        }
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Refused> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(|| {
            Refused::TooLarge(format!("this execution reads and writes more than {} bytes of state (state_bytes)", self.bytes_max))
        })?;
        Ok(())
    }
}

fn is_live(expires_at_ms: Option<u64>, now_ms: u64) -> bool {
    expires_at_ms.is_none_or(|at| at > now_ms)
}

/// A whole number, as JSON, and `by`. Nothing counts as 0.
fn sum(key: &str, value: Option<&str>, by: i64) -> Result<String, Refused> {
    let number: i64 = match value {
        None => 0,
        Some(value) => value.parse().map_err(|_| Refused::Mismatch(format!("the value of `{key}` is not a whole number")))?,
    };
    number.checked_add(by).map(|sum| sum.to_string()).ok_or_else(|| leaves_64_bits(key))
}

fn leaves_64_bits(key: &str) -> Refused {
    Refused::Mismatch(format!("the value of `{key}` would leave the range of 64-bit numbers"))
}

#[cfg(test)]
mod tests;
