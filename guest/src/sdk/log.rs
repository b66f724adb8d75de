//! `log::trace|info|warn|error(message)` and `(message, fields)`. They never fail.

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext, Position};

use super::place;
use crate::{
    bindings::log::{self, Level},
    json,
};

/// The longest line of any app: the ceiling of the limit `log_line_bytes`.
const LINE_BYTES_MAX: usize = 4 << 10;

/// The namespace `log`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("trace", line(Level::Trace));
    module.set_native_fn("trace", line_with_fields(Level::Trace));
    module.set_native_fn("info", line(Level::Info));
    module.set_native_fn("info", line_with_fields(Level::Info));
    module.set_native_fn("warn", line(Level::Warn));
    module.set_native_fn("warn", line_with_fields(Level::Warn));
    module.set_native_fn("error", line(Level::Error));
    module.set_native_fn("error", line_with_fields(Level::Error));
    module
}

fn line(level: Level) -> impl Fn(NativeCallContext, Dynamic) -> Result<(), Box<EvalAltResult>> {
    move |context, message| {
        place::note(&context);
        write(level, &text(&message), None);
        Ok(())
    }
}

fn line_with_fields(level: Level) -> impl Fn(NativeCallContext, Dynamic, Map) -> Result<(), Box<EvalAltResult>> {
    move |context, message, fields| {
        place::note(&context);
        let fields = json::to_text(&Dynamic::from_map(fields));
        let fields = fields.unwrap_or_else(|error| format!(r#"{{"log_error":"fields are not JSON: {}"}}"#, error.escape_default()));
        write(level, &text(&message), Some(&fields));
        Ok(())
    }
}

/// `print` goes to the log.
pub(crate) fn print(message: &str) {
    write(Level::Info, message, None);
}

/// `debug` goes to the log, with its place.
pub(crate) fn debug(message: &str, _source: Option<&str>, position: Position) {
    let message = if position.is_none() { message.to_owned() } else { format!("{message} @ {position}") };
    write(Level::Trace, &message, None);
}

/// Hands a line over. What the host would cut off or drop is not sent: it would have to take it over first.
fn write(level: Level, message: &str, fields: Option<&str>) {
    let message = &message[..message.floor_char_boundary(LINE_BYTES_MAX)];
    log::write(level, message, fields.filter(|fields| fields.len() <= LINE_BYTES_MAX));
}

/// A string as it is, a map or array as JSON, anything else as it prints.
fn text(value: &Dynamic) -> String {
    if value.is_map() || value.is_array() {
        return json::to_text(value).unwrap_or_else(|_| value.to_string());
    }
    value.to_string()
}
