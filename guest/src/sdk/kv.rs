//! `kv::`: values that stay, in one transaction with the execution.

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, options, place};
use crate::{
    bindings::kv::{self, Addition, Answer, Assignment, Operation, Range},
    json,
};

/// The namespace `kv`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("get", |context: NativeCallContext, key: &str| get(&context, key));
    module.set_native_fn("get", |context: NativeCallContext, key: &str, absent: Dynamic| {
        get(&context, key).map(|value| if value.is_unit() { absent } else { value })
    });
    module.set_native_fn("set", |context: NativeCallContext, key: &str, value: Dynamic| set(&context, key, &value, None));
    module.set_native_fn("set", |context: NativeCallContext, key: &str, value: Dynamic, options: Map| {
        set(&context, key, &value, ttl_ms(&context, &options)?)
    });
    module.set_native_fn("delete", |context: NativeCallContext, key: &str| done(&context, Operation::Delete(key)));
    module.set_native_fn("increment", |context: NativeCallContext, key: &str| increment(&context, key, 1));
    module.set_native_fn("increment", |context: NativeCallContext, key: &str, by: i64| increment(&context, key, by));
    module.set_native_fn("compare_and_set", compare_and_set);
    module.set_native_fn("list", |context: NativeCallContext, prefix: &str| list(&context, prefix, &Map::new()));
    module.set_native_fn("list", |context: NativeCallContext, prefix: &str, options: Map| list(&context, prefix, &options));
    module
}

/// The value; `()` if there is none.
fn get(context: &NativeCallContext, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    match perform(context, Operation::Get(key))? {
        Answer::Value(value) => value.map_or(Ok(Dynamic::UNIT), |value| parse(context, &value)),
        _ => Err(error::other_answer(context, "kv")),
    }
}

fn set(context: &NativeCallContext, key: &str, value: &Dynamic, ttl_ms: Option<u64>) -> Result<(), Box<EvalAltResult>> {
    let value = as_json(context, key, value)?;
    done(context, Operation::Set(Assignment { key, value: &value, ttl_ms }))
}

/// What a key holds, or would hold.
fn as_json(context: &NativeCallContext, key: &str, value: &Dynamic) -> Result<String, Box<EvalAltResult>> {
    json::to_text(value)
        .map_err(|message| error::thrown(context, "kv", "invalid", format!("the value of `{key}` can't be written as JSON: {message}")))
}

fn increment(context: &NativeCallContext, key: &str, by: i64) -> Result<(), Box<EvalAltResult>> {
    done(context, Operation::Increment(Addition { key, by }))
}

/// Sets the key if its value is the expected one (`()`: none). Both are compared as JSON.
fn compare_and_set(context: NativeCallContext, key: &str, expected: Dynamic, value: Dynamic) -> Result<bool, Box<EvalAltResult>> {
    let text = |value: &Dynamic| if value.is_unit() { Ok(None) } else { as_json(&context, key, value).map(Some) };
    let is_expected = text(&get(&context, key)?)? == text(&expected)?;
    if is_expected {
        set(&context, key, &value, None)?;
    }
    Ok(is_expected)
}

/// `#{ items: [#{ key, value }], next }`; `next` is what to pass as `after` for the following page, `()` at the end.
fn list(context: &NativeCallContext, prefix: &str, options: &Map) -> Result<Map, Box<EvalAltResult>> {
    let (after, limit) = options::page(context, "kv", options)?;
    let range = Range { prefix, after: after.as_deref(), limit };
    let Answer::Page(page) = perform(context, Operation::List(range))? else { return Err(error::other_answer(context, "kv")) };
    let mut items = rhai::Array::with_capacity(page.entries.len());
    for entry in page.entries {
        let item: Map = [("key".into(), entry.key.into()), ("value".into(), parse(context, &entry.value)?)].into_iter().collect();
        items.push(item.into());
    }
    Ok([("items".into(), items.into()), ("next".into(), page.next.map_or(Dynamic::UNIT, Into::into))].into_iter().collect())
}

/// `ttl`: seconds that a key is kept.
fn ttl_ms(context: &NativeCallContext, options: &Map) -> Result<Option<u64>, Box<EvalAltResult>> {
    options::known(context, "kv", options, &["ttl"])?;
    options::milliseconds(context, "kv", options, "ttl")
}

fn parse(context: &NativeCallContext, value: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    json::parse(value.as_bytes())
        .map_err(|message| error::thrown(context, "kv", "mismatch", format!("a stored value is not JSON: {message}")))
}

fn perform(context: &NativeCallContext, operation: Operation<'_>) -> Result<Answer, Box<EvalAltResult>> {
    place::note(context);
    kv::perform(operation).map_err(|error| error::of_state(context, "kv", error))
}

/// An operation that says nothing.
fn done(context: &NativeCallContext, operation: Operation<'_>) -> Result<(), Box<EvalAltResult>> {
    perform(context, operation).map(drop)
}
