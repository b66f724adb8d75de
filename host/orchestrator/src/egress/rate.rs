//! How often an app may call out (S-5.5). One number, since a burst is a time that is paid back (GCRA).

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::limits::{APP_BURST, APP_RATE};

/// The rate of one app on one node. Outlives its deployments.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// When all that was taken is paid back.
    paid_back: Mutex<Option<Instant>>,
}

impl Rate {
    /// Whether one more may be made now. If so, it counts.
    pub(super) fn take(&self, now: Instant) -> bool {
        let price = Duration::from_secs(1) / APP_RATE;
        let mut paid_back = self.paid_back.lock().unwrap_or_else(PoisonError::into_inner);
        let then = paid_back.unwrap_or(now).max(now) + price;
        let may = then - now <= price * APP_BURST;
        if may {
            *paid_back = Some(then);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_5_5_a_burst_and_then_the_rate() {
        let (rate, start) = (Rate::default(), Instant::now());
        let taken = |now: Instant| (0..1000).filter(|_| rate.take(now)).count();
        assert_eq!(taken(start), 100);
        assert_eq!(taken(start + Duration::from_secs(1)), 50);
        assert_eq!(taken(start + Duration::from_secs(3600)), 100);
    }
}
