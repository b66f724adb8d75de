//! `response::`: an answer that leaves in pieces, while the script runs.

use std::cell::Cell;

use rhai::{Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use super::{error, place};
use crate::{
    answer,
    bindings::response::{self, Error, Head, Part},
    body,
};

thread_local! {
    static WAS_STARTED: Cell<bool> = const { Cell::new(false) };
}

/// The namespace `response`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("start", |context: NativeCallContext| start(&context, 200, &Map::new()));
    module.set_native_fn("start", |context: NativeCallContext, status: i64| start(&context, status, &Map::new()));
    module.set_native_fn("start", |context: NativeCallContext, status: i64, headers: Map| start(&context, status, &headers));
    module.set_native_fn("write", write);
    module
}

/// Whether this run has begun its answer.
pub(crate) fn was_started() -> bool {
    WAS_STARTED.get()
}

fn start(context: &NativeCallContext, status: i64, headers: &Map) -> Result<(), Box<EvalAltResult>> {
    let invalid = |message: String| error::thrown(context, "response", "invalid", message);
    // What is no status becomes 0, which the host refuses with its reason.
    let status = u16::try_from(status).unwrap_or(0);
    let mut headers = answer::header_pairs(headers).map_err(invalid)?;
    body::declare(&mut headers, Some("text/plain; charset=utf-8"));
    send(context, Part::Head(Head { status, headers: &headers }))?;
    WAS_STARTED.set(true);
    Ok(())
}

fn write(context: NativeCallContext, piece: Dynamic) -> Result<(), Box<EvalAltResult>> {
    let (piece, _) = body::write(piece).map_err(|message| error::thrown(&context, "response", "invalid", message))?;
    send(&context, Part::Piece(&piece))
}

fn send(context: &NativeCallContext, part: Part<'_>) -> Result<(), Box<EvalAltResult>> {
    place::note(context);
    response::send(part).map_err(|error| {
        let (case, message) = match error {
            Error::Invalid(message) => ("invalid", message),
            Error::TooLarge(message) => ("too_large", message),
            Error::Busy(message) => ("busy", message),
            Error::Unavailable(message) => ("unavailable", message),
        };
        error::thrown(context, "response", case, message)
    })
}
