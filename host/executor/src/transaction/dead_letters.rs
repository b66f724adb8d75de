//! The dead letters as one execution sees them.

use execution::dead_letters::{DeadLetter, Decision, Page, Range, Read};
use uuid::Uuid;

use super::{Refused, Transaction};

/// Dead letters, and the id behind which they go on.
pub(crate) type ListedLetters = (Vec<DeadLetter>, Option<Uuid>);

/// What a dead letter costs beside its texts: ids and times.
const LETTER_BYTES: usize = 64;

impl Transaction {
    /// A dead letter, if it follows from what was seen and decided before; `None`: it has to be asked for.
    pub(crate) fn dead_letter(&self, id: Uuid) -> Option<Option<&DeadLetter>> {
        if self.effects.decisions.contains_key(&id) {
            return Some(None);
        }
        self.seen_dead_letters.get(&id).map(Option::as_ref)
    }

    /// Notes a dead letter, or that there is none; [`Transaction::dead_letter`] knows it from now on.
    pub(crate) fn saw_dead_letter(&mut self, id: Uuid, letter: Option<DeadLetter>) -> Result<(), Refused> {
        self.charge(letter.as_ref().map_or(LETTER_BYTES, bytes_of))?;
        self.effects.dead_letter_reads.push(Read::One { id, death: letter.as_ref().map(|letter| letter.death) });
        self.seen_dead_letters.insert(id, letter);
        Ok(())
    }

    /// Decides what becomes of a dead letter that was seen.
    pub(crate) fn decide(&mut self, id: Uuid, decision: Decision) {
        self.effects.decisions.insert(id, decision);
    }

    /// Notes a page, and returns its entries without those on which this execution has decided, and where to go on.
    pub(crate) fn list_dead_letters(&mut self, range: Range, page: Page) -> Result<ListedLetters, Refused> {
        self.charge(page.entries.iter().map(bytes_of).sum())?;
        let next = page.entries.last().filter(|_| page.more).map(|letter| letter.id);
        let entries = page.entries.iter().map(|letter| (letter.id, letter.death)).collect();
        let read = Read::Page { range, entries, more: page.more };
        if !self.effects.dead_letter_reads.contains(&read) {
            self.effects.dead_letter_reads.push(read);
        }
        let undecided = page.entries.into_iter().filter(|letter| !self.effects.decisions.contains_key(&letter.id));
        Ok((undecided.collect(), next))
    }
}

fn bytes_of(letter: &DeadLetter) -> usize {
    LETTER_BYTES + letter.script.len() + letter.message.len() + letter.payload.as_ref().map_or(0, String::len)
}
