//! `files::`: files that stay, in one transaction with the execution.

use rhai::{Blob, Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{bytes, error, options, place};
use crate::{
    bindings::files::{self, Answer, Content, File, Operation, Range},
    run,
};

/// The namespace `files`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("read", |context: NativeCallContext, path: &str| read(&context, path).map(Dynamic::from_blob));
    module.set_native_fn("read_text", read_text);
    module.set_native_fn("write", write);
    module.set_native_fn("delete", |context: NativeCallContext, path: &str| perform(&context, Operation::Delete(path)).map(drop));
    module.set_native_fn("exists", |context: NativeCallContext, path: &str| info(&context, path).map(|info| info.is_some()));
    module.set_native_fn("info", |context: NativeCallContext, path: &str| {
        info(&context, path).map(|info| info.map_or(Dynamic::UNIT, |info| shown(path, info).into()))
    });
    module.set_native_fn("list", |context: NativeCallContext, prefix: &str| list(&context, prefix, &Map::new()));
    module.set_native_fn("list", |context: NativeCallContext, prefix: &str, options: Map| list(&context, prefix, &options));
    module
}

fn read(context: &NativeCallContext, path: &str) -> Result<Blob, Box<EvalAltResult>> {
    let Answer::Bytes(bytes) = perform(context, Operation::Read(path))? else { return Err(error::other_answer(context, "files")) };
    bytes.ok_or_else(|| error::thrown(context, "files", "not_found", format!("there is no file `{path}`")))
}

/// The bytes become the string: a large file is in memory once.
fn read_text(context: NativeCallContext, path: &str) -> Result<String, Box<EvalAltResult>> {
    String::from_utf8(read(&context, path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        error::thrown(&context, "files", "not_text", format!("the file `{path}` is not UTF-8: what is at byte {at} is no character"))
    })
}

fn write(context: NativeCallContext, path: &str, content: Dynamic) -> Result<(), Box<EvalAltResult>> {
    bytes::of(&context, "files", &content, |bytes| {
        let max = run::file_bytes_max();
        // More would not even be handed over.
        if bytes.len() as u64 > max {
            let message = format!("the file `{path}` would have {} bytes, and {max} are allowed (file_bytes)", bytes.len());
            return Err(error::thrown(&context, "files", "too_large", message));
        }
        perform(&context, Operation::Write(Content { path, bytes })).map(drop)
    })?
}

fn info(context: &NativeCallContext, path: &str) -> Result<Option<File>, Box<EvalAltResult>> {
    match perform(context, Operation::Info(path))? {
        Answer::Info(info) => Ok(info),
        _ => Err(error::other_answer(context, "files")),
    }
}

/// `#{ items: [#{ path, size, digest, updated_at }], next }`; `next` is what to pass as `after` for the following page, `()` at the end.
fn list(context: &NativeCallContext, prefix: &str, options: &Map) -> Result<Map, Box<EvalAltResult>> {
    let (after, limit) = options::page(context, "files", options)?;
    let range = Range { prefix, after: after.as_deref(), limit };
    let Answer::Page(page) = perform(context, Operation::List(range))? else { return Err(error::other_answer(context, "files")) };
    let items: rhai::Array = page.entries.into_iter().map(|entry| shown(&entry.path, entry.file).into()).collect();
    Ok([("items".into(), items.into()), ("next".into(), page.next.map_or(Dynamic::UNIT, Into::into))].into_iter().collect())
}

fn shown(path: &str, info: File) -> Map {
    let number = |number: u64| Dynamic::from_int(i64::try_from(number).unwrap_or(i64::MAX));
    [
        ("path".into(), path.into()),
        ("size".into(), number(info.size)),
        ("digest".into(), info.digest.into()),
        ("updated_at".into(), number(info.updated_at_ms)),
    ]
    .into_iter()
    .collect()
}

fn perform(context: &NativeCallContext, operation: Operation<'_>) -> Result<Answer, Box<EvalAltResult>> {
    place::note(context);
    files::perform(operation).map_err(|error| error::of_state(context, "files", error))
}
