//! Errors of the functions that reach outside: a script can catch them, look at `error` and go on.

use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext};

use crate::bindings::state;

/// [`value`], as if the script had thrown it where it called.
pub(crate) fn thrown(context: &NativeCallContext, namespace: &str, case: &str, message: String) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from_map(value(namespace, case, message)), context.call_position()))
}

/// What keeps an app's state refused: [`thrown`], with the case of `wit/state.wit`.
pub(crate) fn of_state(context: &NativeCallContext, namespace: &str, error: state::Error) -> Box<EvalAltResult> {
    let (case, message) = match error {
        state::Error::Invalid(message) => ("invalid", message),
        state::Error::TooLarge(message) => ("too_large", message),
        state::Error::Mismatch(message) => ("mismatch", message),
        state::Error::Unavailable(message) => ("unavailable", message),
    };
    thrown(context, namespace, case, message)
}

/// The host gave the answer of another operation: a defect of PiCloud, which a script need not know more of.
pub(crate) fn other_answer(context: &NativeCallContext, namespace: &str) -> Box<EvalAltResult> {
    thrown(context, namespace, "unavailable", "the host gave no answer".to_owned())
}

/// `#{ error: "<namespace>.<case>", message }`.
pub(crate) fn value(namespace: &str, case: &str, message: String) -> Map {
    [("error".into(), format!("{namespace}.{case}").into()), ("message".into(), message.into())].into_iter().collect()
}

/// What to tell the developer of such an error that nobody caught: `<namespace>.<case>: <message>`.
pub(crate) fn message(value: &Map) -> Option<String> {
    let text = |name| value.get(name).and_then(|value: &Dynamic| value.clone().into_string().ok());
    Some(format!("{}: {}", text("error")?, text("message")?))
}
