//! Which runs of a schedule are due, after however long a pause.

use jiff::{SignedDuration, Timestamp};

use crate::{CatchUp, Cron};

/// A slot is late for so long; after that it has been missed, and the catch-up policy decides (S-9.5).
pub const LATE_MAX: SignedDuration = SignedDuration::from_secs(60);
/// What was missed longer ago is not caught up.
pub const CATCH_UP_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Slots that one look takes; there is another look at once.
pub const SLOTS_MAX: usize = 100;

/// A moment for which a schedule has a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub at: Timestamp,
    /// Slots before it that were missed, and for which it stands. Those beyond the window are not counted.
    pub missed: u32,
}

/// What a look at a schedule comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// In their order; at most [`SLOTS_MAX`].
    pub slots: Vec<Slot>,
    /// Where the next look begins: a slot that is not in `slots`, due already if there were too many. `None`: there is none.
    pub next: Option<Timestamp>,
}

/// The slots from `from` (which is one) to `now`, as far as the policy wants them.
#[must_use]
pub fn due(cron: &Cron, catch_up: CatchUp, from: Timestamp, now: Timestamp) -> Due {
    let in_window = now.saturating_sub(CATCH_UP_WINDOW).unwrap_or(Timestamp::MIN);
    let in_time = now.saturating_sub(LATE_MAX).unwrap_or(Timestamp::MIN);
    let mut next = if from < in_window { first_from(cron, in_window) } else { Some(from) };
    let mut slots: Vec<Slot> = Vec::new();
    let (mut missed, mut last_missed) = (0, None);
    while let Some(at) = next.filter(|at| *at <= now && slots.len() < SLOTS_MAX) {
        next = cron.next_after(at);
        if at >= in_time || catch_up == CatchUp::All {
            // A slot in time stands for those that were missed before it.
            let stands_for = if catch_up == CatchUp::Once { std::mem::take(&mut missed) } else { 0 };
            slots.push(Slot { at, missed: stands_for });
            last_missed = None;
        } else if catch_up == CatchUp::Once {
            missed += 1;
            last_missed = Some(at);
        }
    }
    if let Some(at) = last_missed {
        slots.push(Slot { at, missed: missed - 1 });
    }
    Due { slots, next }
}

fn first_from(cron: &Cron, from: Timestamp) -> Option<Timestamp> {
    cron.next_after(from.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(from))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn look(expression: &str, catch_up: CatchUp, from: &str, now: &str) -> (Vec<(String, u32)>, Option<String>) {
        let (from, now): (Timestamp, Timestamp) = (from.parse().unwrap(), now.parse().unwrap());
        let Due { slots, next } = due(&Cron::parse(expression, "UTC", from).unwrap(), catch_up, from, now);
        let clock = |at: Timestamp| at.to_string()[11..19].to_owned();
        (slots.into_iter().map(|slot| (clock(slot.at), slot.missed)).collect(), next.map(clock))
    }

    fn slot(at: &str, missed: u32) -> (String, u32) {
        (at.to_owned(), missed)
    }

    #[test]
    fn in_time_all_policies_are_one() {
        for catch_up in [CatchUp::Skip, CatchUp::Once, CatchUp::All] {
            let seen = look("* * * * *", catch_up, "2026-11-26T10:00:00Z", "2026-11-26T10:00:03Z");
            assert_eq!(seen, (vec![slot("10:00:00", 0)], Some("10:01:00".into())));
            let seen = look("* * * * *", catch_up, "2026-11-26T10:00:00Z", "2026-11-26T09:59:59Z");
            assert_eq!(seen, (vec![], Some("10:00:00".into())));
        }
    }

    #[test]
    fn s_9_5_what_was_missed_is_skipped_or_run_once_or_run() {
        let after_a_pause = |catch_up| look("*/5 * * * *", catch_up, "2026-11-26T10:00:00Z", "2026-11-26T10:12:00Z");
        assert_eq!(after_a_pause(CatchUp::Skip), (vec![], Some("10:15:00".into())));
        assert_eq!(after_a_pause(CatchUp::Once), (vec![slot("10:10:00", 2)], Some("10:15:00".into())));
        let all = vec![slot("10:00:00", 0), slot("10:05:00", 0), slot("10:10:00", 0)];
        assert_eq!(after_a_pause(CatchUp::All), (all, Some("10:15:00".into())));
        // One that is in time stands for those before.
        let seen = look("*/5 * * * *", CatchUp::Once, "2026-11-26T10:00:00Z", "2026-11-26T10:10:30Z");
        assert_eq!(seen.0, [slot("10:10:00", 2)]);
    }

    #[test]
    fn s_9_5_what_was_missed_long_ago_is_gone() {
        for catch_up in [CatchUp::Once, CatchUp::All] {
            assert_eq!(look("0 3 * * *", catch_up, "2026-11-26T03:00:00Z", "2026-11-26T04:00:01Z"), (vec![], Some("03:00:00".into())));
            assert_eq!(look("0 3 * * *", catch_up, "2026-11-26T03:00:00Z", "2026-11-26T04:00:00Z").0, [slot("03:00:00", 0)]);
        }
        // A year of minutes is not walked through.
        let (slots, next) = look("* * * * *", CatchUp::All, "2025-11-26T03:00:00Z", "2026-11-26T03:00:00Z");
        assert_eq!((slots.len(), next.as_deref()), (61, Some("03:01:00")));
    }

    #[test]
    fn a_look_takes_no_more_than_it_may() {
        let (slots, next) = look("* * * * * *", CatchUp::All, "2026-11-26T10:00:00Z", "2026-11-26T10:10:00Z");
        assert_eq!((slots.len(), next.as_deref()), (SLOTS_MAX, Some("10:01:40")));
    }
}
