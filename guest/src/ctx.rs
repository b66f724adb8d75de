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
    map_of([
        ("app", Some(call.app.into())),
        ("deployment", Some(i64::from(call.deployment).into())),
        ("execution_id", Some(call.execution_id.into())),
        ("invocation_type", Some(call.invocation_type.into())),
        ("request", call.request.map(from_request)),
        ("request_id", Some(call.request_id.into())),
        ("script_id", Some(call.script_id.into())),
        ("script_name", Some(call.script_name.into())),
    ])
}

fn from_request(request: Request) -> Dynamic {
    let content_type = request.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let (body, json_error) = parse_body(content_type, &request.body);
    let map = map_of([
        ("body", Some(body)),
        ("client_ip", Some(request.client_ip.into())),
        ("headers", Some(first_values(&request.headers))),
        ("host", Some(request.host.into())),
        ("json_error", json_error.map(Dynamic::from)),
        ("method", Some(request.method.into())),
        ("params", Some(first_values(&request.params))),
        ("path", Some(request.path.into())),
        ("query", Some(first_values(&request.query))),
        ("scheme", Some(request.scheme.into())),
    ]);
    REST.set(Rest { query: request.query, headers: request.headers, body: request.body });
    map
}

/// A map of the fields that are there. Named in the order of the alphabet, they are laid down without a search each.
fn map_of<const N: usize>(fields: [(&'static str, Option<Dynamic>); N]) -> Dynamic {
    Dynamic::from_map(fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect::<Map>())
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

/// Collecting keeps the last of equal names, so the pairs come from the end.
fn first_values(pairs: &Pairs) -> Dynamic {
    Dynamic::from_map(pairs.iter().rev().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect::<Map>())
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
