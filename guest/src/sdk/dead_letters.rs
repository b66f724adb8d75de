//! `dead_letters::`: jobs of the app that have failed for good.

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, options, place};
use crate::{
    bindings::dead_letters::{self, DeadLetter, Error},
    json,
};

/// The namespace `dead_letters`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("list", |context: NativeCallContext| list(&context, &Map::new()));
    module.set_native_fn("list", |context: NativeCallContext, options: Map| list(&context, &options));
    module.set_native_fn("get", get);
    module.set_native_fn("replay", |context: NativeCallContext, id: &str| {
        place::note(&context);
        dead_letters::replay(id).map_err(|error| thrown(&context, error))
    });
    module.set_native_fn("resolve", |context: NativeCallContext, id: &str| {
        place::note(&context);
        dead_letters::resolve(id).map_err(|error| thrown(&context, error))
    });
    module
}

/// `#{ items, next }`; `next` is what to pass as `after` for the following page, `()` at the end.
fn list(context: &NativeCallContext, options: &Map) -> Result<Map, Box<EvalAltResult>> {
    place::note(context);
    let (after, limit) = options::page(context, "dead_letters", options)?;
    let page = dead_letters::list(after.as_deref(), limit).map_err(|error| thrown(context, error))?;
    let items: rhai::Array = page.entries.into_iter().map(|letter| shown(letter).into()).collect();
    Ok([("items".into(), items.into()), ("next".into(), page.next.map_or(Dynamic::UNIT, Into::into))].into_iter().collect())
}

fn get(context: NativeCallContext, id: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    place::note(&context);
    let Some(mut letter) = dead_letters::get(id).map_err(|error| thrown(&context, error))? else { return Ok(Dynamic::UNIT) };
    // What is there was JSON when it was enqueued.
    let payload = letter.payload.take().and_then(|payload| json::parse(payload.as_bytes()).ok()).unwrap_or(Dynamic::UNIT);
    let mut shown = shown(letter);
    shown.insert("payload".into(), payload);
    Ok(shown.into())
}

/// Without its payload.
fn shown(letter: DeadLetter) -> Map {
    let number = |number: u64| Dynamic::from_int(i64::try_from(number).unwrap_or(i64::MAX));
    [
        ("id".into(), letter.id.into()),
        ("script".into(), letter.script.into()),
        ("attempts".into(), Dynamic::from_int(letter.attempts.into())),
        ("outcome".into(), letter.outcome.into()),
        ("message".into(), letter.message.into()),
        ("enqueued_at".into(), number(letter.enqueued_at_ms)),
        ("died_at".into(), number(letter.died_at_ms)),
    ]
    .into_iter()
    .collect()
}

fn thrown(context: &NativeCallContext, error: Error) -> Box<EvalAltResult> {
    let (case, message) = match error {
        Error::Invalid(message) => ("invalid", message),
        Error::TooLarge(message) => ("too_large", message),
        Error::TooDeep(message) => ("too_deep", message),
        Error::Unavailable(message) => ("unavailable", message),
    };
    error::thrown(context, "dead_letters", case, message)
}
