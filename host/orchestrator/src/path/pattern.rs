//! The path of a route: exact, with parameters (`/users/:id`), or a prefix (`/files/*`).

use std::{borrow::Cow, cmp::Ordering};

use super::request_path::{RequestPath, decode, first_segment, fits_a_parameter, has_two_readings};

/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1024;
/// Most segments of a pattern; bounds the recursion of the tree.
const SEGMENTS_MAX: usize = 32;

/// A well-formed pattern. Keeps only its text: the tree holds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
}

/// Why a text is no pattern. Shown to the developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with a slash.
    #[error("a path begins with a slash")]
    NoSlash,
    /// Too many bytes or segments.
    #[error("a path has at most {PATTERN_BYTES_MAX} bytes and {SEGMENTS_MAX} segments")]
    TooLong,
    /// `//` inside.
    #[error("an empty segment is only allowed at the end")]
    EmptySegment,
    /// A colon without a proper name.
    #[error("a parameter is a colon and a name of letters, digits and underscores, like :id")]
    ParameterName,
    /// `/:id/:id`.
    #[error("two parameters have the same name")]
    RepeatedParameter,
    /// A star that is not the whole last segment.
    #[error("a star stands alone and last, like /files/*")]
    Star,
    /// Something that no request path can have, or that has two readings.
    #[error("a path has no query, fragment, backslash, control character, dot segment, or escape that does not decode to UTF-8")]
    Character,
    /// Below `/.well-known/picloud`.
    #[error("paths below /.well-known/picloud are PiCloud's own")]
    Reserved,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'p> {
    Static(Cow<'p, str>),
    Parameter(&'p str),
    Rest,
}

/// Order of patterns that accept the same path; the greater is the more specific.
pub(super) fn specificity(left: &Pattern, right: &Pattern) -> Ordering {
    let weight = |part: Part<'_>| match part {
        Part::Static(_) => 2_u8,
        Part::Parameter(_) => 1,
        Part::Rest => 0,
    };
    let by_kind = left.is_prefix().cmp(&right.is_prefix()).reverse();
    by_kind.then_with(|| left.parts().map(weight).cmp(right.parts().map(weight)))
}

impl Pattern {
    /// Checks a pattern as a developer wrote it.
    ///
    /// # Errors
    /// [`PatternError`]: what to change.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let path =
            RequestPath::parse(text).map_err(|_| if text.starts_with('/') { PatternError::Character } else { PatternError::NoSlash })?;
        if path.is_reserved() {
            return Err(PatternError::Reserved);
        }
        let pattern = Self { text: text.into() };
        if text.len() > PATTERN_BYTES_MAX || pattern.parts().count() > SEGMENTS_MAX {
            return Err(PatternError::TooLong);
        }
        let mut segments = text.split('/').skip(1).peekable();
        let mut names = Vec::new();
        while let Some(raw) = segments.next() {
            let is_last = segments.peek().is_none();
            match raw.strip_prefix(':') {
                Some(name) if !is_name(name) => return Err(PatternError::ParameterName),
                Some(name) if names.contains(&name) => return Err(PatternError::RepeatedParameter),
                Some(name) => names.push(name),
                None if raw.contains('*') && !(raw == "*" && is_last) => return Err(PatternError::Star),
                None if raw.is_empty() && !is_last => return Err(PatternError::EmptySegment),
                None if raw.contains(['?', '#']) || decode(raw).contains(char::is_control) || has_two_readings(&decode(raw)) => {
                    return Err(PatternError::Character);
                }
                None => {}
            }
        }
        Ok(pattern)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it ends in `/*`.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.text.ends_with("/*")
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.raw_segments().map(|raw| match raw.strip_prefix(':') {
            Some(name) => Part::Parameter(name),
            None if raw == "*" => Part::Rest,
            None => Part::Static(decode(raw)),
        })
    }

    /// The parameters of a path, if it fits: `Some` exactly where the tree finds this pattern. The rest of a prefix is named `*`.
    pub(super) fn parameters(&self, path: RequestPath<'_>) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let mut rest = Some(path.rest());
        for part in self.parts() {
            let remaining = rest?;
            let segment = first_segment(remaining);
            rest = segment.rest;
            match part {
                Part::Static(text) if text == segment.text => {}
                Part::Static(_) => return None,
                Part::Parameter(name) if fits_a_parameter(&segment.text) => found.push((name.to_owned(), segment.text.into_owned())),
                Part::Parameter(_) => return None,
                Part::Rest => {
                    found.push(("*".to_owned(), decode(remaining).into_owned()));
                    return Some(found);
                }
            }
        }
        rest.is_none().then_some(found)
    }

    fn raw_segments(&self) -> impl Iterator<Item = &str> {
        self.text.strip_prefix('/').unwrap_or(&self.text).split('/')
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
