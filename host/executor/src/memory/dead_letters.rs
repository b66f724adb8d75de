//! Dead letters in memory.

use std::{collections::BTreeMap, ops::Bound};

use execution::dead_letters::{DeadLetter, Decision, Page, Range, Read};
use uuid::Uuid;

/// Dead letters by id, and what was replayed.
#[derive(Debug, Default)]
pub(super) struct DeadLetters {
    pub(super) letters: BTreeMap<Uuid, DeadLetter>,
    /// Ids in the order in which they were committed.
    pub(super) replayed: Vec<Uuid>,
}

impl DeadLetters {
    pub(super) fn get(&self, id: Uuid) -> Option<DeadLetter> {
        self.letters.get(&id).cloned()
    }

    pub(super) fn page(&self, range: &Range) -> Page {
        let from = range.after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = self.letters.range((from, Bound::Unbounded));
        let entries = found.by_ref().take(range.limit as usize).map(|(_, letter)| DeadLetter { payload: None, ..letter.clone() }).collect();
        Page { entries, more: found.next().is_some() }
    }

    pub(super) fn is_still(&self, read: &Read) -> bool {
        match read {
            Read::One { id, death } => self.letters.get(id).map(|letter| letter.death) == *death,
            Read::Page { range, entries, more } => {
                let page = self.page(range);
                let now: Vec<_> = page.entries.iter().map(|letter| (letter.id, letter.death)).collect();
                now == *entries && page.more == *more
            }
        }
    }

    pub(super) fn decide(&mut self, decisions: &BTreeMap<Uuid, Decision>) {
        for (id, decision) in decisions {
            self.letters.remove(id);
            if let Decision::Replay { .. } = decision {
                self.replayed.push(*id);
            }
        }
    }
}
