//! `dead_letters::`: jobs of the app that have failed for good.

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, options, place};
use crate::{
    bindings::dead_letters::{self, Answer, DeadLetter, Error, Operation, Range},
    json,
};

/// The namespace `dead_letters`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("list", |context: NativeCallContext| list(&context, &Map::new()));
    module.set_native_fn("list", |context: NativeCallContext, options: Map| list(&context, &options));
    module.set_native_fn("get", get);
    module.set_native_fn("replay", |context: NativeCallContext, id: &str| decide(&context, Operation::Replay(id)));
    module.set_native_fn("resolve", |context: NativeCallContext, id: &str| decide(&context, Operation::Resolve(id)));
    module
}

/// `#{ items, next }`; `next` is what to pass as `after` for the following page, `()` at the end.
fn list(context: &NativeCallContext, options: &Map) -> Result<Map, Box<EvalAltResult>> {
    let (after, limit) = options::page(context, "dead_letters", options)?;
    let range = Range { after: after.as_deref(), limit };
    let Answer::Page(page) = perform(context, Operation::List(range))? else { return Err(other_answer(context)) };
    let items: rhai::Array = page.entries.into_iter().map(|letter| shown(letter).into()).collect();
    Ok([("items".into(), items.into()), ("next".into(), page.next.map_or(Dynamic::UNIT, Into::into))].into_iter().collect())
}

fn get(context: NativeCallContext, id: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    let Answer::DeadLetter(letter) = perform(&context, Operation::Get(id))? else { return Err(other_answer(&context)) };
    let Some(mut letter) = letter else { return Ok(Dynamic::UNIT) };
    // What is there was JSON when it was enqueued.
    let payload = letter.payload.take().and_then(|payload| json::parse(payload.as_bytes()).ok()).unwrap_or(Dynamic::UNIT);
    let mut shown = shown(letter);
    shown.insert("payload".into(), payload);
    Ok(shown.into())
}

/// Whether there was one.
fn decide(context: &NativeCallContext, operation: Operation<'_>) -> Result<bool, Box<EvalAltResult>> {
    match perform(context, operation)? {
        Answer::Decided(was_there) => Ok(was_there),
        _ => Err(other_answer(context)),
    }
}

fn perform(context: &NativeCallContext, operation: Operation<'_>) -> Result<Answer, Box<EvalAltResult>> {
    place::note(context);
    dead_letters::perform(operation).map_err(|error| thrown(context, error))
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

fn other_answer(context: &NativeCallContext) -> Box<EvalAltResult> {
    error::other_answer(context, "dead_letters")
}
