//! How often (S-3.1): the generic cell rate algorithm, over each app and over each client of an app.
//!
//! A cell is one number, the time at which the next request would be exactly on schedule. A request may come early by as much as the burst
//! allows; what comes earlier is refused and takes nothing. Taking from a cell is one atomic exchange: no lock, no table that grows.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use store::AppId;

use crate::peer::Holder;

/// So many a second in the long run, so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    interval_ns: u64,
    /// How far ahead of the schedule a request may be.
    early_ns: u64,
}

/// One schedule. Times are nanoseconds since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    next_ns: AtomicU64,
}

/// The schedules of all clients of all apps, in a table of fixed size: whoever has many addresses can't fill it. Two places belong to each
/// client; he is refused only if both say so, so that one who floods refuses nobody else unless he happens to share both places.
#[derive(Debug)]
pub(crate) struct Clients {
    cells: Box<[Cell]>,
    /// Random in each process: nobody can look for addresses that share places with another's.
    places: RandomState,
}

/// Cells of [`Clients`]: half a megabyte. A power of two.
const CELLS: usize = 1 << 16;
const SECOND_NS: u64 = 1_000_000_000;

impl Rate {
    pub(crate) fn new(per_second: u64, burst: u64) -> Self {
        let interval_ns = SECOND_NS / per_second.clamp(1, SECOND_NS);
        Self { interval_ns, early_ns: interval_ns.saturating_mul(burst.saturating_sub(1)) }
    }
}

impl Cell {
    /// Takes one request's place in the schedule.
    ///
    /// # Errors
    /// The nanoseconds after which there is one again.
    pub(crate) fn take(&self, rate: Rate, now_ns: u64) -> Result<(), u64> {
        let latest_ns = now_ns.saturating_add(rate.early_ns);
        let mut wait_ns = 0;
        let taken = self.next_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next_ns| {
            // More than the burst is ahead only if the rate was another one: what that one left is no more than a burst of this one.
            let next_ns = next_ns.min(latest_ns.saturating_add(rate.interval_ns));
            wait_ns = next_ns.saturating_sub(latest_ns);
            Some(if wait_ns == 0 { next_ns.max(now_ns).saturating_add(rate.interval_ns) } else { next_ns })
        });
        match (taken, wait_ns) {
            (Ok(_), 0) => Ok(()),
            _ => Err(wait_ns),
        }
    }
}

/// Takes now, and if that is refused, once more: a thread that lost the processor between clock and cell has an old time, and another's newer one
/// in the cell would look like a flood.
///
/// # Errors
/// The nanoseconds after which it is worth another try.
pub(crate) fn take_now(clock_ns: impl Fn() -> u64, take: impl Fn(u64) -> Result<(), u64>) -> Result<(), u64> {
    take(clock_ns()).or_else(|_| take(clock_ns()))
}

impl Default for Clients {
    fn default() -> Self {
        Self { cells: std::iter::repeat_with(Cell::default).take(CELLS).collect(), places: RandomState::new() }
    }
}

impl Clients {
    /// Takes one request's place in the schedule of this client of this app.
    ///
    /// # Errors
    /// The nanoseconds after which there is one again.
    pub(crate) fn take(&self, app: AppId, client: IpAddr, rate: Rate, now_ns: u64) -> Result<(), u64> {
        let (first, second) = self.of(app, client);
        match (first.take(rate, now_ns), second.take(rate, now_ns)) {
            (Err(first), Err(second)) => Err(first.min(second)),
            _ => Ok(()),
        }
    }

    /// The two places of a client, which are never the same.
    fn of(&self, app: AppId, client: IpAddr) -> (&Cell, &Cell) {
        let hash = self.places.hash_one((app, Holder::of(client)));
        let place = |bits: u64| usize::try_from(bits % CELLS as u64).unwrap_or(0);
        let (first, second) = (place(hash), place(hash >> 32));
        (&self.cells[first], &self.cells[if first == second { first ^ 1 } else { second }])
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use uuid::Uuid;

    use super::*;

    fn app(number: u128) -> AppId {
        AppId::from(Uuid::from_u128(number))
    }

    #[test]
    fn s_3_1_a_burst_and_then_the_rate() {
        let (cell, rate) = (Cell::default(), Rate::new(10, 5));
        let at_once = (0..100).filter(|_| cell.take(rate, SECOND_NS).is_ok()).count();
        assert_eq!(at_once, 5);
        assert_eq!(cell.take(rate, SECOND_NS), Err(SECOND_NS / 10));
        // Ten a second over a minute, however often it is tried.
        let tries = (0..60_000).map(|ms| SECOND_NS + ms * 1_000_000);
        let taken = tries.filter(|now_ns| cell.take(rate, *now_ns).is_ok()).count();
        assert_eq!(taken, 599);
        // After a pause the burst is there again, and no more than it.
        assert_eq!((0..100).filter(|_| cell.take(rate, 3600 * SECOND_NS).is_ok()).count(), 5);
    }

    #[test]
    fn s_3_1_other_limits_count_from_the_next_request_on() {
        let cell = Cell::default();
        while cell.take(Rate::new(10, 5), 0).is_ok() {}
        cell.take(Rate::new(10, 50), 0).unwrap();
        assert!(cell.take(Rate::new(10, 1), 0).is_err());
        // What a slow rate has left does not outlast it.
        let cell = Cell::default();
        while cell.take(Rate::new(1, 3600), 0).is_ok() {}
        assert_eq!(cell.take(Rate::new(10, 5), 0), Err(SECOND_NS / 10));
        cell.take(Rate::new(10, 5), SECOND_NS / 10).unwrap();
    }

    #[test]
    fn s_3_1_who_comes_late_with_an_old_time_is_not_refused_for_it() {
        let (cell, rate) = (Cell::default(), Rate::new(1_000_000, 1_000));
        cell.take(rate, SECOND_NS).unwrap();
        let times = std::cell::RefCell::new(vec![SECOND_NS, SECOND_NS / 2]);
        take_now(|| times.borrow_mut().pop().unwrap(), |now_ns| cell.take(rate, now_ns)).unwrap();
        assert!(times.borrow().is_empty(), "the old time alone was refused");
    }

    #[test]
    fn s_3_1_clients_and_apps_count_apart() {
        let (clients, rate) = (Clients::default(), Rate::new(1, 3));
        let taken =
            |number, address: &str| (0..10).filter(|_| clients.take(app(number), address.parse().unwrap(), rate, 0).is_ok()).count();
        assert_eq!(taken(1, "192.0.2.7"), 3);
        assert_eq!(taken(2, "192.0.2.7"), 3);
        assert_eq!(taken(1, "2001:db8::1"), 3);
        // The same holder, under other addresses.
        assert_eq!((taken(1, "2001:db8::ffff"), taken(1, "::ffff:192.0.2.7")), (0, 0));
    }

    #[test]
    fn s_3_1_a_thousand_that_flood_refuse_hardly_anybody_else() {
        let (clients, rate) = (Clients::default(), Rate::new(1, 1));
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        for flooding in 0..1_000 {
            while clients.take(app(1), address(flooding), rate, 0).is_ok() {}
        }
        let refused = (1_000_000..1_010_000).filter(|other| {
            // Each of the others comes once, and only the flood stays in the table.
            let (first, second) = clients.of(app(1), address(*other));
            first.next_ns.load(Ordering::Relaxed) > 0 && second.next_ns.load(Ordering::Relaxed) > 0
        });
        // Two thousand of 65,536 places are taken: one of a thousand has both.
        assert!(refused.count() < 100);
    }
}
