//! Which problems each operation can answer with. What all operations of a kind have in common follows from the operation; the rest is in
//! one table. The tests hold every answer they get against it.

use serde_json::{Map, Value, json};

use super::headers;
use crate::api::problem::ProblemType::{self, *};

/// Operations that show or change nothing but what is the caller's own: no scope can be missing.
const OF_ONESELF: &[&str] = &[
    "create_session",
    "get_session",
    "delete_session",
    "put_password",
    "list_sessions",
    "delete_other_sessions",
    "delete_one_session",
    "list_limits",
    "accept_invitation",
];
/// Operations that name nothing: nothing can be missing.
const OF_NOTHING: &[&str] = &[
    "create_session",
    "get_session",
    "delete_session",
    "put_password",
    "list_sessions",
    "delete_other_sessions",
    "list_limits",
    "list_apps",
    "create_app",
    "list_admins",
    "create_admin",
];

/// What follows from nothing else.
fn own(operation: &str) -> &'static [ProblemType] {
    match operation {
        "create_session" => &[LoginFailed, CrossSite, Throttled],
        "list_sessions" | "delete_other_sessions" | "delete_one_session" => &[SessionOnly],
        "put_password" => &[SessionOnly, LoginFailed, Throttled],
        "create_admin" => &[OwnerOnly, NameTaken],
        "patch_admin" => &[OwnerOnly, InUse],
        "reset_password" => &[OwnerOnly],
        "create_invitation" => &[OwnerOnly, LimitReached],
        "accept_invitation" => &[NameTaken, CrossSite, Throttled],
        "create_member" => &[NameTaken, Throttled],
        "create_app" => &[NameTaken],
        "create_domain" => &[NameTaken, LimitReached],
        "create_egress_rule" => &[NameTaken, LimitReached],
        "replay_execution" | "try_faults" => &[NotReplayable],
        "put_secret" | "create_job" => &[LimitReached],
        "verify_domain" => &[NameTaken, DomainPending, Throttled],
        "create_script" | "put_script" | "patch_script" => &[NameTaken, RouteConflict, ScriptInvalid, ScriptImport, ScriptTooLarge],
        "delete_script" => &[ScriptInvalid, ScriptImport],
        "validate_script" => &[ScriptTooLarge],
        "create_schedule" | "create_trigger" => &[NameTaken, LimitReached],
        "put_schedule" | "patch_schedule" | "put_trigger" | "patch_trigger" => &[NameTaken],
        "run_schedule" => &[LimitReached],
        "create_route" | "put_route" | "patch_route" => &[RouteConflict, AssetMissing],
        "create_deployment" => {
            &[NameTaken, RouteConflict, PreconditionFailed, ScriptInvalid, ScriptImport, ScriptTooLarge, AssetMissing, ExecutionQuota]
        }
        "put_split" => &[InUse],
        "stream_logs" | "export_audit" | "verify_audit" => &[Throttled],
        "list_api_keys" | "create_api_key" | "get_api_key" | "revoke_api_key" => &[SessionOnly],
        "test_script" => &[AppBusy, Throttled],
        "execute_script" => &[
            KeyOnly,
            AppBusy,
            MalformedJson,
            BodyTooLarge,
            ExecutionError,
            ExecutionDeadline,
            ExecutionLimit,
            ExecutionQuota,
            ExecutionConflict,
            ExecutionUnavailable,
        ],
        "put_kv" => &[ExecutionQuota],
        "put_asset" | "put_file_content" => &[ExecutionQuota, BodyTooLarge, MalformedJson],
        _ => &[],
    }
}

/// All that an operation can answer with, in the order of the list of problems.
pub(super) fn of(method: &str, path: &str, operation: &Value) -> Vec<ProblemType> {
    if !path.starts_with("/api/") {
        return Vec::new();
    }
    let id = operation["operationId"].as_str().unwrap_or_default();
    let parameters = operation["parameters"].as_array();
    let has = |place: &str, name: Option<&str>| {
        let is = |one: &Value| one["in"] == place && name.is_none_or(|name| one["name"] == name);
        parameters.is_some_and(|all| all.iter().any(is))
    };
    let of_somebody = operation["security"] != json!([{}]);
    let is_json = operation["requestBody"]["content"].get("application/json").is_some();
    let mut all = own(id).to_vec();
    all.extend([Internal, Unavailable]);
    let rules: &[(bool, &[ProblemType])] = &[
        (of_somebody, &[Unauthenticated, KeyElsewhere]),
        (of_somebody && method != "get", &[CrossSite]),
        (of_somebody && !OF_ONESELF.contains(&id), &[MissingScope]),
        (!OF_NOTHING.contains(&id), &[NotFound]),
        (has("query", None), &[InvalidRequest]),
        (is_json, &[MalformedJson, InvalidRequest, BodyTooLarge, MediaType]),
        (has("header", Some("If-Match")), &[PreconditionFailed]),
        (
            has("header", Some("Idempotency-Key")),
            &[InvalidRequest, MalformedJson, BodyTooLarge, IdempotencyInFlight, IdempotencyAnswerGone, IdempotencyOtherRequest, Throttled],
        ),
    ];
    all.extend(rules.iter().filter(|(applies, _)| *applies).flat_map(|(_, problems)| *problems));
    ProblemType::ALL.iter().copied().filter(|kind| all.contains(kind)).collect()
}

/// Names the problems of an operation by their statuses; the answers themselves go to `components`, where equal ones are one.
pub(super) fn add(operation: &mut Value, problems: &[ProblemType], components: &mut Map<String, Value>) {
    for first in problems {
        let alike: Vec<_> = problems.iter().copied().filter(|kind| kind.status() == first.status()).collect();
        let slugs: Vec<_> = alike.iter().map(|kind| kind.slug()).collect();
        let name = format!("{}-{}", first.status().as_u16(), slugs.join("-"));
        operation["responses"][first.status().as_str()] = json!({ "$ref": format!("#/components/responses/{name}") });
        components.entry(name).or_insert_with(|| response(&alike));
    }
}

/// One answer, with all its types of problems.
fn response(alike: &[ProblemType]) -> Value {
    let lines: Vec<_> = alike.iter().map(|kind| format!("`{}`: {}", kind.slug(), kind.meaning())).collect();
    let status = alike.first().map_or(0, |kind| kind.status().as_u16());
    let types: Vec<_> = alike.iter().map(|kind| format!("/problems/{}", kind.slug())).collect();
    let examples: Map<_, _> = alike.iter().map(|kind| (kind.slug().to_owned(), json!({ "value": example(*kind) }))).collect();
    let schema = json!({ "allOf": [
        { "$ref": "#/components/schemas/Problem" },
        { "type": "object", "properties": { "type": { "enum": types }, "status": { "const": status } } },
    ] });
    json!({
        "description": lines.join(" "),
        "headers": headers::of_problems(alike),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } },
    })
}

fn example(kind: ProblemType) -> Value {
    let mut body = json!({
        "type": format!("/problems/{}", kind.slug()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": kind.meaning(),
        "request_id": "019a7635-5c2e-7c31-9d5b-0f4c5a1e7b20",
    });
    let id = "019a7635-9b1d-7a55-8f03-64d1c0a2e9f7";
    match kind {
        InvalidRequest => body["errors"] = json!([{ "pointer": "/name", "message": "missing field `name`." }]),
        ScriptInvalid => {
            body["errors"] = json!([{
                "pointer": "/source", "message": "Unexpected end of script", "line": 1, "column": 8, "source_line": "let x =", "caret": "       ^",
            }]);
        }
        MissingScope => body["missing_scope"] = json!("script:write"),
        NameTaken | RouteConflict | IdempotencyAnswerGone => body["other_id"] = json!(id),
        ExecutionError | ExecutionDeadline | ExecutionLimit | ExecutionConflict | ExecutionUnavailable => body["execution_id"] = json!(id),
        _ => {}
    }
    body
}
