//! The value of a script as an answer: a map with `statusCode` is one, anything else is the body of a 200.

use rhai::{Array, Dynamic, Map};

use crate::{bindings::handler::Response, body, json};

/// Makes the answer. The error is a sentence for the script's developer.
pub(crate) fn from_value(value: Dynamic, body_max: u64, was_started: bool) -> Result<Response, String> {
    if was_started {
        return after_pieces(&value);
    }
    let response = if value.read_lock::<Map>().is_some_and(|map| map.contains_key("statusCode")) {
        from_map(value.cast::<Map>())?
    } else {
        let status = if value.is_unit() { 204 } else { 200 };
        with_body(status, Vec::new(), value)?
    };
    if response.body.len() as u64 > body_max {
        return Err(format!("the body of the answer has {} bytes, and {body_max} are allowed", response.body.len()));
    }
    Ok(response)
}

/// Nothing is left to say: the host knows what was sent.
fn after_pieces(value: &Dynamic) -> Result<Response, String> {
    if !value.is_unit() {
        let kind = json::kind(value);
        return Err(format!(
            "the answer was begun with `response::start`, so the script must end with `()`, and it ended with a value ({kind})"
        ));
    }
    Ok(Response { status: 200, headers: Vec::new(), body: Vec::new() })
}

fn from_map(mut map: Map) -> Result<Response, String> {
    let status = map.get("statusCode").and_then(|value| value.as_int().ok());
    let status = status.filter(|status| (200..=599).contains(status)).ok_or("`statusCode` must be a whole number from 200 to 599")?;
    let headers = match map.get("headers") {
        None => Vec::new(),
        Some(value) if value.is_unit() => Vec::new(),
        Some(value) => header_pairs(&*value.read_lock::<Map>().ok_or("`headers` must be a map")?)?,
    };
    with_body(status as u16, headers, map.remove("body").unwrap_or(Dynamic::UNIT))
}

/// Header fields as a map has them: a value is text, a number, or an array of them.
pub(crate) fn header_pairs(map: &Map) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::with_capacity(map.len());
    for (name, value) in map {
        match value.read_lock::<Array>() {
            Some(values) => {
                for value in values.iter() {
                    pairs.push((name.to_string(), header_value(name, value)?));
                }
            }
            None => pairs.push((name.to_string(), header_value(name, value)?)),
        }
    }
    Ok(pairs)
}

fn header_value(name: &str, value: &Dynamic) -> Result<String, String> {
    if value.is_string() || value.is_int() || value.is_float() || value.is_bool() || value.is_char() {
        Ok(value.to_string())
    } else {
        Err(format!("header `{name}` must be a string, a number or an array of them, not {}", json::kind(value)))
    }
}

fn with_body(status: u16, mut headers: Vec<(String, String)>, value: Dynamic) -> Result<Response, String> {
    let (body, content_type) = body::write(value)?;
    body::declare(&mut headers, content_type);
    Ok(Response { status, headers, body })
}
