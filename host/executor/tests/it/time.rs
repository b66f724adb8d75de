//! `time::` against another calendar, and against the texts of RFC 3339.

use execution::{HttpRequest, Limits};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::sandbox::{answer, request, run_with, value};

/// A day of each year from 1 to 9999 and other moments, against another calendar.
#[tokio::test]
async fn the_calendar_is_that_of_others() {
    let script = r#"
        let moments = ctx.request.body;
        moments.map(|ms| {
            let parts = time::parts(ms);
            [time::format(ms), time::format_http(ms), parts.weekday, parts.day_of_year, time::from_parts(parts), time::parse(time::format(ms))]
        })"#;
    let days = (0..9_999_i64).map(|year| -62_135_596_800_000 + year * (366 * 86_400_000 - 65_000_000));
    let edges = [0, -1, 999, 951_782_400_000, 951_868_800_000, -2_203_891_200_000, 253_402_207_200_000, 4_107_542_399_999];
    let moments: Vec<i64> = days.filter(|ms| *ms < 253_402_207_200_000).chain(edges).collect();
    for some in moments.chunks(500) {
        let request = HttpRequest {
            headers: vec![("content-type".into(), "application/json".into())],
            body: json!(some).to_string().into_bytes(),
            ..request("POST", "/")
        };
        let outcome = run_with(script, request, &Limits::default()).await;
        let expected: Vec<_> = some.iter().map(|ms| by_another_calendar(*ms)).collect();
        assert_eq!(serde_json::from_str::<Vec<Value>>(&answer(&outcome).1).expect("a list"), expected);
    }
}

fn by_another_calendar(ms: i64) -> Value {
    let zoned = Timestamp::from_millisecond(ms).expect("a moment").to_zoned(TimeZone::UTC);
    let written = format!("{}{:03}Z", zoned.strftime("%Y-%m-%dT%H:%M:%S."), ms.rem_euclid(1000));
    let http = zoned.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    json!([written, http, zoned.weekday().to_monday_one_offset(), zoned.day_of_year(), ms, ms])
}

#[tokio::test]
async fn times_are_read_as_rfc_3339_writes_them() {
    for (text, expected) in [
        // The examples of the standard, section 5.8.
        ("1985-04-12T23:20:50.52Z", Some(482_196_050_520)),
        ("1996-12-19T16:39:57-08:00", Some(851_042_397_000)),
        ("1990-12-31T23:59:60Z", Some(662_688_000_000)),
        ("1990-12-31T15:59:60-08:00", Some(662_688_000_000)),
        ("1937-01-01T12:00:27.87+00:20", Some(-1_041_337_172_130)),
        ("1970-01-01 00:00:00.123456789z", Some(123)),
        ("2024-02-29", Some(1_709_164_800_000)),
        ("0000-01-01T00:00:00Z", Some(-62_167_219_200_000)),
        ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999)),
        ("9999-12-31T23:59:59-00:01", None),
        ("2023-02-29", None),
        ("2024-13-01", None),
        ("2024-00-01", None),
        ("2024-01-00", None),
        ("2024-01-01T24:00:00Z", None),
        ("2024-01-01T00:00:00", None),
        ("2024-01-01T00:00:00.Z", None),
        ("2024-01-01T00:00:00+0100", None),
        ("2024-01-01T00:00:00+24:00", None),
        ("2024-01-01T00:00:00Z ", None),
        ("2024-1-1", None),
        ("+2024-01-01", None),
        ("", None),
        ("２024-01-01", None),
    ] {
        let script = format!(r#"try {{ return time::parse("{text}"); }} catch (problem) {{ return problem.error; }}"#);
        let expected = expected.map_or_else(|| json!("time.invalid"), |ms: i64| json!(ms));
        assert_eq!(value(&script).await, expected, "{text}");
    }
}
