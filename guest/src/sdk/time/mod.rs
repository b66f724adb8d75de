//! `time::`: moments are milliseconds since 1970-01-01T00:00:00Z. `time::now()` is the same within an execution until a host call that waited.

mod written;

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, place};
use crate::{bindings::wall_clock, calendar::Moment};

/// What `from_parts` reads, from the largest to the smallest.
const PARTS: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "millisecond"];
/// What `parts` says beside them, and follows from them.
const DERIVED: [&str; 2] = ["weekday", "day_of_year"];

/// The namespace `time`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("now", |context: NativeCallContext| {
        place::note(&context);
        Ok(now_ms())
    });
    module.set_native_fn("format", |context: NativeCallContext, ms: i64| Ok(written::rfc_3339(&moment(&context, ms)?)));
    module.set_native_fn("format_http", |context: NativeCallContext, ms: i64| Ok(written::http(&moment(&context, ms)?)));
    module.set_native_fn("parse", |context: NativeCallContext, text: &str| {
        written::read(text).ok_or_else(|| invalid(&context, format!("`{}` is no time of RFC 3339", shown(text))))
    });
    module.set_native_fn("parts", parts);
    module.set_native_fn("from_parts", from_parts);
    module
}

/// The execution's clock. The place is noted by who calls this.
pub(crate) fn now_ms() -> i64 {
    let now = wall_clock::now();
    now.seconds as i64 * 1000 + i64::from(now.nanoseconds / 1_000_000)
}

fn moment(context: &NativeCallContext, ms: i64) -> Result<Moment, Box<EvalAltResult>> {
    Moment::at(ms).ok_or_else(|| invalid(context, format!("{ms} ms is not in the years 0000 to 9999")))
}

fn parts(context: NativeCallContext, ms: i64) -> Result<Map, Box<EvalAltResult>> {
    let moment = moment(&context, ms)?;
    let Moment { year, month, day, hour, minute, second, millisecond } = moment;
    let values = [year, month, day, hour, minute, second, millisecond, moment.weekday(), moment.day_of_year()];
    Ok(PARTS.into_iter().chain(DERIVED).map(Into::into).zip(values.map(Dynamic::from_int)).collect())
}

/// Month and day are 1 if they are not named, the others 0. What follows from them is not looked at.
fn from_parts(context: NativeCallContext, parts: Map) -> Result<i64, Box<EvalAltResult>> {
    if let Some(name) = parts.keys().find(|name| !PARTS.contains(&name.as_str()) && !DERIVED.contains(&name.as_str())) {
        return Err(invalid(&context, format!("there is no part `{name}`; there is {}", PARTS.join(", "))));
    }
    let part = |index: usize, default: Option<i64>| match parts.get(PARTS[index]) {
        Some(value) => value.as_int().map_err(|_| invalid(&context, format!("the part `{}` is a whole number", PARTS[index]))),
        None => default.ok_or_else(|| invalid(&context, "there is no part `year`".to_owned())),
    };
    let moment = Moment {
        year: part(0, None)?,
        month: part(1, Some(1))?,
        day: part(2, Some(1))?,
        hour: part(3, Some(0))?,
        minute: part(4, Some(0))?,
        second: part(5, Some(0))?,
        millisecond: part(6, Some(0))?,
    };
    moment.ms().ok_or_else(|| invalid(&context, "there is no such day or hour".to_owned()))
}

/// The beginning of a text, for an error.
fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(40)]
}

fn invalid(context: &NativeCallContext, message: String) -> Box<EvalAltResult> {
    error::thrown(context, "time", "invalid", message)
}
