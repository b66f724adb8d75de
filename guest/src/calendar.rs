//! Milliseconds since 1970-01-01T00:00:00Z as days and hours of the Gregorian calendar, always UTC, and back.

use std::ops::RangeInclusive;

/// What four digits of a year can say.
const YEARS: RangeInclusive<i64> = 0..=9999;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
const DAYS_OF_400_YEARS: i64 = 146_097;

/// A moment in its parts.
pub(crate) struct Moment {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    /// 0 to 60: 60 is a leap second, which is the first second of the next minute.
    pub(crate) second: i64,
    pub(crate) millisecond: i64,
}

impl Moment {
    /// `None`: outside of the years 0 to 9999.
    pub(crate) fn at(ms: i64) -> Option<Self> {
        let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
        let (year, month, day) = date(days);
        let (hour, minute) = (rest / HOUR_MS, rest % HOUR_MS / MINUTE_MS);
        let (second, millisecond) = (rest % MINUTE_MS / 1000, rest % 1000);
        YEARS.contains(&year).then_some(Self { year, month, day, hour, minute, second, millisecond })
    }

    /// The milliseconds. `None`: there is no such day or hour.
    pub(crate) fn ms(&self) -> Option<i64> {
        let is_date =
            YEARS.contains(&self.year) && (1..=12).contains(&self.month) && (1..=days_of(self.year, self.month)).contains(&self.day);
        let is_time = (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second)
            && (0..1000).contains(&self.millisecond);
        let time = || self.hour * HOUR_MS + self.minute * MINUTE_MS + self.second * 1000 + self.millisecond;
        (is_date && is_time).then(|| self.days() * DAY_MS + time())
    }

    /// 1 to 366.
    pub(crate) fn day_of_year(&self) -> i64 {
        self.days() - days_before(self.year) + 1
    }

    /// Monday is 1, Sunday is 7.
    pub(crate) fn weekday(&self) -> i64 {
        // The first of all days was a Thursday.
        (self.days() + 3).rem_euclid(7) + 1
    }

    fn days(&self) -> i64 {
        days_before(self.year) + (1..self.month).map(|month| days_of(self.year, month)).sum::<i64>() + self.day - 1
    }
}

/// Year, month and day of a day, counted from 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    // By the mean length of a year one comes out in the right year or beside it: begin with the latest.
    let mut year = 1970 + (days * 400).div_euclid(DAYS_OF_400_YEARS) + 1;
    while days_before(year) > days {
        year -= 1;
    }
    let mut day = days - days_before(year);
    let mut month = 1;
    while day >= days_of(year, month) {
        day -= days_of(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

/// Days from 1970-01-01 to the first day of the year.
fn days_before(year: i64) -> i64 {
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * (year - 1970) + leap_days(year - 1) - leap_days(1969)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
