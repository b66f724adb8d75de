//! JSON and the interpreter's values.

mod read;

use rhai::Dynamic;

/// A value as JSON.
pub(crate) fn to_bytes(value: &Dynamic) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

/// A value as JSON text.
pub(crate) fn to_text(value: &Dynamic) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

/// A value as JSON for people: each item on a line of its own.
pub(crate) fn to_pretty_text(value: &Dynamic) -> Result<String, String> {
    serde_json::to_string_pretty(value).map_err(|error| error.to_string())
}

/// JSON as a value; the error says where it is malformed.
pub(crate) fn parse(bytes: &[u8]) -> Result<Dynamic, String> {
    match read::read(bytes) {
        Some(value) => Ok(value),
        None => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
    }
}
