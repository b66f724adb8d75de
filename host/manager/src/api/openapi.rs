//! The description of the API, made from the handlers themselves. Committed as `docs/reference/openapi.json`.

mod examples;
mod headers;
mod problems;

use std::sync::LazyLock;

use serde_json::{Map, Value};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::problem::ProblemBody;

/// What the handlers do not say themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "PiCloud admin API",
        version = "1",
        description = "Everything the dashboard and the command line do. Programs send an API key; the dashboard has a session's cookie.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    security(("api_key" = []), ("session" = [])),
    modifiers(&Credentials),
    tags(
        (name = "session", description = "Logging in and out; one's own sessions and password"),
        (name = "admins", description = "The people who log in"),
        (name = "invitations", description = "How people get an account"),
        (name = "members", description = "Who works on an app"),
        (name = "apps", description = "The isolation boundary"),
        (name = "domains", description = "Host names that apps claim"),
        (name = "secrets", description = "Values that scripts read and nobody sees"),
        (name = "queue", description = "Calls of scripts that run later, and those that failed for good"),
        (name = "topics", description = "Messages that scripts publish"),
        (name = "recordings", description = "Executions that can be run again"),
        (name = "egress", description = "What the scripts of apps may call"),
        (name = "scripts", description = "Rhai sources"),
        (name = "routes", description = "Which requests reach which script"),
        (name = "schedules", description = "Scripts that run at their times"),
        (name = "triggers", description = "Scripts that run when something happens in their app"),
        (name = "deployments", description = "What ran when"),
        (name = "assets", description = "Files that belong to deployments"),
        (name = "executions", description = "What ran, how it ended, what it used"),
        (name = "usage", description = "What executions came to, over time"),
        (name = "logs", description = "What scripts logged"),
        (name = "api-keys", description = "Credentials of programs"),
        (name = "audit", description = "Who changed what"),
        (name = "limits", description = "Every number a script can hit"),
        (name = "execute", description = "Calling a script by its id"),
        (name = "status", description = "The process itself"),
    ),
)]
pub(super) struct Description;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, api: &mut openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("pic_<kind>_<36 characters>").build();
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
        let cookie =
            ApiKeyValue::with_description("__Host-sid", "`sid-dev` over http://localhost. Changes also need Sec-Fetch-Site or Origin.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The complete description: what the handlers say, and what follows from it.
#[must_use]
pub fn openapi() -> Value {
    let mut api = serde_json::to_value(super::routes_and_description().into_openapi()).unwrap_or_default();
    let schemas = api["components"]["schemas"].clone();
    let mut responses = Map::new();
    for (path, item) in api["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            headers::add_parameters(operation, method);
            describe(operation);
            headers::add(operation, method);
            examples::add(operation, &schemas);
            let problems = problems::of(method, path, operation);
            problems::add(operation, &problems, &mut responses);
        }
    }
    api["components"]["responses"] = Value::Object(responses);
    api["components"]["headers"] = headers::components();
    api
}

/// OpenAPI 3.1 wants a sentence for each status.
fn describe(operation: &mut Value) {
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if response["description"].as_str().is_none_or(str::is_empty) {
            let text = match status.as_str() {
                "201" => "Created.",
                "204" => "Done.",
                "503" => "Not now.",
                _ => "What was asked for.",
            };
            response["description"] = Value::from(text);
        }
    }
}

/// The description as it is served and committed.
pub(super) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&openapi()).unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}
