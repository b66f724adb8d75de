//! How often executions of one app are recorded at this node, whatever their number: a recording costs the writing of all that an execution was told.

use crate::rate::{Cell, Rate, take_now};

/// Of executions that succeed, beside the chance: 864,000 a day, of which a gate looks at the newest hundred of each script. An app of 1,000 requests a
/// second has as many by the usual chance.
const SUCCESSES_PER_SECOND: u64 = 10;
/// Of those that fail, which have no chance to escape: when all of a busy app fail, they are much the same, and the database has other things to do.
const FAILURES_PER_SECOND: u64 = 100;

/// The schedules of an app's recordings. Outlives its deployments.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    successes: Cell,
    failures: Cell,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    Failure,
}

impl Pace {
    /// Whether one more is recorded. A second's worth may come at once.
    pub(crate) fn take(&self, end: End, clock_ns: impl Fn() -> u64) -> bool {
        let (cell, per_second) = match end {
            End::Success => (&self.successes, SUCCESSES_PER_SECOND),
            End::Failure => (&self.failures, FAILURES_PER_SECOND),
        };
        take_now(clock_ns, |now_ns| cell.take(Rate::new(per_second, per_second), now_ns)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successes_are_recorded_at_a_slow_pace_and_failures_at_one_of_their_own() {
        let pace = Pace::default();
        let recorded = |end, seconds: std::ops::Range<u64>| {
            // A thousand a second.
            let times = (seconds.start * 1_000..seconds.end * 1_000).map(|ms| ms * 1_000_000);
            times.filter(|now_ns| pace.take(end, || *now_ns)).count()
        };
        // What may come at once, and ten for each second.
        assert!((109..=110).contains(&recorded(End::Success, 0..10)));
        assert!((1_099..=1_100).contains(&recorded(End::Failure, 0..10)));
        assert_eq!(recorded(End::Success, 10..11), 10);
        // After an hour no more than a second's worth has gathered.
        assert!((19..=20).contains(&recorded(End::Success, 3_600..3_601)));
    }
}
