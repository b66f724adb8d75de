//! Who waits: a line for each app, in the order of coming, and of all lines the one whose app has used least is served.

use std::collections::VecDeque;

use super::Share;

/// The lines. Those without anybody are not there, so that they cost as much as there are apps that wait.
#[derive(Debug)]
pub(super) struct Lines<T> {
    lines: Vec<Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    share: Share,
    waiting: VecDeque<T>,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: Vec::new() }
    }
}

impl<T: PartialEq> Lines<T> {
    fn line(&mut self, share: &Share) -> &mut VecDeque<T> {
        let at = self.lines.iter().position(|line| line.share.is(share)).unwrap_or_else(|| {
            self.lines.push(Line { share: share.clone(), waiting: VecDeque::new() });
            self.lines.len() - 1
        });
        &mut self.lines[at].waiting
    }

    pub(super) fn push(&mut self, share: &Share, who: T) {
        self.line(share).push_back(who);
    }

    /// For who had been served already.
    pub(super) fn push_front(&mut self, share: &Share, who: T) {
        self.line(share).push_front(who);
    }

    /// The first of the app that has used least.
    pub(super) fn pop(&mut self) -> Option<T> {
        let (at, line) = self.lines.iter_mut().enumerate().min_by_key(|(_, line)| line.share.used_ns())?;
        let who = line.waiting.pop_front();
        if line.waiting.is_empty() {
            self.lines.swap_remove(at);
        }
        who
    }

    /// Somebody waits no more.
    pub(super) fn remove(&mut self, share: &Share, who: &T) {
        let Some(at) = self.lines.iter().position(|line| line.share.is(share)) else { return };
        let waiting = &mut self.lines[at].waiting;
        waiting.retain(|other| other != who);
        if waiting.is_empty() {
            self.lines.swap_remove(at);
        }
    }

    /// How many wait, of all apps.
    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(|line| line.waiting.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_that_has_used_least_is_served_and_within_it_the_first() {
        let (mut lines, greedy, quiet) = (Lines::default(), Share::default(), Share::default());
        greedy.charge(10);
        (1..=3).for_each(|who| lines.push(&greedy, who));
        lines.push(&quiet, 9);
        assert_eq!((lines.len(), lines.pop()), (4, Some(9)));
        quiet.charge(20);
        lines.push(&quiet, 8);
        lines.push_front(&greedy, 0);
        lines.remove(&greedy, &2);
        let all: Vec<_> = std::iter::from_fn(|| lines.pop()).collect();
        assert_eq!(all, [0, 1, 3, 8]);
        assert!(lines.len() == 0 && lines.pop().is_none());
    }
}
