//! How often a request has gone through PiCloud already (S-2.7).
//!
//! Each outbound call carries the number of the request that it comes from, plus one, signed with a key that all nodes have. What clients send is
//! worth nothing unless it was signed: nobody can make a visitor's request look deeper than it is, other than by sending back what he was sent.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use crate::preview::PreviewKey;

/// The field. Scripts neither see nor set it.
pub(crate) const HOPS: HeaderName = HeaderName::from_static("picloud-hops");

/// Calls of PiCloud by PiCloud in a row. What comes with more is refused (508).
const HOPS_MAX: u8 = 3;

/// Signs and checks the count.
#[derive(Debug, Clone)]
pub(crate) struct HopKey(PreviewKey);

/// How many calls led to a request; 0 for one from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hops(u8);

impl Hops {
    /// As it was noted.
    pub(crate) fn of(number: u8) -> Self {
        Self(number)
    }

    /// To be noted.
    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// Whether a request that says so must not run.
    pub(crate) fn is_loop(self) -> bool {
        self.0 > HOPS_MAX
    }
}

impl HopKey {
    pub(crate) fn new(key: PreviewKey) -> Self {
        Self(key)
    }

    /// What an execution's calls say.
    pub(super) fn next(&self, hops: Hops) -> Option<HeaderValue> {
        let number = hops.0.saturating_add(1);
        let mut text = format!("{number}.");
        for byte in self.mac(number)?.finalize().into_bytes() {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.try_into().ok()
    }

    /// What a request says. The deepest counts: a proxy may have joined two.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Hops {
        headers.get_all(HOPS).iter().filter_map(|value| self.check(value)).max().unwrap_or_default()
    }

    /// The same of fields that become a script's, which does not see it.
    pub(crate) fn take(&self, headers: &mut Vec<(String, String)>) -> Hops {
        let is_hops = |name: &str| name.eq_ignore_ascii_case(HOPS.as_str());
        let told = headers.extract_if(.., |(name, _)| is_hops(name)).filter_map(|(_, value)| self.check(&value.try_into().ok()?));
        told.max().unwrap_or_default()
    }

    fn check(&self, value: &HeaderValue) -> Option<Hops> {
        let (number, signature) = value.to_str().ok()?.split_once('.')?;
        let number = number.parse().ok()?;
        let signature = crate::preview::unhex(signature)?;
        self.mac(number)?.verify_slice(&signature).ok().map(|()| Hops(number))
    }

    /// `None` never: a key of any length will do.
    fn mac(&self, number: u8) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.hmac()?;
        mac.update(b"picloud hops");
        mac.update(&[number]);
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn read(key: &HopKey, values: &[&HeaderValue]) -> Hops {
        key.read(&values.iter().map(|value| (HOPS, (*value).clone())).collect())
    }

    #[test]
    fn s_2_7_hops_are_counted_and_can_not_be_made_up() {
        let key = HopKey::new(PreviewKey::new([1; 32]));
        let mut hops = Hops::default();
        for number in 1..=3 {
            hops = read(&key, &[&key.next(hops).unwrap()]);
            assert_eq!((hops, hops.is_loop()), (Hops(number), false));
        }
        let fourth = key.next(hops).unwrap();
        assert!(read(&key, &[&fourth]).is_loop());
        assert!(read(&key, &[&fourth, &key.next(Hops::default()).unwrap()]).is_loop());

        let foreign = HopKey::new(PreviewKey::new([2; 32])).next(Hops(7)).unwrap();
        let raised = HeaderValue::try_from(fourth.to_str().unwrap().replacen('4', "9", 1)).unwrap();
        for made_up in [foreign, raised, HeaderValue::from_static("9"), HeaderValue::from_static("9."), HeaderValue::from_static("")] {
            assert_eq!(read(&key, &[&made_up]), Hops(0), "{made_up:?}");
        }
    }
}
