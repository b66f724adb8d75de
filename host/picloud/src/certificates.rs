//! `/internal/tls-allowed?domain=`: whether the proxy may get a certificate for a name (S-7.1). Answered from memory, also while the
//! database is away. Who may ask is decided by where it is served: on the internal listener only.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use http::StatusCode;
use orchestrator::{CertificateFor, Orchestrator};

use crate::clock;

/// Questions per second, about one name and about all: a handshake asks once, and what comes faster is a flood of made-up names.
const PER_NAME_PER_SECOND: u32 = 10;
const PER_SECOND: u32 = 500;
/// Names under one wildcard, or previews of one app, that get a certificate in one day: an authority allows only so many.
const NAMES_PER_PATTERN_MAX: usize = 100;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Answers the proxy.
#[derive(Debug)]
pub(crate) struct Certificates {
    orchestrator: Arc<Orchestrator>,
    counts: Mutex<Counts>,
}

/// What was asked in this second and granted on this day.
#[derive(Debug, Default)]
struct Counts {
    second: u64,
    asked: u32,
    per_name: HashMap<String, u32>,
    day: u64,
    granted: HashMap<String, HashSet<String>>,
}

impl Certificates {
    pub(crate) fn new(orchestrator: Arc<Orchestrator>) -> Self {
        Self { orchestrator, counts: Mutex::default() }
    }

    /// 200: yes. 403: no. 400: that is no host name. 429: too many questions.
    pub(crate) fn allowed(&self, domain: &str) -> (StatusCode, &'static str) {
        let now_ms = clock::now_ms();
        if !self.counts().may_ask(domain, now_ms / 1000) {
            return (StatusCode::TOO_MANY_REQUESTS, "too many questions\n");
        }
        match self.orchestrator.certificate_for(domain) {
            CertificateFor::NoHost => (StatusCode::BAD_REQUEST, "not a host name\n"),
            CertificateFor::Nobody => (StatusCode::FORBIDDEN, "nothing here answers at this name\n"),
            CertificateFor::Name => (StatusCode::OK, "yes\n"),
            CertificateFor::NameUnder(pattern) => match self.counts().may_have(pattern, domain, now_ms / DAY_MS) {
                true => (StatusCode::OK, "yes\n"),
                false => (StatusCode::FORBIDDEN, "too many names of this kind today\n"),
            },
        }
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Counts a question. The map holds no more names than are asked in one second.
    fn may_ask(&mut self, name: &str, second: u64) -> bool {
        if self.second != second {
            (self.second, self.asked) = (second, 0);
            self.per_name.clear();
        }
        self.asked = self.asked.saturating_add(1);
        if self.asked > PER_SECOND {
            return false;
        }
        let count = self.per_name.entry(name.to_owned()).or_default();
        *count += 1;
        *count <= PER_NAME_PER_SECOND
    }

    /// Counts a name under a pattern. Patterns are those of this instance, so there are no more than it has hosts.
    fn may_have(&mut self, pattern: String, name: &str, day: u64) -> bool {
        if self.day != day {
            self.day = day;
            self.granted.clear();
        }
        let names = self.granted.entry(pattern).or_default();
        names.contains(name) || (names.len() < NAMES_PER_PATTERN_MAX && names.insert(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_7_1_questions_are_counted_per_name_and_in_all() {
        let mut counts = Counts::default();
        assert!((0..PER_NAME_PER_SECOND).all(|_| counts.may_ask("a", 1)));
        assert!(!counts.may_ask("a", 1));
        assert!(counts.may_ask("b", 1));
        assert!(counts.may_ask("a", 2), "a new second");
        let asked = (0..2 * PER_SECOND).filter(|number| counts.may_ask(&number.to_string(), 3)).count();
        assert_eq!(u32::try_from(asked), Ok(PER_SECOND));
        assert!(counts.per_name.len() <= PER_SECOND as usize);
    }

    #[test]
    fn s_7_1_a_wildcard_gives_a_hundred_names_a_day() {
        let mut counts = Counts::default();
        let granted = (0..500).filter(|number| counts.may_have("*.a".into(), &format!("{number}.a"), 1)).count();
        assert_eq!(granted, NAMES_PER_PATTERN_MAX);
        assert!(counts.may_have("*.a".into(), "7.a", 1), "one that was granted before");
        assert!(counts.may_have("*.b".into(), "7.b", 1));
        assert!(counts.may_have("*.a".into(), "499.a", 2), "a new day");
    }
}
