//! Which side of a split a visitor gets, and when the other side has failed too often.
//!
//! The side follows from what the visitor is known by and nothing else, so that it is the same on every node and at every visit. With a
//! larger share more visitors get the other side and none comes back.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{HeaderMap, header};
use store::{AppId, Digest, SplitTerms, Sticky};
use uuid::Uuid;

use crate::table::Version;

/// Nothing is judged by fewer executions.
const SAMPLE_MIN: usize = 20;

/// A share of the visitors for another deployment.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) version: Version,
    pub(crate) watch: Arc<Watch>,
    app: AppId,
    percent: u8,
    sticky: Sticky,
}

/// Counts how the other side does. The same for as long as the split runs, whatever else changes about the app.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) id: Uuid,
    stop_above: Option<u8>,
    window: usize,
    recent: Mutex<Recent>,
    is_stopped: AtomicBool,
}

/// The last executions of the other side on this node.
#[derive(Debug, Default)]
struct Recent {
    failed: VecDeque<bool>,
    failures: usize,
}

/// A split that has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) app: AppId,
    pub(crate) id: Uuid,
    pub(crate) because: String,
}

impl Split {
    pub(crate) fn new(app: AppId, terms: SplitTerms, version: Version, watch: Arc<Watch>) -> Self {
        let SplitTerms { percent, sticky, .. } = terms;
        Self { version, watch, app, percent, sticky }
    }

    /// Whether this visitor gets the other side.
    pub(crate) fn takes(&self, headers: &HeaderMap, client: IpAddr) -> bool {
        let held = match &self.sticky {
            Sticky::ClientIp => None,
            Sticky::Header(name) => headers.get(name.as_str()).map(|value| value.as_bytes()),
            Sticky::Cookie(name) => cookie(headers, name),
        };
        let place = match held {
            Some(text) => self.place(b'k', text),
            None => match client.to_canonical() {
                IpAddr::V4(address) => self.place(b'4', &address.octets()),
                // One household has a whole /64, and its devices change within it.
                IpAddr::V6(address) => self.place(b'6', &address.octets()[..8]),
            },
        };
        place < u64::from(self.percent)
    }

    /// 0 to 99, evenly spread. The deployment is part of it, so that it is not always the same visitors who try what is new.
    fn place(&self, kind: u8, text: &[u8]) -> u64 {
        let app = self.app.uuid();
        let salt: [&[u8]; 4] = [app.as_bytes(), &self.version.deployment.to_be_bytes(), &[kind], text];
        let digest = Digest::of(&salt.concat());
        digest.as_bytes()[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) % 100
    }

    /// Notes how an execution of the other side ended; the split, if it has to end because of it. Says so once.
    pub(crate) fn note(&self, has_failed: bool) -> Option<Stop> {
        let (failures, requests) = self.watch.note(has_failed)?;
        let because = format!(
            "{failures} of the last {requests} executions of deployment {} failed on one node: more than {} percent.",
            self.version.deployment,
            self.watch.stop_above.unwrap_or_default()
        );
        Some(Stop { app: self.app, id: self.watch.id, because })
    }
}

impl Watch {
    pub(crate) fn new(id: Uuid, terms: &SplitTerms) -> Self {
        Self {
            id,
            stop_above: terms.stop_above,
            window: usize::from(terms.window_requests),
            recent: Mutex::default(),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// From here on all visitors get the active side; the database hears of it later.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Failures and executions, when there are too many for the first time.
    fn note(&self, has_failed: bool) -> Option<(usize, usize)> {
        let stop_above = usize::from(self.stop_above?);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.failed.push_back(has_failed);
        recent.failures += usize::from(has_failed);
        if recent.failed.len() > self.window && recent.failed.pop_front() == Some(true) {
            recent.failures -= 1;
        }
        let (failures, requests) = (recent.failures, recent.failed.len());
        let is_too_much = requests >= SAMPLE_MIN && failures * 100 > stop_above * requests;
        (is_too_much && !self.is_stopped.swap(true, Ordering::Relaxed)).then_some((failures, requests))
    }
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(other, _)| *other == name).map(|(_, value)| value.as_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::net::{Ipv4Addr, Ipv6Addr};

    use http::HeaderValue;

    use super::*;

    fn split(percent: u8, sticky: &str, stop_above: Option<u8>, window_requests: u16) -> Split {
        let terms = SplitTerms { percent, sticky: sticky.parse().unwrap(), stop_above, window_requests };
        let watch = Arc::new(Watch::new(Uuid::nil(), &terms));
        Split::new(AppId::from(Uuid::nil()), terms, Version { deployment: 7, ..Version::default() }, watch)
    }

    fn clients() -> impl Iterator<Item = IpAddr> {
        (0..20_000_u32).map(|number| IpAddr::V4(Ipv4Addr::from_bits(number)))
    }

    #[test]
    fn a_larger_share_moves_visitors_one_way() {
        let headers = HeaderMap::new();
        let mut before: Vec<bool> = clients().map(|_| false).collect();
        for percent in 1..=99 {
            let split = split(percent, "client_ip", None, 100);
            let now: Vec<bool> = clients().map(|client| split.takes(&headers, client)).collect();
            assert!(before.iter().zip(&now).all(|(before, now)| !before || *now), "{percent}");
            let share = now.iter().filter(|takes| **takes).count() as f64 / now.len() as f64 * 100.0;
            assert!((share - f64::from(percent)).abs() < 1.5, "{percent}: {share}");
            before = now;
        }
    }

    #[test]
    fn a_visitor_stays_on_his_side() {
        let share = |sticky: &str, field: (&'static str, &str), client: IpAddr| {
            let mut headers = HeaderMap::new();
            headers.insert(field.0, HeaderValue::from_str(field.1).unwrap());
            split(50, sticky, None, 100).takes(&headers, client)
        };
        let [one, other] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::BROADCAST)];
        let mut sides = std::collections::HashSet::new();
        for number in 0..50 {
            let side = share("header:X-User", ("x-user", &number.to_string()), one);
            assert_eq!(side, share("header:x-user", ("x-user", &number.to_string()), other), "whatever his address");
            let cookie = format!("a=1; user={number}");
            assert_eq!(share("cookie:user", ("cookie", &cookie), one), side, "the same key is the same side");
            sides.insert(side);
        }
        assert_eq!(sides.len(), 2);
        let without = clients().filter(|client| share("cookie:user", ("cookie", "users=1"), *client)).count();
        assert_eq!(without, clients().filter(|client| share("client_ip", ("x", "1"), *client)).count());
        let mapped = |client: Ipv4Addr| IpAddr::V6(client.to_ipv6_mapped());
        for client in (0..100).map(Ipv4Addr::from_bits) {
            assert_eq!(share("client_ip", ("x", "1"), mapped(client)), share("client_ip", ("x", "1"), client.into()));
        }
        let home = |device: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 7, 7, 0, 0, 0, device));
        assert!((0..50).all(|device| share("client_ip", ("x", "1"), home(device)) == share("client_ip", ("x", "1"), home(99))));
    }

    #[test]
    fn too_many_failures_stop_it_once() {
        let watched = split(50, "client_ip", Some(10), 50);
        assert!((0..SAMPLE_MIN - 1).all(|_| watched.note(true).is_none()), "too few to judge");
        let stop = watched.note(true).unwrap();
        assert!(stop.because.contains("20 of the last 20 executions of deployment 7 failed"), "{stop:?}");
        assert!(watched.watch.is_stopped() && watched.note(true).is_none());

        let watched = split(50, "client_ip", Some(10), 50);
        assert!((0..1_000).all(|number| watched.note(number % 10 == 9).is_none()), "exactly 10 percent are not too many");
        assert!((0..46).all(|_| watched.note(false).is_none()));
        let mut failures = 0;
        let stop = loop {
            failures += 1;
            if let Some(stop) = watched.note(true) {
                break stop;
            }
        };
        assert!((5..=6).contains(&failures), "{failures}: old ones are forgotten");
        assert!(stop.because.contains("6 of the last 50"), "{stop:?}");
        let careless = split(50, "client_ip", None, 50);
        assert!((0..1_000).all(|_| careless.note(true).is_none()));
    }
}
