//! How many requests ended before a script ran, by reason. They leave no row: writing one would cost more than refusing did.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Refusal;

/// Every reason, in the words of the problem types.
const REASONS: [&str; 19] = [
    "app.busy",
    "execution.error",
    "execution.loop",
    "host.unknown",
    "internal",
    "method_not_allowed",
    "not_found",
    "preview.link",
    "preview.private",
    "rate.limited",
    "request.headers_too_large",
    "request.host",
    "request.malformed",
    "request.path",
    "request.timeout",
    "request.too_large",
    "request.url_too_long",
    "topic.token",
    "unavailable",
];

/// Counters since the start of the process. Counting takes no lock.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: [AtomicU64; REASONS.len()],
}

impl Refusals {
    pub(crate) fn count(&self, refusal: &Refusal) {
        // Every reason is in the list: the test below asks all of them.
        if let Ok(place) = REASONS.binary_search(&refusal.slug()) {
            self.counts[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reason (the last part of the problem's `type`) and how many requests met it; all reasons, in the order of the alphabet.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        REASONS.iter().zip(&self.counts).map(|(reason, count)| (*reason, count.load(Ordering::Relaxed)))
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{error::Reached, host_name::HostError};

    #[test]
    fn every_refusal_is_counted_under_its_own_name() {
        let reached = Reached { limit: "requests_per_second", value: 1 };
        let refusals = [
            Refusal::Host(HostError::Invalid),
            Refusal::Path,
            Refusal::Body,
            Refusal::NoRoute,
            Refusal::Method { allow: String::new() },
            Refusal::PreviewPrivate,
            Refusal::PreviewLink,
            Refusal::TopicToken,
            Refusal::BodyTimeout,
            Refusal::BodyTooLarge,
            Refusal::UrlTooLong,
            Refusal::UnknownHost,
            Refusal::HeadersTooLarge,
            Refusal::AppBusy(reached),
            Refusal::TooOften { reached, wait: Duration::ZERO },
            Refusal::InstanceBusy,
            Refusal::NotLoaded,
            Refusal::Loop,
            Refusal::NoEntropy,
        ];
        assert!(REASONS.is_sorted() && refusals.len() == REASONS.len());
        let counters = Refusals::default();
        for (times, refusal) in refusals.iter().enumerate() {
            (0..=times).for_each(|_| counters.count(refusal));
            let found = counters.counts().find(|(reason, _)| *reason == refusal.slug());
            assert_eq!(found, Some((refusal.slug(), times as u64 + 1)), "{refusal:?}");
        }
        assert_eq!(counters.total(), (1..=refusals.len() as u64).sum::<u64>());
    }
}
