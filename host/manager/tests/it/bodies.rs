//! Every operation that takes a JSON body, with every way in which one can be wrong: generated from the description.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::{
    documented::{DESCRIPTION, resolved},
    support::{Answer, Caller, Instance},
    things::{About, things},
};

/// An operation and a body that it takes, or would take but for what the body is about.
struct Taking {
    name: String,
    method: Method,
    path: String,
    schema: &'static Value,
    body: Value,
}

async fn all(owner: &Caller<'_>) -> Vec<Taking> {
    let things = things(owner, &[], 1).await;
    let mut all = Vec::new();
    for (path, item) in DESCRIPTION["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            if content.is_null() {
                continue;
            }
            let name = format!("{} {path}", method.to_uppercase());
            let body = things.body(&name, About::App).unwrap_or_else(|| content["example"].clone());
            let schema = not_null(&content["schema"]);
            all.push(Taking { method: method.to_uppercase().parse().unwrap(), path: things.path(path, About::App), schema, body, name });
        }
    }
    assert!(all.len() > 20, "{}", all.len());
    all
}

/// The schema of what is there, of something that may be left out.
fn not_null(schema: &'static Value) -> &'static Value {
    let choice = schema["oneOf"].as_array().and_then(|choices| choices.iter().find(|choice| choice["type"] != "null"));
    resolved(choice.unwrap_or(schema))
}

async fn send(caller: &Caller<'_>, taking: &Taking, body: impl Into<Body>, kind: &str) -> Answer {
    let mut request: Request<Body> = caller.request(taking.method.clone(), &taking.path, None);
    request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
    *request.body_mut() = body.into();
    caller.instance.send(request).await
}

/// A copy of `body` in which the value at `pointer` is replaced, or taken away.
fn with(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut copy = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let fields = copy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => fields.insert(name.to_owned(), value),
        None => fields.remove(name),
    };
    copy
}

/// Every object in a body: its pointer and its schema.
fn objects(schema: &'static Value, value: &Value, at: &str, found: &mut Vec<(String, &'static Value)>) {
    let schema = not_null(schema);
    if let Some(fields) = value.as_object().filter(|_| schema["properties"].is_object()) {
        found.push((at.to_owned(), schema));
        for (name, field) in fields {
            objects(&schema["properties"][name], field, &format!("{at}/{name}"), found);
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        objects(&schema["items"], item, &format!("{at}/{index}"), found);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    for taking in all(&owner).await {
        for malformed in ["{\"a\":", "", "nonsense", "{} {}", "\u{feff}{}"] {
            if malformed.is_empty() && resolved(&taking.schema["required"]).is_null() {
                continue;
            }
            let answer = send(&owner, &taking, malformed, "application/json").await;
            assert_eq!((answer.status.as_u16(), answer.at("/type")), (400, &json!("/problems/request.malformed")), "{}", taking.name);
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"] {
            let answer = send(&owner, &taking, taking.body.to_string(), kind).await;
            assert_eq!((answer.status.as_u16(), answer.at("/type")), (415, &json!("/problems/request.media_type")), "{}", taking.name);
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(manager::MANIFEST_BYTES_MAX));
        let answer = send(&owner, &taking, long, "application/json").await;
        assert_eq!((answer.status.as_u16(), answer.at("/type")), (413, &json!("/problems/request.too_large")), "{}", taking.name);
    }
}

#[tokio::test]
async fn each_wrong_field_is_named_by_its_pointer() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let mut tried = 0;
    for taking in all(&owner).await {
        let mut found = Vec::new();
        objects(taking.schema, &taking.body, "", &mut found);
        assert!(!found.is_empty(), "{}", taking.name);
        for other in ["[]", "[\"a\", \"b\", \"c\"]", "\"a\"", "7"] {
            let answer = send(&owner, &taking, other, "application/json").await;
            assert_eq!((answer.status.as_u16(), answer.at("/type")), (400, &json!("/problems/request.invalid")), "{} {other}", taking.name);
        }
        for (at, schema) in found {
            assert_eq!(schema["additionalProperties"], false, "{} {at} takes unknown fields", taking.name);
            let mut wrong = vec![(format!("{at}/no_such_field"), Some(json!(1)))];
            for (name, field) in schema["properties"].as_object().unwrap() {
                let field = not_null(field);
                // Takes anything.
                if field["type"].is_null() && field["enum"].is_null() {
                    continue;
                }
                let takes_a_list =
                    field["type"] == "array" || field["type"].as_array().is_some_and(|types| types.contains(&json!("array")));
                wrong.push((format!("{at}/{name}"), Some(if takes_a_list { json!({}) } else { json!([]) })));
            }
            let required = schema["required"].as_array().into_iter().flatten();
            wrong.extend(required.map(|name| (format!("{at}/{}", name.as_str().unwrap()), None)));
            for (pointer, value) in wrong {
                let body = with(&taking.body, &pointer, value);
                let answer = send(&owner, &taking, body.to_string(), "application/json").await;
                let told = (answer.status.as_u16(), answer.at("/type"), answer.at("/errors/0/pointer"));
                assert_eq!(told, (400, &json!("/problems/request.invalid"), &json!(pointer)), "{} {body}", taking.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "{tried}");
}
