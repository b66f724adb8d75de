//! The constant `ctx`: what a script is told about its run.

use std::cell::RefCell;

use rhai::{Array, Blob, Dynamic, Engine, Map, Module};

use crate::{
    bindings::handler::{Invocation, Request},
    json,
};

type Pairs = Vec<(String, String)>;

/// What of the request is asked for by calls, since most scripts don't ask.
#[derive(Default)]
struct Rest {
    query: Pairs,
    headers: Pairs,
    body: Vec<u8>,
}

thread_local! {
    static REST: RefCell<Rest> = RefCell::default();
    /// Functions of a script see no variable but those of modules: so `ctx` is one, filled in for each run.
    static CTX: Dynamic = Dynamic::UNIT.into_shared();
}

/// Fills in `ctx` and returns it.
pub(crate) fn set(call: Invocation) -> Dynamic {
    let mut ctx = CTX.with(Dynamic::clone);
    if let Some(mut value) = ctx.write_lock::<Dynamic>() {
        *value = build(call).into_read_only();
    }
    ctx
}

fn build(call: Invocation) -> Dynamic {
    let mut ctx = Map::new();
    let mut set = |name: &str, value: Dynamic| ctx.insert(name.into(), value);
    set("execution_id", call.execution_id.into());
    set("request_id", call.request_id.into());
    set("script_id", call.script_id.into());
    set("script_name", call.script_name.into());
    set("app", call.app.into());
    set("deployment", i64::from(call.deployment).into());
    set("invocation_type", call.invocation_type.into());
    if let Some(request) = call.request {
        set("request", from_request(request));
    }
    Dynamic::from_map(ctx)
}

fn from_request(request: Request) -> Dynamic {
    let mut map = Map::new();
    let content_type = request.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let (body, json_error) = parse_body(content_type, &request.body);
    let mut set = |name: &str, value: Dynamic| map.insert(name.into(), value);
    set("body", body);
    if let Some(error) = json_error {
        set("json_error", error.into());
    }
    set("headers", first_values(&request.headers));
    set("query", first_values(&request.query));
    set("params", first_values(&request.params));
    set("method", request.method.into());
    set("path", request.path.into());
    set("host", request.host.into());
    set("scheme", request.scheme.into());
    set("client_ip", request.client_ip.into());
    REST.set(Rest { query: request.query, headers: request.headers, body: request.body });
    Dynamic::from_map(map)
}

/// JSON when the content type says so, else text, else a blob; and where the JSON is malformed.
fn parse_body(content_type: Option<&str>, body: &[u8]) -> (Dynamic, Option<String>) {
    if body.is_empty() {
        return (Dynamic::UNIT, None);
    }
    let error = match content_type.is_some_and(is_json).then(|| json::parse(body)) {
        Some(Ok(value)) => return (value, None),
        Some(Err(error)) => Some(error),
        None => None,
    };
    let value = std::str::from_utf8(body).map_or_else(|_| Dynamic::from_blob(body.to_vec()), |text| text.to_owned().into());
    (value, error)
}

/// `application/json`, and what ends in `+json` (RFC 6839), parameters aside.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let ends_with =
        |end: &str| essence.len() >= end.len() && essence.as_bytes()[essence.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes());
    essence.eq_ignore_ascii_case("application/json") || ends_with("+json")
}

fn first_values(pairs: &Pairs) -> Dynamic {
    let mut map = Map::new();
    for (name, value) in pairs {
        map.entry(name.as_str().into()).or_insert_with(|| value.as_str().into());
    }
    Dynamic::from_map(map)
}

fn all_values(pairs: &Pairs, name: &str) -> Array {
    pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str().into()).collect()
}

/// `ctx`, and the methods of `ctx.request`: `raw()`, `query_all(name)`, `headers_all(name)`.
pub(crate) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_var("ctx", CTX.with(Dynamic::clone));
    engine.register_global_module(module.into());
    engine.register_fn("raw", |_request: &mut Map| -> Blob { REST.with_borrow(|rest| rest.body.clone()) });
    engine.register_fn("query_all", |_request: &mut Map, name: &str| REST.with_borrow(|rest| all_values(&rest.query, name)));
    engine.register_fn("headers_all", |_request: &mut Map, name: &str| {
        REST.with_borrow(|rest| all_values(&rest.headers, &name.to_ascii_lowercase()))
    });
}
