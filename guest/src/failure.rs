//! Why there is no answer, with the places that led there.

use rhai::{Dynamic, EvalAltResult, Position};

use crate::{
    bindings::handler::{Failure, FailureKind, Frame},
    engine::Stop,
    json, sdk,
};

/// Longest trace: the call depth, and the top level.
const FRAMES_MAX: usize = 65;

/// A value that is not an answer.
pub(crate) fn invalid_response(message: String, script: &str) -> Failure {
    let place = Frame { script: script.to_owned(), function: String::new(), line: 0, column: 0 };
    Failure { kind: FailureKind::InvalidResponse, message, trace: vec![place] }
}

/// An error that ended the script.
pub(crate) fn from_error(mut error: EvalAltResult, script: &str) -> Failure {
    let mut trace = Vec::new();
    let mut inside = Frame { script: script.to_owned(), function: String::new(), line: 0, column: 0 };
    // Outermost first: each layer is a call or an import, its position is where the caller stands.
    loop {
        let (script, function, inner, position) = match error {
            EvalAltResult::ErrorInFunctionCall(function, source, inner, position) => {
                (if source.is_empty() { script.to_owned() } else { source }, function, inner, position)
            }
            EvalAltResult::ErrorInModule(module, inner, position) => (module, String::new(), inner, position),
            _ => break,
        };
        let caller = std::mem::replace(&mut inside, Frame { script, function, line: 0, column: 0 });
        trace.push(placed(caller, position));
        error = *inner;
    }
    trace.push(placed(inside, error.position()));
    trace.reverse();
    trace.truncate(FRAMES_MAX);
    let (kind, message) = describe(error);
    Failure { kind, message, trace }
}

fn placed(frame: Frame, position: Position) -> Frame {
    Frame { line: position.line().unwrap_or(0) as u32, column: position.position().unwrap_or(0) as u32, ..frame }
}

fn describe(mut error: EvalAltResult) -> (FailureKind, String) {
    match error {
        EvalAltResult::ErrorTerminated(token, _) if is(&token, Stop::Fuel) => (FailureKind::Fuel, "the fuel limit was reached".to_owned()),
        EvalAltResult::ErrorTerminated(..) => (FailureKind::Memory, "the memory limit was reached".to_owned()),
        EvalAltResult::ErrorDataTooLarge(..) | EvalAltResult::ErrorTooManyVariables(..) | EvalAltResult::ErrorTooManyModules(..) => {
            error.clear_position();
            (FailureKind::Memory, error.to_string())
        }
        EvalAltResult::ErrorRuntime(value, _) => (FailureKind::Error, thrown(&value)),
        _ => {
            error.clear_position();
            (FailureKind::Error, error.to_string())
        }
    }
}

fn is(token: &Dynamic, stop: Stop) -> bool {
    token.as_int() == Ok(stop as i64)
}

/// What `throw` was given, as text.
fn thrown(value: &Dynamic) -> String {
    let nothing = || "the script threw an error without a message".to_owned();
    match value.read_lock::<rhai::ImmutableString>() {
        Some(text) if text.is_empty() => nothing(),
        Some(text) => text.to_string(),
        None if value.is_map() => {
            let known = value.read_lock::<rhai::Map>().and_then(|map| sdk::error::message(&map));
            known.unwrap_or_else(|| json::to_text(value).unwrap_or_else(|_| value.to_string()))
        }
        None if value.is_unit() => nothing(),
        None if value.is_array() => json::to_text(value).unwrap_or_else(|_| value.to_string()),
        // As the language writes it: there is no JSON for a range.
        None => value.to_string(),
    }
}
