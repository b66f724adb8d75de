//! Every answer that any test gets is held against the description: its status, its headers, the type of its problem, its body.

use std::sync::LazyLock;

use http::Method;
use serde_json::Value;

use crate::support::Answer;

/// What is served as `/openapi.json`.
pub(crate) static DESCRIPTION: LazyLock<Value> = LazyLock::new(manager::openapi);

/// Follows a reference.
pub(crate) fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => DESCRIPTION.pointer(reference.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

/// Panics if the answer is not one of those that the description names. A path that is none of the API's is not looked at.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else { return };
    let what = format!("{method} {path}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    let responses = &operation["responses"];
    let response = responses.get(answer.status.as_str()).or_else(|| responses.get("default"));
    let response = resolved(response.unwrap_or_else(|| panic!("no such status is documented: {what}")));
    headers(response, answer, &what);
    let sent = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap().split(';').next().unwrap().to_owned());
    let contents = response["content"].as_object();
    match (sent, contents) {
        (None, None) => assert!(answer.bytes.is_empty(), "a body that is not documented: {what}"),
        (Some(sent), Some(contents)) => {
            let content = contents.get(&sent).or_else(|| contents.get("*/*"));
            let content = content.unwrap_or_else(|| panic!("{sent} is not documented: {what}"));
            if sent.ends_with("json") && sent != "application/x-ndjson" && !contents.contains_key("*/*") {
                let faults = faults(&content["schema"], &answer.json, "");
                assert!(faults.is_empty(), "{faults:?}: {what}");
            }
        }
        // An answer of a script, and what has a type though its body may be empty.
        (None, Some(contents)) => assert!(contents.contains_key("*/*"), "the body is missing: {what}"),
        (Some(sent), None) => panic!("{sent} is not documented: {what}"),
    }
}

fn headers(response: &Value, answer: &Answer, what: &str) {
    let empty = serde_json::Map::new();
    let documented = response["headers"].as_object().unwrap_or(&empty);
    for (name, header) in documented {
        let is_there = answer.headers.contains_key(name.to_ascii_lowercase());
        assert!(is_there || resolved(header)["required"] != true, "without {name}: {what}");
    }
    for name in ["etag", "retry-after", "www-authenticate", "set-cookie", "idempotency-replayed", "picloud-execution-id", "x-request-id"] {
        let is_documented = documented.keys().any(|known| known.eq_ignore_ascii_case(name));
        assert!(is_documented || !answer.headers.contains_key(name), "{name} is not documented: {what}");
    }
}

/// The operation of a request, the most exact first: `/routes/check` before `/routes/{id}`.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let paths = DESCRIPTION["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (parts, sent) = (template.split('/'), path.split('/'));
        parts.clone().count() == sent.clone().count()
            && parts.zip(sent).all(|(part, sent)| part == sent || part.starts_with('{') && !sent.is_empty())
    };
    let found = paths.iter().filter(|(template, _)| fits(template)).min_by_key(|(template, _)| template.matches('{').count())?;
    found.1.get(method.as_str().to_ascii_lowercase())
}

/// Where a value does not fit a schema: of JSON Schema as much as the description uses.
pub(crate) fn faults(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(schema);
    let mut found = Vec::new();
    let mut miss = |what: &str| found.push(format!("{at}: {what}: {value}"));
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is(kind, value)) {
        miss(&format!("not of {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        miss("none of the values");
    }
    if schema.get("const").is_some_and(|only| only != value) {
        miss("not the value");
    }
    if let Some(text) = value.as_str() {
        let fits = match schema["format"].as_str() {
            Some("uuid") => text.parse::<uuid::Uuid>().is_ok(),
            Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
            _ => true,
        };
        if !fits {
            miss("not of the format");
        }
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
        && number < least
    {
        miss("below the minimum");
    }
    found.extend(members(schema, value, at));
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(faults(part, value, at));
    }
    for any in ["oneOf", "anyOf"].iter().filter_map(|word| schema[word].as_array()) {
        if !any.iter().any(|choice| faults(choice, value, at).is_empty()) {
            found.push(format!("{at}: none of the choices: {value}"));
        }
    }
    found
}

fn members(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(fields) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                found.push(format!("{at}/{name}: missing"));
            }
        }
        for (name, field) in fields {
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(known), _) => found.extend(faults(known, field, &format!("{at}/{name}"))),
                (None, Value::Bool(false)) => found.push(format!("{at}/{name}: unknown")),
                (None, more @ Value::Object(_)) => found.extend(faults(more, field, &format!("{at}/{name}"))),
                (None, _) => {}
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(&schema["items"], item, &format!("{at}/{index}")));
    }
    found
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => kind == "null" && value.is_null(),
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = serde_json::json!({
        "type": "object", "required": ["id", "kind"], "additionalProperties": false,
        "properties": {
            "id": { "type": "string", "format": "uuid" }, "kind": { "enum": ["a"] }, "many": { "type": "array", "items": { "type": "integer" } },
            "maybe": { "oneOf": [{ "type": "object", "required": ["x"] }, { "type": "null" }] },
        },
    });
    let id = "019a7635-5c2e-7c31-9d5b-0f4c5a1e7b20";
    let fits = serde_json::json!({ "id": id, "kind": "a", "many": [1], "maybe": null });
    assert!(faults(&schema, &fits, "").is_empty());
    for (name, value) in [("id", "x"), ("kind", "b"), ("many", "x"), ("maybe", "x"), ("more", "x")] {
        let mut wrong = fits.clone();
        wrong[name] = value.into();
        assert!(!faults(&schema, &wrong, "").is_empty(), "{name}");
    }
    let mut without = fits.clone();
    without.as_object_mut().unwrap().remove("kind");
    assert_eq!(faults(&schema, &without, ""), ["/kind: missing"]);
}
