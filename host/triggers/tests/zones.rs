//! S-9.5: a year of schedules in several zones, against an independent calculation (Python's `zoneinfo`).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use jiff::{Timestamp, civil::date, tz::TimeZone};
use triggers::Cron;

/// Zones and the years in which their clocks did something: an hour on two continents, half an hour, a change at midnight, a whole day that was skipped, nothing at all.
const ZONES: [(&str, i16); 7] = [
    ("Europe/Berlin", 2024),
    ("America/New_York", 2023),
    ("Australia/Lord_Howe", 2024),
    ("America/Santiago", 2023),
    ("Africa/Cairo", 2023),
    ("Pacific/Apia", 2011),
    ("Asia/Kolkata", 2024),
];
const EXPRESSIONS: [&str; 8] = [
    "30 2 * * *",
    "0,15,45 1-3 * * *",
    "0 0 * * *",
    "5 0,12 1,15 * 1-5",
    "59 23 31 * *",
    "*/20 * * * *",
    "10 * * 3,10 0",
    "*/30 1-2 * * 6,7",
];

#[test]
fn s_9_5_a_year_of_slots_is_what_another_calculation_says() {
    let cases: Vec<_> = ZONES.iter().flat_map(|zone| EXPRESSIONS.iter().map(move |expression| (zone, expression))).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zones.py");
    let mut python = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = cases.iter().map(|((zone, year), expression)| format!("{zone}\t{year}\t{expression}\n")).collect();
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let told: Vec<Vec<i64>> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line.split(' ').map(|at| at.parse().unwrap()).collect()).collect();
    assert_eq!(told.len(), cases.len());
    for (((zone, year), expression), told) in cases.iter().zip(told) {
        let [first, end] = [*year, *year + 1].map(|year| start(zone, year));
        let cron = Cron::parse(expression, zone, first).unwrap();
        let just_before = first - jiff::SignedDuration::from_nanos(1);
        let ours: Vec<i64> = cron.after(just_before).take_while(|at| *at < end).map(Timestamp::as_second).collect();
        let differ: Vec<_> = ours.iter().filter(|at| !told.contains(at)).chain(told.iter().filter(|at| !ours.contains(at))).collect();
        assert!(differ.is_empty(), "{expression} in {zone}, {year}: {differ:?}");
        assert!(ours.len() > 5, "{expression} in {zone}: {}", ours.len());
    }
}

fn start(zone: &str, year: i16) -> Timestamp {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap_or(TimeZone::UTC);
    date(year, 1, 1).to_zoned(zone).unwrap().timestamp()
}
