//! The description of the API, made from the handlers themselves. Committed as `docs/reference/openapi.json`.

use std::sync::LazyLock;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Content, Ref, RefOr, ResponseBuilder,
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
        (name = "scripts", description = "Rhai sources"),
        (name = "routes", description = "Which requests reach which script"),
        (name = "deployments", description = "What ran when"),
        (name = "executions", description = "What ran, how it ended, what it used"),
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

/// The complete description.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    let mut api = super::routes_and_description().into_openapi();
    for item in api.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().filter_map(Option::as_mut);
        for operation in operations {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    response.description = described(status).to_owned();
                }
            }
            let problem = ResponseBuilder::new()
                .description("A problem: RFC 9457, of a closed list of types.")
                .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
                .build();
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
        }
    }
    api
}

/// OpenAPI 3.1 wants a sentence for each status.
fn described(status: &str) -> &'static str {
    match status {
        "201" => "Created.",
        "204" => "Done.",
        "503" => "Not now.",
        _ => "What was asked for.",
    }
}

/// The description as it is served and committed.
pub(super) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = openapi().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}
