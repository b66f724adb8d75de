//! The constant `ctx`: what a script is told about its run.

use std::cell::OnceCell;

use rhai::{Array, Blob, Dynamic, Engine, Map, Module};

use crate::{
    body,
    call::{Call, Pairs, Text},
    fields::{self, Fields},
    json, sdk,
};

thread_local! {
    /// The call of this run, for what is asked by methods.
    static CALL: OnceCell<Call> = const { OnceCell::new() };
    /// Functions of a script see no variable but those of modules: so `ctx` is one, filled in for each run.
    static CTX: Dynamic = Dynamic::UNIT.into_shared();
}

/// Fills in `ctx` with the fields that the script names, and returns it.
pub(crate) fn set(call: Call, named: Fields) -> Dynamic {
    let mut ctx = CTX.with(Dynamic::clone);
    CALL.with(|cell| {
        let call = cell.get_or_init(|| call);
        if let Some(mut value) = ctx.write_lock::<Dynamic>() {
            *value = build(call, named).into_read_only();
        }
    });
    ctx
}

fn build(call: &Call, named: Fields) -> Dynamic {
    map_of(
        &fields::CTX,
        |index| named.has(index),
        |name| {
            Some(match name {
                "app" => call.text(Text::App).into(),
                "deployment" => i64::from(call.deployment).into(),
                "event" => return event(call),
                "execution_id" => call.text(Text::ExecutionId).into(),
                "invocation_type" => call.text(Text::InvocationType).into(),
                "request" => return call.is_http().then(|| request(call, named)),
                "request_id" => call.text(Text::RequestId).into(),
                "script_id" => call.text(Text::ScriptId).into(),
                _ => call.text(Text::ScriptName).into(),
            })
        },
    )
}

/// What caused the run, if it was no request. The host writes it, so it is JSON.
fn event(call: &Call) -> Option<Dynamic> {
    let text = call.text(Text::Event);
    (!text.is_empty()).then(|| json::parse(text.as_bytes()).unwrap_or_default())
}

fn request(call: &Call, named: Fields) -> Dynamic {
    // The body comes before the error of parsing it, in the alphabet too.
    let mut parsed = None;
    map_of(
        &fields::REQUEST,
        |index| named.has_of_request(index),
        |name| {
            Some(match name {
                "body" => {
                    let (body, error) = parse_body(call);
                    parsed = Some(error);
                    body
                }
                "client_ip" => call.text(Text::ClientIp).into(),
                "headers" => first_values(call, Pairs::Headers),
                "host" => call.text(Text::Host).into(),
                "json_error" => return parsed.take().unwrap_or_else(|| parse_body(call).1).map(Dynamic::from),
                "method" => call.text(Text::Method).into(),
                "params" => first_values(call, Pairs::Params),
                "path" => call.text(Text::Path).into(),
                "query" => first_values(call, Pairs::Query),
                _ => call.text(Text::Scheme).into(),
            })
        },
    )
}

/// A map of those fields that are wanted and there. In the order of the alphabet they are laid down without a search each.
fn map_of(names: &[&'static str], wanted: impl Fn(usize) -> bool, mut value: impl FnMut(&'static str) -> Option<Dynamic>) -> Dynamic {
    let wanted = names.iter().enumerate().filter(|(index, _)| wanted(*index));
    Dynamic::from_map(wanted.filter_map(|(_, name)| Some(((*name).into(), value(name)?))).collect::<Map>())
}

fn parse_body(call: &Call) -> (Dynamic, Option<String>) {
    let content_type = call.pairs(Pairs::Headers).find(|(name, _)| *name == "content-type");
    body::read(call.body(), content_type.map(|(_, value)| value))
}

/// Collecting keeps the last of equal names, so the pairs come from the end.
fn first_values(call: &Call, pairs: Pairs) -> Dynamic {
    Dynamic::from_map(call.pairs(pairs).rev().map(|(name, value)| (name.into(), value.into())).collect::<Map>())
}

fn all_values(pairs: Pairs, name: &str) -> Array {
    with_call(|call| call.pairs(pairs).filter(|(other, _)| *other == name).map(|(_, value)| value.into()).collect())
}

fn with_call<T: Default>(read: impl FnOnce(&Call) -> T) -> T {
    CALL.with(|cell| cell.get().map(read).unwrap_or_default())
}

/// `ctx`, and the methods of `ctx.request`: `raw()`, `query_all(name)`, `headers_all(name)`. The last is one of other servers' answers too.
pub(crate) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_var("ctx", CTX.with(Dynamic::clone));
    engine.register_global_module(module.into());
    engine.register_fn("raw", |_request: &mut Map| -> Blob { with_call(|call| call.body().to_vec()) });
    engine.register_fn("query_all", |_request: &mut Map, name: &str| all_values(Pairs::Query, name));
    engine.register_fn("headers_all", |of: &mut Map, name: &str| {
        let name = name.to_ascii_lowercase();
        sdk::http::headers_all(of, &name).unwrap_or_else(|| all_values(Pairs::Headers, &name))
    });
}
