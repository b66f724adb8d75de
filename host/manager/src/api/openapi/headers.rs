//! The headers of requests and answers that follow from what an operation is.

use serde_json::{Map, Value, json};

use crate::api::problem::ProblemType::{self, *};

/// POSTs and others whose answer shows a single thing, with its tag.
const TAGGED: &[&str] = &[
    "create_admin",
    "patch_admin",
    "create_invitation",
    "create_member",
    "patch_member",
    "create_app",
    "patch_app",
    "create_domain",
    "create_egress_rule",
    "verify_domain",
    "create_script",
    "put_script",
    "patch_script",
    "create_route",
    "put_route",
    "patch_route",
    "create_schedule",
    "put_schedule",
    "patch_schedule",
    "pause_schedule",
    "resume_schedule",
    "create_trigger",
    "put_trigger",
    "patch_trigger",
    "pause_trigger",
    "resume_trigger",
    "put_split",
    "put_kv",
    "get_file_content",
    "put_file_content",
    "put_secret",
    "create_job",
    "replay_dead_letter",
    "create_api_key",
];
/// What sets or clears the session's cookie.
const COOKIES: &[&str] = &["create_session", "delete_session", "put_password"];

/// The headers that answers refer to.
pub(super) fn components() -> Value {
    let header = |description: &str, example: &str| json!({ "description": description, "required": true, "schema": { "type": "string" }, "example": example });
    let mut retry_after = header("Seconds to wait before the next try.", "2");
    retry_after["schema"] = json!({ "type": "integer", "minimum": 1 });
    retry_after["example"] = json!(2);
    let mut replayed = header("`true`: this answer was given to an earlier request with the same `Idempotency-Key`.", "true");
    replayed["required"] = json!(false);
    json!({
        "X-Request-Id": header("Names the request in the instance's log: the caller's own `X-Request-Id`, if he sent one.", "deploy-42"),
        "ETag": header("Names this version, for `If-Match` and `If-None-Match`.", "\"9f86d081884c7d659a2feaa0c55ad015\""),
        "Retry-After": retry_after,
        "WWW-Authenticate": header("How to authenticate.", "Bearer realm=\"picloud\""),
        "Set-Cookie": header("The session's cookie; an empty one at its end.", "__Host-sid=...; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "Idempotency-Replayed": replayed,
        "Picloud-Execution-Id": header("The execution that answered.", "019a7635-9b1d-7a55-8f03-64d1c0a2e9f7"),
    })
}

fn named(names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect::<Map<_, _>>().into()
}

/// Of an answer with one of these problems.
pub(super) fn of_problems(alike: &[ProblemType]) -> Value {
    let waits = |kind: &ProblemType| {
        matches!(kind, Throttled | AppBusy | Unavailable | IdempotencyInFlight | ExecutionConflict | ExecutionUnavailable)
    };
    let mut names = vec!["X-Request-Id"];
    if alike.iter().all(|kind| matches!(kind, Unauthenticated | LoginFailed)) {
        names.push("WWW-Authenticate");
    }
    // A script that failed has run: its failure is repeated like an answer.
    if alike.iter().any(|kind| matches!(kind, ExecutionError | ExecutionDeadline | ExecutionLimit)) {
        names.push("Idempotency-Replayed");
    }
    let mut headers = named(&names);
    if alike.iter().all(waits) {
        headers["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" });
    } else if alike.iter().any(waits) {
        let seconds = json!({ "type": "integer", "minimum": 1 });
        headers["Retry-After"] = json!({ "description": "Where waiting helps: seconds.", "schema": seconds, "example": 1 });
    }
    headers
}

/// PUTs of what need not be there.
const CREATING: &[&str] = &["put_kv", "put_split", "put_file_content"];

/// Adds what is sent with requests: the headers of conditions and of repetition.
pub(super) fn add_parameters(operation: &mut Value, method: &str) {
    let of_somebody = operation["security"] != json!([{}]);
    let mut more = Vec::new();
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "description": description, "required": false, "schema": { "type": "string" } });
    if method == "post" && of_somebody {
        let text = "Names this request for 24 hours: repeated under the same key, it is carried out once and answered the same each time.";
        // No example: whoever copied it would send the same key with everything.
        let mut key = header("Idempotency-Key", text);
        key["schema"] = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$" });
        more.push(key);
    }
    if method == "get" && (is_json(&operation["responses"]["200"]) || operation["operationId"] == "get_file_content") {
        let text = "ETags that the caller has: 304 without a body if one of them is the present one.";
        more.push(header("If-None-Match", text));
    }
    if CREATING.contains(&operation["operationId"].as_str().unwrap_or_default()) {
        let text = "`*`: only if it is not there yet, else 412.";
        more.push(header("If-None-Match", text));
    }
    if !more.is_empty() {
        let parameters = operation.as_object_mut().map(|operation| operation.entry("parameters").or_insert_with(|| json!([])));
        if let Some(Value::Array(parameters)) = parameters {
            parameters.extend(more);
        }
    }
}

/// Adds the headers of what is no problem, and the answer without a body to a condition.
pub(super) fn add(operation: &mut Value, method: &str) {
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let replays = method == "post" && operation["security"] != json!([{}]);
    let conditional = method == "get" && (is_json(&operation["responses"]["200"]) || id == "get_file_content");
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        let succeeds = status.starts_with('2');
        let candidates = [
            (true, "X-Request-Id"),
            (succeeds && (conditional || TAGGED.contains(&id.as_str())), "ETag"),
            (succeeds && COOKIES.contains(&id.as_str()), "Set-Cookie"),
            ((succeeds || status == "default") && replays, "Idempotency-Replayed"),
            (id == "execute_script", "Picloud-Execution-Id"),
        ];
        response["headers"] = named(&candidates.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect::<Vec<_>>());
    }
    if conditional {
        let text = "An ETag of `If-None-Match` is the present one.";
        operation["responses"]["304"] = json!({ "description": text, "headers": named(&["X-Request-Id", "ETag"]) });
    }
}

fn is_json(response: &Value) -> bool {
    response["content"].get("application/json").is_some()
}
