//! Moments as people write them: so far from now, a day, or a moment in full.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// Longest span: a century.
const SECONDS_MAX: i64 = 100 * 366 * 24 * 3600;

/// One of the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So far from now; which way depends on what it is for.
    Away(SignedDuration),
    At(Timestamp),
}

impl Moment {
    /// `45s`, `30m`, `12h`, `90d`; `2026-03-01` (its beginning in UTC); `2026-03-01T10:00:00Z`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let unit = |letter: char| [('s', 1), ('m', 60), ('h', 3600), ('d', 24 * 3600)].into_iter().find(|(unit, _)| *unit == letter);
        let away = text.char_indices().last().and_then(|(at, letter)| Some((text[..at].parse::<u32>().ok()?, unit(letter)?.1)));
        if let Some((count, seconds)) = away {
            let span = i64::from(count).saturating_mul(seconds);
            return if span <= SECONDS_MAX { Ok(Self::Away(SignedDuration::from_secs(span))) } else { Err("that is too long".to_owned()) };
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-03-01".len());
        let begin = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        begin.map(|begin| Self::At(begin.timestamp())).ok_or_else(|| "write 30m, 12h, 90d, 2026-03-01 or 2026-03-01T10:00:00Z".to_owned())
    }

    /// The moment, for what lies ahead.
    pub(crate) fn ahead(self, now: Timestamp) -> String {
        self.from(now, 1)
    }

    /// The moment, for what lies behind.
    pub(crate) fn behind(self, now: Timestamp) -> String {
        self.from(now, -1)
    }

    fn from(self, now: Timestamp, direction: i32) -> String {
        let at = match self {
            // No machine's clock is a century from the end of time.
            Self::Away(span) => now.checked_add(span * direction).unwrap_or(now),
            Self::At(at) => at,
        };
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn people_write_moments_in_three_forms() {
        let now = Timestamp::UNIX_EPOCH;
        let ahead = |text: &str| Moment::parse(text).map(|moment| moment.ahead(now));
        for (text, moment) in [
            ("45s", "1970-01-01T00:00:45Z"),
            ("30m", "1970-01-01T00:30:00Z"),
            ("12h", "1970-01-01T12:00:00Z"),
            ("90d", "1970-04-01T00:00:00Z"),
            ("2026-03-01", "2026-03-01T00:00:00Z"),
            ("2026-03-01T10:00:00.5+01:00", "2026-03-01T09:00:00.5Z"),
        ] {
            assert_eq!(ahead(text).as_deref(), Ok(moment), "{text}");
        }
        assert_eq!(Moment::parse("30m").unwrap().behind("2026-03-01T00:10:00Z".parse().unwrap()), "2026-02-28T23:40:00Z");
        for text in ["", "m", "5", "-5m", "5w", "yesterday", "2026-13-01", "20260301x", "4000000000d", "5\u{b5}"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
