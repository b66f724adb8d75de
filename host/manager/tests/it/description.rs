//! `/openapi.json`: what is served is what is committed, and it covers what `docs/permissions.toml` covers.

use std::{collections::BTreeSet, path::Path};

use execution::limits::{AppLimits, Limit, Limits};
use manager::api::problem::ProblemType;
use serde_json::Value;

use crate::{
    documented::{DESCRIPTION, faults, resolved},
    support::Instance,
};

/// `METHOD /path` of every operation.
pub(crate) fn operations(description: &Value) -> BTreeSet<String> {
    let paths = description["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())).collect();
        methods
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn the_committed_description_is_the_served_one() {
    let instance = Instance::new().await;
    let served = instance.stranger().get("/openapi.json").await.expect(200);
    assert_eq!(served.at("/openapi"), "3.1.0");
    let text = String::from_utf8(served.bytes).unwrap();
    committed("openapi.json", &text);
}

#[test]
fn the_committed_list_of_problems_is_complete() {
    let mut text = "# Problems\n\nEvery failure of the API is `application/problem+json` (RFC 9457) and one of these.\n".to_owned();
    text.push_str("The `type` is `/problems/<slug>`.\n\n| slug | status | title | when |\n| --- | --- | --- | --- |\n");
    for kind in ProblemType::ALL {
        let row = format!("| `{}` | {} | {} | {} |\n", kind.slug(), kind.status().as_u16(), kind.title(), kind.meaning());
        text.push_str(&row);
    }
    committed("problems.md", &text);
}

#[test]
fn the_committed_page_of_limits_is_complete() {
    let mut text = "# Limits\n\nAn app has the default, and can be given what is between floor and ceiling. The operator of an instance can lower ceilings\n(`[limits]` in the configuration file); then defaults are no higher either.\n".to_owned();
    for (about, table) in [("One execution", Limits::ALL), ("One app", AppLimits::ALL)] {
        text.push_str(&format!("\n## {about}\n\n"));
        text.push_str("| limit | default | floor | ceiling | unit | why |\n| --- | --- | --- | --- | --- | --- |\n");
        for Limit { name, default, floor, ceiling, unit, reason, .. } in table {
            text.push_str(&format!("| `{name}` | {default} | {floor} | {ceiling} | {unit} | {reason} |\n"));
        }
    }
    text.push_str(&format!("\nOne script has at most {} bytes of source.\n", execution::limits::SOURCE_BYTES_MAX));
    committed("limits.md", &text);
}

/// Compares a generated page with the committed one, or writes it.
fn committed(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    #[expect(clippy::disallowed_methods, reason = "the only way to tell a test that it should write")]
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&file, text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == text,
        "docs/reference/{name} is not what the code says. Run this test again with UPDATE=1 to rewrite it, and commit it."
    );
}

#[tokio::test]
async fn every_operation_is_described_and_has_a_permission() {
    let description = manager::openapi();
    let oracle: toml::Table = toml::from_str(include_str!("../../../../docs/permissions.toml")).unwrap();
    let permitted: BTreeSet<String> = oracle["operations"].as_table().unwrap().keys().cloned().collect();
    assert_eq!(operations(&description), permitted);
    let mut ids = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["description"].is_string() || operation["summary"].is_string(), "{method} {path} says nothing");
            for response in operation["responses"].as_object().unwrap().values().map(resolved) {
                assert!(!response["description"].as_str().unwrap().is_empty(), "{method} {path}");
            }
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let description = manager::openapi();
    let mut waiting = vec![&description];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(description.pointer(pointer).is_some(), "{reference}");
                }
                waiting.extend(fields.values());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// `METHOD /path` and the operation itself, for each.
fn each() -> Vec<(String, &'static Value)> {
    let paths = DESCRIPTION["paths"].as_object().unwrap().iter();
    let of_path = |(path, item): (&String, &'static Value)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(|(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
            .collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

#[test]
fn every_body_has_examples_that_fit_their_schema() {
    let mut seen = 0;
    for (name, operation) in each() {
        let bodies = operation.get("requestBody").into_iter().chain(operation["responses"].as_object().unwrap().values());
        for (kind, content) in bodies.map(resolved).filter_map(|body| body["content"].as_object()).flatten() {
            let many = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
            let examples: Vec<_> = content.get("example").into_iter().chain(many).collect();
            assert!(!examples.is_empty(), "{name}: a body of {kind} without an example");
            for example in examples {
                let faults = faults(&content["schema"], example, "");
                assert!(faults.is_empty(), "{name}: {faults:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn every_operation_names_its_problems_and_headers() {
    let known: Vec<String> = ProblemType::ALL.iter().map(|kind| format!("/problems/{}", kind.slug())).collect();
    let mut named = BTreeSet::new();
    for (name, operation) in each() {
        let responses = operation["responses"].as_object().unwrap();
        let of_api = name.contains(" /api/");
        let public = operation["security"] == serde_json::json!([{}]);
        for (status, wanted) in [("500", of_api), ("503", of_api), ("401", of_api && !public)] {
            assert!(!wanted || responses.contains_key(status), "{name} has no {status}");
        }
        for (status, response) in responses {
            let response = resolved(response);
            assert!(response["headers"].get("X-Request-Id").is_some(), "{name} {status} without X-Request-Id");
            let has = |header: &str| response["headers"].get(header).is_some();
            assert!(has("WWW-Authenticate") || status != "401", "{name} {status}");
            assert!(has("Retry-After") || !["429", "503"].contains(&status.as_str()) || !of_api, "{name} {status}");
            assert!(has("ETag") || status != "304", "{name}");
            if let Some(problem) = response["content"].get("application/problem+json") {
                let types = problem["schema"]["allOf"][1]["properties"]["type"]["enum"].as_array().unwrap();
                assert!(types.iter().all(|kind| known.iter().any(|known| kind == known)), "{name}: {types:?}");
                assert_eq!(problem["examples"].as_object().unwrap().len(), types.len(), "{name} {status}");
                named.extend(types.iter().map(|kind| kind.as_str().unwrap().to_owned()));
            }
        }
        let parameter = |wanted: &str| operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == wanted));
        assert!(parameter("Idempotency-Key") == (name.starts_with("POST ") && !public), "{name}");
        let changes_one = ["PUT ", "PATCH ", "DELETE "].iter().any(|method| name.starts_with(method)) && name.contains('{');
        // A session of one's own has nothing but an end, and bytes by their digest have no versions.
        let is_one_only = name.contains("/sessions/") || name.contains("/assets/");
        assert!(parameter("If-Match") || !changes_one || is_one_only, "{name}");
    }
    // The router's own answer to another method is of no operation.
    let missing: Vec<_> = known.iter().filter(|kind| !named.contains(*kind) && *kind != "/problems/method_not_allowed").collect();
    assert!(missing.is_empty(), "no operation has {missing:?}");
}
