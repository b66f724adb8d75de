//! An example for every body, made of its schema: where neither the schema nor the table below has a value, the type decides. So no
//! operation can be without one, and none can be of another shape than what it shows.

use serde_json::{Map, Value, json};

/// What fields of these names look like; the first that the schema takes.
const BY_NAME: &[(&str, &[&str])] = &[
    ("action", &["deployment.created"]),
    ("actor", &["ada"]),
    ("admin", &["ada"]),
    ("api", &["1.0.0"]),
    ("app", &["shop"]),
    ("call", &["http GET https://api.example.com/users"]),
    ("caret", &["      ^"]),
    ("check_result", &["The record was found."]),
    ("detail", &["The database is away."]),
    ("diff", &["@@ -1 +1 @@\n-1\n+2\n"]),
    ("display_name", &["Ada Lovelace"]),
    ("function", &[""]),
    ("guest", &["7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"]),
    ("hash", &["b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"]),
    ("host", &["shop.example.com"]),
    ("ip", &["192.0.2.7"]),
    ("items", &["script:read"]),
    ("key", &["cart:42"]),
    ("kind", &["endpoint", "exact"]),
    ("last4", &["x7Qd"]),
    ("level", &["info"]),
    ("message", &["Greet by name"]),
    ("method", &["GET"]),
    ("name", &["hello"]),
    ("next_cursor", &["MDE5YTc2"]),
    ("note", &["Ada, for the shop"]),
    ("outcome", &["ok"]),
    ("password", &["correct horse battery staple"]),
    ("path", &["/hello/:name"]),
    ("pointer", &["/source"]),
    ("prefix", &["pic_all_4fK2"]),
    ("previous_hash", &["0000000000000000000000000000000000000000000000000000000000000000"]),
    ("previous_name", &["hallo"]),
    ("product", &["0.1.0"]),
    ("result", &["200"]),
    ("role", &["member", "editor"]),
    ("scheme", &["https"]),
    ("script", &["hello"]),
    ("script_sdk", &["0.5.0"]),
    ("source", &["#{ hello: ctx.request.params.name }"]),
    ("source_digest", &["b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"]),
    ("source_line", &["let x ="]),
    ("status", &["ready", "pending", "verified"]),
    ("sticky", &["cookie:visitor"]),
    ("type", &["TXT"]),
    ("unit", &["instructions"]),
    ("url", &["http://7--shop.localhost:8080/.well-known/picloud/preview?token=..."]),
    ("user_agent", &["Mozilla/5.0"]),
    ("username", &["ada"]),
    ("why", &["GET /hello/:name is the most exact route for this request."]),
];
/// Numbers that are not 1.
const NUMBERS: &[(&str, u64)] = &[
    ("ceiling", 50_000_000_000),
    ("column", 7),
    ("default", 1_000_000_000),
    ("deployment", 7),
    ("expires_in_seconds", 3600),
    ("fuel_used", 48_211),
    ("memory_peak_bytes", 1_310_720),
    ("number", 7),
    ("percent", 5),
    ("port", 443),
    ("schema", 11),
    ("status", 200),
    ("start_us", 12),
    ("stop_above_error_rate", 5),
    ("wall_us", 41),
    ("wall_us_p50", 41),
    ("wall_us_p95", 97),
    ("wall_us_p99", 240),
    ("window_requests", 100),
];
/// What is null in a thing that is well, and what excludes a field beside it.
const NULL: &[&str] = &[
    "accepted_at",
    "accepted_by",
    "broken",
    "conflict",
    "digest",
    "ended_at",
    "ended_because",
    "error",
    "failing_since",
    "fields",
    "key_id",
    "previous_kind",
    "revoked_at",
    "static",
];
const FALSE: &[&str] = &["dry_run", "truncated"];

/// Gives every request body and every answer of an operation an example.
pub(super) fn add(operation: &mut Value, schemas: &Value) {
    let bodies = operation.get_mut("requestBody").into_iter();
    for body in bodies {
        illustrate(body, schemas);
    }
    for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        illustrate(response, schemas);
    }
}

fn illustrate(described: &mut Value, schemas: &Value) {
    let contents = described.get_mut("content").and_then(Value::as_object_mut);
    for (kind, content) in contents.into_iter().flatten() {
        if kind == "*/*" || kind == "application/octet-stream" {
            // Whatever a script takes and answers; bytes as they are.
            content["schema"] = json!({});
        }
        if content.get("example").is_none() && content.get("examples").is_none() {
            let text = match kind.as_str() {
                "text/html" => Some(json!("<!doctype html><title>PiCloud</title>")),
                "application/octet-stream" => Some(json!("day,visits\n1,42\n")),
                "*/*" => Some(json!("{\"hello\":\"ada\"}")),
                "application/json" if content["schema"] == json!({ "type": "object" }) => Some(json!({ "openapi": "3.1.0" })),
                _ => None,
            };
            content["example"] = text.unwrap_or_else(|| sample(&content["schema"], "", schemas));
        }
    }
}

/// A value that fits the schema.
pub(super) fn sample(schema: &Value, name: &str, schemas: &Value) -> Value {
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(&schemas[reference.rsplit('/').next().unwrap_or_default()], name, schemas);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| sample(part, name, schemas));
        return Value::Object(parts.filter_map(|part| part.as_object().cloned()).flatten().collect());
    }
    let types = types(schema);
    let choices = schema["oneOf"].as_array();
    let nullable = types.contains(&"null") || choices.is_some_and(|choices| choices.iter().any(|choice| choice["type"] == "null"));
    if nullable && NULL.contains(&name) {
        return Value::Null;
    }
    if let Some(choice) = choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")) {
        return sample(choice, name, schemas);
    }
    match types.iter().find(|kind| **kind != "null") {
        Some(&"object") => object(schema, schemas),
        Some(&"array") => json!([sample(&schema["items"], "items", schemas)]),
        Some(&"integer" | &"number") => json!(NUMBERS.iter().find(|(known, _)| *known == name).map_or(1, |(_, number)| *number)),
        Some(&"boolean") => json!(!FALSE.contains(&name)),
        Some(&"string") => Value::String(text(schema, name)),
        _ => json!({ "name": "hello" }),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn object(schema: &Value, schemas: &Value) -> Value {
    let mut fields = Map::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        fields.insert(name.clone(), sample(field, name, schemas));
    }
    if fields.is_empty() && schema["additionalProperties"].is_object() {
        let of = &schema["additionalProperties"];
        fields.insert(if types(of).contains(&"integer") { "fuel" } else { "name" }.to_owned(), sample(of, "default", schemas));
    }
    Value::Object(fields)
}

fn text(schema: &Value, name: &str) -> String {
    match schema["format"].as_str() {
        Some("uuid") => return "019a7635-5c2e-7c31-9d5b-0f4c5a1e7b20".to_owned(),
        Some("date-time") if name.starts_with("expires") || name.starts_with("next") => return "2026-04-02T08:30:00Z".to_owned(),
        Some("date-time") => return "2026-03-30T08:30:00Z".to_owned(),
        Some("password") => return "correct horse battery staple".to_owned(),
        _ => {}
    }
    let known = BY_NAME.iter().find(|(known, _)| *known == name).map_or(&[] as &[&str], |(_, texts)| *texts);
    let first = match schema["enum"].as_array() {
        Some(allowed) => known.iter().copied().find(|text| allowed.contains(&json!(text))).or_else(|| allowed.first()?.as_str()),
        None => known.first().copied(),
    };
    first.unwrap_or("text").to_owned()
}
