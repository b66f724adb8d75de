//! The path of a request, decoded once and segment by segment.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A path with two readings, or none: an escape that is not two hexadecimal digits, bytes that are not UTF-8, a NUL, or an encoded slash,
/// backslash or dot segment where no prefix route took it. A 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path has more than one reading")]
pub(super) struct BadPath;

/// What follows the first slash, checked: every escape decodes to UTF-8 without NUL.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestPath<'p> {
    rest: &'p str,
}

/// One segment, decoded.
pub(super) struct Segment<'p> {
    pub(super) text: Cow<'p, str>,
    /// What follows the next slash; `None` after the last segment.
    pub(super) rest: Option<&'p str>,
}

impl<'p> RequestPath<'p> {
    pub(super) fn parse(path: &'p str) -> Result<Self, BadPath> {
        let rest = path.strip_prefix('/').ok_or(BadPath)?;
        if rest.contains(['%', '\0']) && !decodes_cleanly(rest) {
            return Err(BadPath);
        }
        Ok(Self { rest })
    }

    pub(super) fn rest(self) -> &'p str {
        self.rest
    }

    pub(super) fn segments(self) -> impl Iterator<Item = Segment<'p>> {
        let mut rest = Some(self.rest);
        std::iter::from_fn(move || {
            let segment = first_segment(rest?);
            rest = segment.rest;
            Some(segment)
        })
    }

    /// `/.well-known/picloud` and below belongs to PiCloud on every host (domain proofs), however it is spelled.
    pub(super) fn is_reserved(self) -> bool {
        self.rest.starts_with(['.', '%']) && self.segments().map(|segment| segment.text).take(2).eq([".well-known", "picloud"])
    }
}

/// The whole path, decoded once; `None` if it has more than one reading: what a prefix route lets through is no key yet.
pub(crate) fn clean(path: &str) -> Option<String> {
    let mut decoded = String::with_capacity(path.len());
    for segment in RequestPath::parse(path).ok()?.segments() {
        if has_two_readings(&segment.text) {
            return None;
        }
        decoded.push('/');
        decoded.push_str(&segment.text);
    }
    Some(decoded)
}

/// The segment before the next slash and what comes after it.
pub(super) fn first_segment(rest: &str) -> Segment<'_> {
    match rest.split_once('/') {
        Some((head, tail)) => Segment { text: decode(head), rest: Some(tail) },
        None => Segment { text: decode(rest), rest: None },
    }
}

/// Decodes what [`RequestPath::parse`] has checked.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// Whether a parameter may take this segment: files and proxies must not be able to read a second path out of it.
pub(super) fn fits_a_parameter(segment: &str) -> bool {
    !segment.is_empty() && !has_two_readings(segment)
}

pub(super) fn has_two_readings(segment: &str) -> bool {
    segment == "." || segment == ".." || segment.contains(['/', '\\'])
}

fn decodes_cleanly(text: &str) -> bool {
    let escapes_are_whole = text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    });
    escapes_are_whole && percent_decode_str(text).decode_utf8().is_ok_and(|decoded| !decoded.contains('\0'))
}
