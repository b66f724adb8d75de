//! Bodies, of requests and of answers, as values of a script: what comes in, and what goes out.

use rhai::{Blob, Dynamic, ImmutableString};

use crate::json;

/// What came: JSON when the content type says so, else text, else a blob; `()` if nothing came. And where the JSON is malformed.
pub(crate) fn read(bytes: &[u8], content_type: Option<&str>) -> (Dynamic, Option<String>) {
    if bytes.is_empty() {
        return (Dynamic::UNIT, None);
    }
    let error = match content_type.is_some_and(is_json).then(|| json::parse(bytes)) {
        Some(Ok(value)) => return (value, None),
        Some(Err(error)) => Some(error),
        None => None,
    };
    let value = std::str::from_utf8(bytes).map_or_else(|_| Dynamic::from_blob(bytes.to_vec()), |text| text.to_owned().into());
    (value, error)
}

/// What goes: the bytes and, if there are any, their content type. The bytes are the value's own where that can be: a large body
/// fits into memory once, not always twice.
pub(crate) fn write(value: Dynamic) -> Result<(Vec<u8>, Option<&'static str>), String> {
    Ok(if value.is_unit() {
        (Vec::new(), None)
    } else if value.is_string() {
        (value.cast::<ImmutableString>().into_owned().into_bytes(), Some("text/plain; charset=utf-8"))
    } else if value.is_blob() {
        (value.cast::<Blob>(), Some("application/octet-stream"))
    } else {
        let json = json::to_bytes(&value).map_err(|error| format!("the body cannot be written as JSON: {error}"))?;
        (json, Some("application/json"))
    })
}

/// Adds the content type of a body, unless the script has set one.
pub(crate) fn declare(headers: &mut Vec<(String, String)>, content_type: Option<&'static str>) {
    if let Some(content_type) = content_type
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
}

/// `application/json`, and what ends in `+json` (RFC 6839), parameters aside.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let ends_with =
        |end: &str| essence.len() >= end.len() && essence.as_bytes()[essence.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes());
    essence.eq_ignore_ascii_case("application/json") || ends_with("+json")
}
