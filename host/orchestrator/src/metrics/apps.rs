//! Executions and fuel by app: the first so many apps that run something have counters of their own, for as long as the process lives; all others
//! have one set together. So the number of series is bounded whatever people do, and no series ever falls.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use store::AppId;

/// Apps that have counters of their own; what others do is counted together.
pub const APPS_MAX: usize = 200;

/// Every outcome of an execution, in the order of the alphabet.
pub const OUTCOMES: [&str; 12] = [
    super::CANCELLED,
    "conflict",
    "deadline",
    "error",
    "fuel",
    "host_calls",
    "internal",
    "invalid_response",
    "memory",
    "ok",
    "quota",
    "state_unavailable",
];

/// Which counters an app has. A part of its gate, so that finding them takes no look-up.
#[derive(Debug, Default)]
pub(crate) struct AppSlot(OnceLock<usize>);

/// The counters of one app, or of all that have none of their own.
#[derive(Debug, Default)]
struct Counters {
    app: OnceLock<AppId>,
    outcomes: [AtomicU64; OUTCOMES.len()],
    fuel: AtomicU64,
}

/// All counters of apps; the last ones are those of the others.
#[derive(Debug)]
pub(crate) struct Apps {
    counters: Box<[Counters]>,
    taken: AtomicUsize,
}

/// What one app has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppFigures {
    /// `None`: all apps without counters of their own.
    pub app: Option<AppId>,
    /// Executions by outcome, those that there were.
    pub executions: Vec<(&'static str, u64)>,
    /// Units of fuel, of the last attempts.
    pub fuel: u64,
}

impl Default for Apps {
    fn default() -> Self {
        Self { counters: (0..=APPS_MAX).map(|_| Counters::default()).collect(), taken: AtomicUsize::new(0) }
    }
}

impl Apps {
    pub(crate) fn count(&self, slot: &AppSlot, app: AppId, outcome: &str, fuel: u64) {
        let counters = &self.counters[*slot.0.get_or_init(|| self.take(app))];
        counters.fuel.fetch_add(fuel, Ordering::Relaxed);
        // Every outcome is in the list: the test below asks all of them.
        if let Ok(place) = OUTCOMES.binary_search(&outcome) {
            counters.outcomes[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The next counters that are free, or those of the others. An app that is deleted keeps its own: they are part of what has happened.
    fn take(&self, app: AppId) -> usize {
        let place = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| (taken < APPS_MAX).then_some(taken + 1));
        let Ok(place) = place else { return APPS_MAX };
        // Nobody else has this place.
        let _ = self.counters[place].app.set(app);
        place
    }

    pub(crate) fn figures(&self) -> Vec<AppFigures> {
        let taken = self.taken.load(Ordering::Relaxed);
        let (own, others) = self.counters.split_at(APPS_MAX);
        let others = others.iter().filter(|counters| counters.outcomes.iter().any(|count| count.load(Ordering::Relaxed) > 0));
        own[..taken].iter().filter(|counters| counters.app.get().is_some()).chain(others).map(Counters::figures).collect()
    }
}

impl Counters {
    fn figures(&self) -> AppFigures {
        let counts = OUTCOMES.iter().zip(&self.outcomes).map(|(outcome, count)| (*outcome, count.load(Ordering::Relaxed)));
        AppFigures {
            app: self.app.get().copied(),
            executions: counts.filter(|(_, count)| *count > 0).collect(),
            fuel: self.fuel.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
use execution::FailureKind;

/// Makes the compiler ask for a line in [`OUTCOMES`] when a kind of failure is added: the test compares.
#[cfg(test)]
fn after(kind: FailureKind) -> Option<FailureKind> {
    use FailureKind::*;
    Some(match kind {
        Error => InvalidResponse,
        InvalidResponse => Deadline,
        Deadline => Fuel,
        Fuel => Memory,
        Memory => HostCalls,
        HostCalls => Conflict,
        Conflict => StateUnavailable,
        StateUnavailable => Quota,
        Quota => Internal,
        Internal => return None,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn app(number: u128) -> AppId {
        AppId::from(Uuid::from_u128(number))
    }

    #[test]
    fn every_outcome_is_counted() {
        let kinds: Vec<_> = std::iter::successors(Some(FailureKind::Error), |kind| after(*kind)).map(FailureKind::as_str).collect();
        assert!(OUTCOMES.is_sorted() && kinds.len() + 2 == OUTCOMES.len());
        let (apps, slot) = (Apps::default(), AppSlot::default());
        kinds.into_iter().chain(["ok", "cancelled"]).for_each(|outcome| apps.count(&slot, app(1), outcome, 10));
        let expected = AppFigures { app: Some(app(1)), executions: OUTCOMES.map(|outcome| (outcome, 1)).into(), fuel: 120 };
        assert_eq!(apps.figures(), [expected]);
    }

    #[test]
    fn s_9_9_so_many_apps_are_told_apart_and_no_more() {
        let apps = Apps::default();
        let slots: Vec<AppSlot> = (0..APPS_MAX + 50).map(|_| AppSlot::default()).collect();
        for _ in 0..2 {
            for (slot, number) in slots.iter().zip(1..) {
                apps.count(slot, app(number), "ok", 1);
            }
        }
        let figures = apps.figures();
        assert_eq!(figures.len(), APPS_MAX + 1);
        assert!(figures[..APPS_MAX].iter().zip(1..).all(|(figures, number)| figures.app == Some(app(number)) && figures.fuel == 2));
        assert_eq!(figures[APPS_MAX], AppFigures { app: None, executions: vec![("ok", 100)], fuel: 100 });
    }
}
