//! How often somebody may guess a password (S-8.3): per account exponentially, per network at a steady rate, and over all networks at one that a
//! botnet can't exceed. The last does not count whoever comes from a network that the account knows, so that no flood locks people out.
//!
//! The counters of accounts are in the database (`store::Control::count_log_in`); here is what they mean. The others live
//! in memory: they refuse a flood without a query, and a restart forgets them, which gives an attacker a minute's attempts. An attempt is
//! counted before its password is checked, so that guesses sent at once count too.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use store::LogInFailures;

/// Failures of one account before it has to wait.
const FREE_FAILURES: u32 = 5;
/// Longest wait of an account, in milliseconds.
const WAIT_MS_MAX: i64 = 15 * 60 * 1000;
/// One attempt per network each so many milliseconds in the long run ...
const NETWORK_INTERVAL_MS: i64 = 2_000;
/// ... and so many of them at once.
const NETWORK_BURST: i64 = 30;
/// One attempt of all strangers together each so many milliseconds in the long run ...
const STRANGERS_INTERVAL_MS: i64 = 1_000;
/// ... and so many of them at once: a company in which everybody comes from somewhere new.
const STRANGERS_BURST: i64 = 60;
/// Networks kept; the stalest goes when one more is needed.
const NETWORKS_MAX: usize = 10_000;

/// Refused: come back in so many seconds (`Retry-After`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub seconds: i64,
}

/// The counters of networks, each and all together. One per process.
#[derive(Debug, Default)]
pub struct Throttle {
    /// When the next attempt is due, in milliseconds.
    networks: Mutex<HashMap<Network, i64>>,
    /// The same of all whose network their account does not know.
    strangers: Mutex<i64>,
}

/// The first 24 bits of an IPv4 address, 64 of an IPv6 one: what one customer usually holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Throttle {
    /// Counts one attempt from a network, or refuses it.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn attempt(&self, network: Network, now: Timestamp) -> Result<(), Wait> {
        let now_ms = now.as_millisecond();
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let next_ms = next(networks.get(&network).copied().unwrap_or(0), now_ms, NETWORK_INTERVAL_MS, NETWORK_BURST)?;
        if networks.len() >= NETWORKS_MAX
            && let Some(stalest) = networks.iter().min_by_key(|(_, due)| **due).map(|(network, _)| *network)
        {
            networks.remove(&stalest);
        }
        networks.insert(network, next_ms);
        Ok(())
    }

    /// Counts one attempt from a network that the account does not know, or refuses it.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn stranger(&self, now: Timestamp) -> Result<(), Wait> {
        let mut due_ms = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        *due_ms = next(*due_ms, now.as_millisecond(), STRANGERS_INTERVAL_MS, STRANGERS_BURST)?;
        Ok(())
    }

    /// The password of a stranger was right, which does not count.
    pub fn stranger_succeeded(&self) {
        *self.strangers.lock().unwrap_or_else(PoisonError::into_inner) -= STRANGERS_INTERVAL_MS;
    }

    /// The password was right, which does not count: an office behind one address logs in every morning.
    pub fn succeeded(&self, network: Network) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(due_ms) = networks.get_mut(&network) {
            *due_ms -= NETWORK_INTERVAL_MS;
        }
    }
}

/// When the next attempt is due after one now, if it is not too far ahead of what is due.
fn next(due_ms: i64, now_ms: i64, interval_ms: i64, burst: i64) -> Result<i64, Wait> {
    let due_ms = due_ms.max(now_ms);
    let ahead_ms = due_ms - now_ms - (burst - 1) * interval_ms;
    if ahead_ms > 0 { Err(wait(ahead_ms)) } else { Ok(due_ms + interval_ms) }
}

/// Whether an account with these failures may be tried: after the free ones it has to wait 1 s, doubling.
///
/// # Errors
/// [`Wait`].
pub fn admit(failures: LogInFailures, now: Timestamp) -> Result<(), Wait> {
    let delay_ms = match failures.count.checked_sub(FREE_FAILURES) {
        None => return Ok(()),
        Some(doublings) => 1000_i64.checked_shl(doublings.min(20)).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX),
    };
    let left_ms = failures.last_at.as_millisecond() + delay_ms - now.as_millisecond();
    if left_ms > 0 { Err(wait(left_ms)) } else { Ok(()) }
}

fn wait(ms: i64) -> Wait {
    Wait { seconds: (ms + 999) / 1000 }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn network(host: u32) -> Network {
        Network::of(Ipv4Addr::from_bits(0x0a00_0007 + (host << 8)).into())
    }

    #[test]
    fn s_8_3_ten_thousand_guesses_in_an_hour_are_at_most_sixty_verifications() {
        let throttle = Throttle::default();
        let mut failures = LogInFailures { count: 0, last_at: at(0), known: false };
        for guess in 0..10_000_u32 {
            let now = at(i64::from(guess) * 3600 / 10_000);
            if throttle.attempt(network(guess % 100), now).is_ok() && admit(failures, now).is_ok() {
                failures = LogInFailures { count: failures.count + 1, last_at: now, ..failures };
            }
        }
        assert!((5..=60).contains(&failures.count), "{}", failures.count);
    }

    #[test]
    fn s_8_3_ten_thousand_guesses_over_all_accounts_and_networks_are_at_most_one_a_second() {
        let throttle = Throttle::default();
        let mut accounts = HashMap::new();
        let mut verified = 0;
        for guess in 0..10_000_u32 {
            let now = at(i64::from(guess) * 3600 / 10_000);
            // Each from another network, at one of a thousand names.
            let failures = accounts.entry(guess % 1000).or_insert_with(|| LogInFailures { count: 0, last_at: at(0), known: false });
            let admitted = throttle.attempt(network(guess), now).is_ok() && admit(*failures, now).is_ok() && throttle.stranger(now).is_ok();
            if admitted {
                *failures = LogInFailures { count: failures.count + 1, last_at: now, ..*failures };
                verified += 1;
            }
        }
        assert!((3_000..=3_660).contains(&verified), "{verified}");
        // Whoever's network his account knows is not asked for.
        assert!(throttle.stranger(at(3_599)).is_err());
        throttle.attempt(network(20_000), at(3_600)).unwrap();
    }

    #[test]
    fn s_8_3_waits_double_up_to_a_quarter_of_an_hour() {
        let waits = |count| admit(LogInFailures { count, last_at: at(0), known: false }, at(0)).err().map(|wait| wait.seconds);
        assert_eq!([0, 4, 5, 6, 7, 14, 15, 1001].map(waits), [None, None, Some(1), Some(2), Some(4), Some(512), Some(900), Some(900)]);
        admit(LogInFailures { count: 5, last_at: at(0), known: false }, at(1)).unwrap();
    }

    #[test]
    fn s_8_3_one_network_is_limited_over_all_accounts() {
        let throttle = Throttle::default();
        let admitted = (0..100).filter(|_| throttle.attempt(network(1), at(0)).is_ok()).count();
        assert_eq!(admitted, 30);
        throttle.attempt(network(2), at(0)).unwrap();
        throttle.attempt(network(1), at(2)).unwrap();
    }

    #[test]
    fn s_8_3_right_passwords_are_not_counted() {
        let throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.attempt(network(1), at(0)).unwrap();
            throttle.succeeded(network(1));
        }
    }

    #[test]
    fn s_8_3_the_table_is_bounded() {
        let throttle = Throttle::default();
        for guess in 0..12_000_u32 {
            let _ = throttle.attempt(network(guess), at(i64::from(guess)));
        }
        assert!(throttle.networks.lock().unwrap().len() <= NETWORKS_MAX);
    }

    #[test]
    fn a_network_is_what_one_customer_holds() {
        let text = |address: &str| Network::of(address.parse().unwrap()).to_string();
        assert_eq!(text("192.0.2.77"), "192.0.2.0");
        assert_eq!(text("::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(text("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
