//! How often somebody may guess a password (S-8.3): per account exponentially, per network at a steady rate.
//!
//! Counters live in memory: a restart forgets them, which costs an attacker's log line more than it gives him. An attempt is
//! counted before its password is checked, so that guesses sent at once count too.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Failures of one account before it has to wait.
const FREE_FAILURES: u32 = 5;
/// Longest wait of an account, in milliseconds.
const WAIT_MS_MAX: i64 = 15 * 60 * 1000;
/// One attempt per network each so many milliseconds in the long run ...
const NETWORK_INTERVAL_MS: i64 = 2_000;
/// ... and so many of them at once.
const NETWORK_BURST: i64 = 30;
/// Entries kept per table; the stalest goes when one more is needed.
const ENTRIES_MAX: usize = 10_000;

/// Refused: come back in so many seconds (`Retry-After`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub seconds: i64,
}

/// The counters. One per process.
#[derive(Debug, Default)]
pub struct Throttle {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    /// A network from which the account's owner has logged in before counts apart: strangers cannot lock him out.
    accounts: HashMap<(String, Option<Network>), Failures>,
    networks: HashMap<Network, i64>,
    known: HashMap<(String, Network), i64>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last_ms: i64,
}

/// The first 24 bits of an IPv4 address, 64 of an IPv6 one: what one customer usually holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network(IpAddr);

impl Network {
    fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        })
    }
}

impl Throttle {
    /// Counts one attempt, or refuses it. After a right password [`Throttle::succeeded`] takes the count back.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn attempt(&self, account: &str, from: IpAddr, now: Timestamp) -> Result<(), Wait> {
        let (now_ms, network) = (now.as_millisecond(), Network::of(from));
        let mut guard = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = &mut *guard;

        let due_ms = tables.networks.get(&network).copied().unwrap_or(0).max(now_ms);
        let ahead_ms = due_ms - now_ms - (NETWORK_BURST - 1) * NETWORK_INTERVAL_MS;
        if ahead_ms > 0 {
            return Err(wait(ahead_ms));
        }
        let known = tables.known.contains_key(&(account.to_owned(), network));
        let key = (account.to_owned(), known.then_some(network));
        if let Some(failures) = tables.accounts.get(&key) {
            let until_ms = failures.last_ms + delay_ms(failures.count);
            if until_ms > now_ms {
                return Err(wait(until_ms - now_ms));
            }
        }
        make_room(&mut tables.networks, |due| *due);
        tables.networks.insert(network, due_ms + NETWORK_INTERVAL_MS);
        make_room(&mut tables.accounts, |failures| failures.last_ms);
        let failures = tables.accounts.entry(key).or_insert(Failures { count: 0, last_ms: now_ms });
        failures.count = failures.count.saturating_add(1);
        failures.last_ms = now_ms;
        Ok(())
    }

    /// The password was right: forgets the failures that this network could have caused, and remembers the network.
    pub fn succeeded(&self, account: &str, from: IpAddr, now: Timestamp) {
        let network = Network::of(from);
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.accounts.remove(&(account.to_owned(), None));
        tables.accounts.remove(&(account.to_owned(), Some(network)));
        // Nor does it count against the network: an office behind one address logs in every morning.
        if let Some(due_ms) = tables.networks.get_mut(&network) {
            *due_ms -= NETWORK_INTERVAL_MS;
        }
        make_room(&mut tables.known, |seen| *seen);
        tables.known.insert((account.to_owned(), network), now.as_millisecond());
    }
}

/// 0 up to the free failures, then 1 s, doubling.
fn delay_ms(failures: u32) -> i64 {
    match failures.checked_sub(FREE_FAILURES) {
        None => 0,
        Some(doublings) => 1000_i64.checked_shl(doublings.min(20)).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX),
    }
}

fn wait(ms: i64) -> Wait {
    Wait { seconds: (ms + 999) / 1000 }
}

fn make_room<K: Clone + Eq + std::hash::Hash, V>(table: &mut HashMap<K, V>, age: impl Fn(&V) -> i64) {
    if table.len() >= ENTRIES_MAX
        && let Some(stalest) = table.iter().min_by_key(|(_, value)| age(value)).map(|(key, _)| key.clone())
    {
        table.remove(&stalest);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn address(host: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + (host << 8)).into()
    }

    #[test]
    fn s_8_3_ten_thousand_guesses_in_an_hour_are_at_most_sixty_verifications() {
        let throttle = Throttle::default();
        let mut verified = 0;
        for guess in 0..10_000_u32 {
            let now = at(i64::from(guess) * 3600 / 10_000);
            verified += u32::from(throttle.attempt("ada", address(guess % 100), now).is_ok());
        }
        assert!((5..=60).contains(&verified), "{verified}");
    }

    #[test]
    fn s_8_3_waits_double_and_a_success_ends_them() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            throttle.attempt("ada", address(1), at(0)).unwrap();
        }
        assert_eq!(throttle.attempt("ada", address(2), at(0)), Err(Wait { seconds: 1 }));
        throttle.attempt("ada", address(2), at(1)).unwrap();
        assert_eq!(throttle.attempt("ada", address(2), at(1)), Err(Wait { seconds: 2 }));
        throttle.succeeded("ada", address(2), at(3));
        throttle.attempt("ada", address(1), at(3)).unwrap();
    }

    #[test]
    fn s_8_3_strangers_do_not_lock_out_a_known_network() {
        let throttle = Throttle::default();
        throttle.attempt("ada", address(7), at(0)).unwrap();
        throttle.succeeded("ada", address(7), at(0));
        while throttle.attempt("ada", address(9), at(1)).is_ok() {}
        throttle.attempt("ada", address(7), at(1)).unwrap();
    }

    #[test]
    fn s_8_3_one_network_is_limited_over_all_accounts() {
        let throttle = Throttle::default();
        let admitted = (0..100).filter(|guess| throttle.attempt(&format!("user{guess}"), address(1), at(0)).is_ok()).count();
        assert_eq!(admitted, 30);
        throttle.attempt("user", address(2), at(0)).unwrap();
        throttle.attempt("user", address(1), at(2)).unwrap();
    }

    #[test]
    fn s_8_3_right_passwords_are_not_counted() {
        let throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.attempt("ada", address(1), at(0)).unwrap();
            throttle.succeeded("ada", address(1), at(0));
        }
    }

    #[test]
    fn s_8_3_tables_are_bounded() {
        let throttle = Throttle::default();
        for guess in 0..12_000_u32 {
            let _ = throttle.attempt(&format!("user{guess}"), address(guess), at(i64::from(guess)));
        }
        let tables = throttle.tables.lock().unwrap();
        assert!(tables.accounts.len() <= ENTRIES_MAX && tables.networks.len() <= ENTRIES_MAX);
    }
}
