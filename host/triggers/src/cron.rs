//! A cron expression in a time zone: which moments it names.
//!
//! What happens when the clocks are changed is what Debian's cron does. A schedule whose hours and minutes are lists without a star means times of the day:
//! one that the clocks skip comes right after the gap, one that comes twice is meant the first time. A schedule with a star means an interval: it
//! follows the clock on the wall, through no gap and through both hours of a fold.

use std::sync::LazyLock;

use croner::{
    Cron as Pattern,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

/// Longest expression, in bytes.
pub const CRON_BYTES_MAX: usize = 256;

/// No time zone has ever skipped more than a day.
const GAP_MAX: SignedDuration = SignedDuration::from_hours(25);

/// The zones that the program brings, so that all nodes have the same, whatever their systems have.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A cron expression in a time zone.
#[derive(Debug, Clone)]
pub struct Cron {
    pattern: Pattern,
    zone: TimeZone,
    /// Times of the day, and not an interval.
    is_fixed: bool,
}

/// What is wrong with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrongCron {
    /// The expression; one sentence.
    Expression(String),
    /// There is no such zone; one sentence.
    Zone(String),
}

impl Cron {
    /// Five fields (minute, hour, day of the month, month, day of the week), six with seconds before them, or `@hourly` and the like; an IANA time zone.
    ///
    /// # Errors
    /// What is wrong with either. An expression that names no moment in the next years is wrong too.
    pub fn parse(expression: &str, zone: &str, now: Timestamp) -> Result<Self, WrongCron> {
        let cron = Self::read(expression, zone)?;
        match cron.next_after(now) {
            Some(_) => Ok(cron),
            None => Err(WrongCron::Expression(format!("`{expression}` never comes."))),
        }
    }

    fn read(expression: &str, zone: &str) -> Result<Self, WrongCron> {
        let wrong = |why: &str| WrongCron::Expression(format!("`{expression}` is no cron expression: {why}"));
        if expression.len() > CRON_BYTES_MAX {
            return Err(WrongCron::Expression(format!("A cron expression has at most {CRON_BYTES_MAX} bytes.")));
        }
        let is_named = expression.trim().starts_with('@');
        if !is_named && !(5..=6).contains(&expression.split_whitespace().count()) {
            return Err(wrong("it has five fields (minute, hour, day, month, weekday), or six with seconds before them."));
        }
        if is_named && !NAMES.contains(&expression.trim().to_ascii_lowercase().as_str()) {
            return Err(wrong(&format!("of names there are {}.", NAMES.join(", "))));
        }
        // The library takes it for an empty list, and would look through all the years there are for a minute that is none.
        if let Some(field) = expression.split_whitespace().find(|field| field.split(',').any(str::is_empty)) {
            return Err(wrong(&format!("`{field}` has a comma without a number on both sides.")));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let pattern = parser.parse(expression).map_err(|error| wrong(&error.to_string()))?;
        let zone = match ZONES.get(zone) {
            Ok(found) if !zone.is_empty() => found,
            _ => return Err(WrongCron::Zone(format!("There is no time zone `{zone}`: they are called like `UTC` or `Europe/Berlin`."))),
        };
        Ok(Self { pattern, zone, is_fixed: is_fixed(expression.trim()) })
    }

    /// The first moment behind `after`; `None`: there is none.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        if !self.is_fixed {
            let next = self.pattern.find_next_occurrence(&after.to_zoned(self.zone.clone()), false).ok()?;
            return Some(next.timestamp());
        }
        let mut local = self.local_before(after);
        loop {
            local = self.next_local(local)?;
            let moment = self.moment(local)?;
            if moment > after {
                return Some(moment);
            }
        }
    }

    /// All moments behind `after`, one after the other.
    pub fn after(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next_after(after), |last| self.next_after(*last))
    }

    /// A local time from which on the ones behind `after` are found: the clocks may have been changed between.
    fn local_before(&self, after: Timestamp) -> DateTime {
        let local = self.zone.to_datetime(after);
        let is_changed = self.zone.preceding(after).next().is_some_and(|change| after.duration_since(change.timestamp()) < GAP_MAX);
        if is_changed { local.saturating_sub(GAP_MAX) } else { local }
    }

    fn next_local(&self, after: DateTime) -> Option<DateTime> {
        // In UTC every local time is there once.
        let after = after.to_zoned(TimeZone::UTC).ok()?;
        self.pattern.find_next_occurrence(&after, false).ok().map(|next| next.datetime())
    }

    /// When a local time is: right after the gap that it is in, or the first of both.
    fn moment(&self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let is_in_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        let moment = ambiguous.compatible().ok()?;
        // The moment itself may be that of the change.
        let behind = moment.saturating_add(SignedDuration::from_nanos(1)).ok()?;
        if is_in_gap { self.zone.preceding(behind).next().map(|change| change.timestamp()) } else { Some(moment) }
    }
}

const NAMES: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Whether hours and minutes are lists without a star.
fn is_fixed(expression: &str) -> bool {
    if expression.starts_with('@') {
        return !expression.eq_ignore_ascii_case("@hourly");
    }
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let from_minutes = fields.get(fields.len().saturating_sub(5)..).unwrap_or_default();
    from_minutes.iter().take(2).all(|field| !field.contains(['*', '?']))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn times(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let after: Timestamp = after.parse().unwrap();
        Cron::parse(expression, zone, after).unwrap().after(after).take(count).map(|time| time.to_string()).collect()
    }

    #[test]
    fn s_9_5_a_time_of_the_day_is_there_once_when_the_clocks_are_changed() {
        // Berlin skips 02:00 to 03:00 on 29 March 2026, which is 01:00 UTC, and has it twice on 25 October.
        let spring = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        assert_eq!(times("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3), spring);
        // Three of one gap are one run.
        assert_eq!(times("0,15,30 2 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 2), ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
        let autumn = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(times("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3), autumn);
        // Asked in between, in the second of both hours.
        assert_eq!(times("30 2 * * *", "Europe/Berlin", "2026-10-25T01:15:00Z", 1), ["2026-10-26T01:30:00Z"]);
        // A list of hours is no interval.
        assert_eq!(times("30 2,14 * * *", "Europe/Berlin", "2026-03-28T20:00:00Z", 2), ["2026-03-29T01:00:00Z", "2026-03-29T12:30:00Z"]);
        // Santiago skipped midnight itself.
        assert_eq!(times("0 0 * * *", "America/Santiago", "2023-09-02T12:00:00Z", 2), ["2023-09-03T04:00:00Z", "2023-09-04T03:00:00Z"]);
        // Apia had no 30 December 2011.
        assert_eq!(times("0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1), ["2011-12-30T10:00:00Z"]);
    }

    #[test]
    fn s_9_5_an_interval_follows_the_clock_on_the_wall() {
        let spring = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
        assert_eq!(times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3), spring);
        let autumn = ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"];
        assert_eq!(times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 4), autumn);
    }

    #[test]
    fn fields_seconds_and_names() {
        assert_eq!(times("15 30 9 * * MON-FRI", "UTC", "2026-11-27T12:00:00Z", 1), ["2026-11-30T09:30:15Z"]);
        assert_eq!(times("@daily", "Asia/Tokyo", "2026-11-27T12:00:00Z", 2), ["2026-11-27T15:00:00Z", "2026-11-28T15:00:00Z"]);
        assert_eq!(times("@hourly", "Asia/Kolkata", "2026-11-27T12:00:00Z", 1), ["2026-11-27T12:30:00Z"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |expression: &str, zone: &str| Cron::parse(expression, zone, Timestamp::UNIX_EPOCH).unwrap_err();
        for expression in
            ["", "* * * *", "* * * * * * *", "61 * * * *", "a b c d e", "@often", "0 0 30 2 *", "* * * * \u{1f600}", &"*,".repeat(200)]
        {
            assert!(matches!(wrong(expression, "UTC"), WrongCron::Expression(_)), "{expression}");
        }
        for (expression, field) in [(", 12 1,15 * 1-5", ","), ("0 ,6 * * *", ",6"), ("0 0 1,,2 * *", "1,,2"), ("0 0 0 1 , *", ",")] {
            let WrongCron::Expression(said) = wrong(expression, "UTC") else { panic!("{expression}") };
            assert!(said.contains(&format!("`{field}` has a comma")), "{said}");
        }
        for zone in ["", "Berlin", "Europe/Nowhere", "../../etc/passwd", "UTC\0"] {
            assert!(matches!(wrong("* * * * *", zone), WrongCron::Zone(_)), "{zone}");
        }
    }
}
