//! The name of an app in URLs.

use std::{fmt, str::FromStr};

/// First label of `<slug>.<base domain>`: 1 to 40 of `a-z`, `0-9` and `-`, neither beginning nor ending with `-`, without `--`
/// (previews are `<number>--<slug>`), and not reserved (S-7.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slug(String);

/// Longest slug, in characters.
const SLUG_CHARS_MAX: usize = 40;

/// Names that software looks up by itself, or that a visitor takes for the instance's own (S-7.4).
pub const RESERVED_SLUGS: &[&str] = &[
    "admin",
    "api",
    "autoconfig",
    "autodiscover",
    "dashboard",
    "internal",
    "isatap",
    "local",
    "localhost",
    "mail",
    "mta-sts",
    "wpad",
    "www",
];

/// Why a text is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    #[error("a slug has 1 to {SLUG_CHARS_MAX} characters")]
    Length,
    #[error("a slug has only a-z, 0-9 and -")]
    Character,
    #[error("a slug neither begins nor ends with - and has no --")]
    Hyphen,
    #[error("the slug `{0}` is reserved; choose another")]
    Reserved(String),
}

impl Slug {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        if text.is_empty() || text.chars().count() > SLUG_CHARS_MAX {
            return Err(SlugError::Length);
        }
        if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return Err(SlugError::Character);
        }
        if text.starts_with('-') || text.ends_with('-') || text.contains("--") {
            return Err(SlugError::Hyphen);
        }
        if RESERVED_SLUGS.contains(&text) {
            return Err(SlugError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_first_labels_of_hosts() {
        for good in ["a", "7", "shop", "my-shop-2", &"a".repeat(SLUG_CHARS_MAX)] {
            assert_eq!(good.parse::<Slug>().map(|slug| slug.to_string()).as_deref(), Ok(good));
        }
        let bad = [
            ("", SlugError::Length),
            (&"a".repeat(SLUG_CHARS_MAX + 1), SlugError::Length),
            ("Shop", SlugError::Character),
            ("my_shop", SlugError::Character),
            ("my.shop", SlugError::Character),
            ("caf\u{e9}", SlugError::Character),
            ("shop\0", SlugError::Character),
            ("-shop", SlugError::Hyphen),
            ("shop-", SlugError::Hyphen),
            ("7--shop", SlugError::Hyphen),
        ];
        for (text, error) in bad {
            assert_eq!(text.parse::<Slug>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn s_7_4_reserved_names_are_refused() {
        for name in RESERVED_SLUGS {
            assert_eq!(name.parse::<Slug>(), Err(SlugError::Reserved((*name).to_owned())));
        }
    }
}
