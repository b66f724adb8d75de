//! F12: cron expressions, zones and moments.
//!
//! Must hold: whatever text there is, an answer comes; each slot is later than the one before; and of an expression of lists, ranges and steps, each slot is
//! one that the fields name, with none between it and the one before (by a search that looks at every minute). Hours that the clocks skip or repeat are
//! left out of that search: which rule holds there has tests of its own.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use triggers::Cron;

use crate::given::Given;

const ZONES: [&str; 8] =
    ["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "Africa/Cairo", "America/New_York"];
/// Slots that are looked at.
const SLOTS: usize = 4;
/// Seconds of the second day of the year 1: in no zone it is an earlier year then.
const FIRST_YEAR: i64 = -62_135_596_800 + 86_400;
/// Minutes that the search looks at.
const MINUTES_MAX: i64 = 3 * 24 * 60;

/// A field: its text, and the numbers it names.
struct Field {
    text: String,
    names: BTreeSet<u8>,
    is_star: bool,
}

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let zone = if given.byte() > 230 { given.text(20) } else { given.one_of(&ZONES).to_owned() };
    // 1938 to 2106, or anything.
    let seconds = if given.byte() > 230 { given.long().cast_signed() } else { (given.long() & 0xffff_ffff).cast_signed() - 1_000_000_000 };
    let Ok(after) = Timestamp::from_second(seconds) else { return };
    // No clock shows it, and the years of the library begin with the first: slots before that are left out.
    if seconds < FIRST_YEAR {
        return;
    }
    if given.is_set() {
        let text = given.text(128);
        let Ok(cron) = Cron::parse(&text, &zone, after) else { return };
        slots(&cron, after);
        return;
    }
    let fields = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)].map(|(from, to)| field(&mut given, from, to));
    let text = fields.each_ref().map(|field| field.text.as_str()).join(" ");
    let Ok(cron) = Cron::parse(&text, &zone, after) else { return };
    let slots = slots(&cron, after);
    let Ok(zone) = TimeZone::get(&zone) else { return };
    let mut last = after;
    for slot in slots {
        assert_none_between(&fields, &zone, last, slot, &text);
        last = slot;
    }
}

fn slots(cron: &Cron, after: Timestamp) -> Vec<Timestamp> {
    let slots: Vec<_> = cron.after(after).take(SLOTS).collect();
    assert!(std::iter::once(&after).chain(&slots).is_sorted_by(|one, next| one < next), "behind {after}: {slots:?}");
    slots
}

fn field(given: &mut Given<'_>, from: u8, to: u8) -> Field {
    let number = |given: &mut Given<'_>| from + given.byte() % (to - from + 1);
    match given.below(4) {
        0 => Field { text: "*".to_owned(), names: (from..=to).collect(), is_star: true },
        1 => {
            let step = 1 + given.byte() % (to - from).min(30);
            Field { text: format!("*/{step}"), names: (from..=to).step_by(usize::from(step)).collect(), is_star: false }
        }
        2 => {
            let (one, other) = (number(given), number(given));
            let (first, last) = (one.min(other), one.max(other));
            Field { text: format!("{first}-{last}"), names: (first..=last).collect(), is_star: false }
        }
        _ => {
            let names: BTreeSet<u8> = (0..=given.below(4)).map(|_| number(given)).collect();
            let text = names.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
            Field { text, names, is_star: false }
        }
    }
}

/// Each minute of the wall clock behind `last` and up to `slot`: only the last one is named.
fn assert_none_between(fields: &[Field; 5], zone: &TimeZone, last: Timestamp, slot: Timestamp, text: &str) {
    let day = SignedDuration::from_hours(26);
    let near_a_change = |moment: Timestamp| {
        let (before, behind) = (moment.saturating_sub(day).unwrap_or(moment), moment.saturating_add(day).unwrap_or(moment));
        zone.following(before).next().is_some_and(|change| change.timestamp() <= behind)
    };
    let minutes = slot.duration_since(last).as_secs() / 60;
    let from = if minutes > MINUTES_MAX { slot.saturating_sub(SignedDuration::from_mins(MINUTES_MAX)).unwrap_or(last) } else { last };
    if near_a_change(slot) || near_a_change(from) || (minutes.min(MINUTES_MAX) > 24 * 60 && change_between(zone, from, slot)) {
        return;
    }
    let (from, slot_local) = (zone.to_datetime(from), zone.to_datetime(slot));
    assert!(names(fields, slot_local) && slot_local.second() == 0, "`{text}` has no slot at {slot_local} {zone:?}");
    let Ok(mut minute) = from.with().second(0).subsec_nanosecond(0).build() else { return };
    loop {
        minute = minute.saturating_add(SignedDuration::from_mins(1));
        if minute >= slot_local {
            return;
        }
        assert!(!names(fields, minute), "`{text}` has a slot at {minute}, before {slot_local} {zone:?}");
    }
}

fn change_between(zone: &TimeZone, from: Timestamp, to: Timestamp) -> bool {
    zone.following(from).next().is_some_and(|change| change.timestamp() <= to)
}

fn names(fields: &[Field; 5], at: DateTime) -> bool {
    let [minute, hour, day, month, weekday] = fields;
    let has = |field: &Field, number: i8| u8::try_from(number).is_ok_and(|number| field.names.contains(&number));
    let (by_day, by_weekday) = (has(day, at.day()), has(weekday, at.weekday().to_sunday_zero_offset()));
    // If neither is a star (a star with a step is none), one of them is enough.
    let is_day = if day.is_star || weekday.is_star { by_day && by_weekday } else { by_day || by_weekday };
    has(minute, at.minute()) && has(hour, at.hour()) && has(month, at.month()) && is_day
}
