//! Moments as they are written: RFC 3339 in APIs, the date of RFC 9110 in headers.

use crate::calendar::Moment;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `2026-09-21T13:33:20.123Z`.
pub(super) fn rfc_3339(moment: &Moment) -> String {
    let Moment { year, month, day, hour, minute, second, millisecond } = moment;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// `Mon, 21 Sep 2026 13:33:20 GMT`.
pub(super) fn http(moment: &Moment) -> String {
    let Moment { year, month, day, hour, minute, second, .. } = moment;
    let (weekday, month) = (WEEKDAYS[moment.weekday() as usize - 1], MONTHS[*month as usize - 1]);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// A date and time of RFC 3339 with its offset, or a date alone, which is its midnight in UTC.
pub(super) fn read(text: &str) -> Option<i64> {
    let mut reader = Reader(text.as_bytes());
    let mut moment = Moment { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, millisecond: 0 };
    moment.year = reader.number(4)?;
    reader.take(b"-")?;
    moment.month = reader.number(2)?;
    reader.take(b"-")?;
    moment.day = reader.number(2)?;
    if reader.0.is_empty() {
        return moment.ms();
    }
    reader.take(b"Tt ")?;
    moment.hour = reader.number(2)?;
    reader.take(b":")?;
    moment.minute = reader.number(2)?;
    reader.take(b":")?;
    moment.second = reader.number(2)?;
    if reader.take(b".").is_some() {
        moment.millisecond = reader.milliseconds()?;
    }
    let offset_ms = reader.offset_ms()?;
    let ms = moment.ms()? - offset_ms;
    // The offset may lead out of the years that can be written again.
    (reader.0.is_empty() && Moment::at(ms).is_some()).then_some(ms)
}

/// What is left of the text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// One of these bytes.
    fn take(&mut self, any_of: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        any_of.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// So many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    fn digit(&mut self) -> Option<i64> {
        self.take(b"0123456789").map(|digit| i64::from(digit - b'0'))
    }

    /// A fraction of a second, of any length; what is finer than a millisecond is cut off.
    fn milliseconds(&mut self) -> Option<i64> {
        let mut milliseconds = self.digit()? * 100;
        let mut unit = 10;
        while let Some(digit) = self.digit() {
            milliseconds += digit * unit;
            unit /= 10;
        }
        Some(milliseconds)
    }

    /// `Z`, or hours and minutes ahead of UTC or behind it.
    fn offset_ms(&mut self) -> Option<i64> {
        let sign = match self.take(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        self.take(b":")?;
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
    }
}
