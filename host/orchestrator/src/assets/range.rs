//! `Range` (RFC 9110 section 14): one range of bytes. Who asks for several, or for what can't be read, gets the whole: that is always right, and several
//! parts of one answer have been used to make servers work for nothing.

use http::{HeaderMap, header};

/// What of the bytes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Whole,
    /// From the first to the last, both included; both are there.
    Part {
        first: u64,
        last: u64,
    },
    /// None of it is there.
    Unsatisfiable,
}

/// Reads the range that is asked for of `size` bytes.
pub(super) fn asked(headers: &HeaderMap, size: u64) -> Asked {
    let mut values = headers.get_all(header::RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Asked::Whole };
    value.to_str().ok().and_then(|value| one(value, size)).unwrap_or(Asked::Whole)
}

/// `None`: malformed, of another unit, or several.
fn one(value: &str, size: u64) -> Option<Asked> {
    let (unit, range) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let (first, last) = (position(first)?, position(last)?);
    let end = size.checked_sub(1);
    Some(match (first, last, end) {
        (None, None, _) => return None,
        (Some(first), Some(last), _) if first > last => return None,
        // The last so many.
        (None, Some(0), _) | (_, _, None) => Asked::Unsatisfiable,
        (None, Some(count), Some(end)) => Asked::Part { first: size.saturating_sub(count), last: end },
        (Some(first), _, Some(end)) if first > end => Asked::Unsatisfiable,
        (Some(first), last, Some(end)) => Asked::Part { first, last: last.unwrap_or(end).min(end) },
    })
}

/// Digits, or nothing at all (`Some(None)`). A number that is larger than any size is as good as the largest.
fn position(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}
