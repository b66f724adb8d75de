//! JSON and the interpreter's values.

mod read;
mod write;

use rhai::Dynamic;
use write::Json;

/// A value as JSON.
pub(crate) fn to_bytes(value: &Dynamic) -> Result<Vec<u8>, String> {
    serde_json::to_vec(&Json(value)).map_err(|error| error.to_string())
}

/// A value as JSON text.
pub(crate) fn to_text(value: &Dynamic) -> Result<String, String> {
    serde_json::to_string(&Json(value)).map_err(|error| error.to_string())
}

/// A value as JSON for people: each item on a line of its own.
pub(crate) fn to_pretty_text(value: &Dynamic) -> Result<String, String> {
    serde_json::to_string_pretty(&Json(value)).map_err(|error| error.to_string())
}

/// What a value is, in messages. Ranges and iterators are types of Rust to the interpreter, with names that say nothing to a script's author.
pub(crate) fn kind(value: &Dynamic) -> &'static str {
    if value.is_variant() { "a range or an iterator" } else { value.type_name() }
}

/// JSON as a value; the error says where it is malformed.
pub(crate) fn parse(bytes: &[u8]) -> Result<Dynamic, String> {
    match read::read(bytes) {
        Some(value) => Ok(value),
        None => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
    }
}
