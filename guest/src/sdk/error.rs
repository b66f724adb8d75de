//! Errors of the functions that reach outside: a script can catch them, look at `error` and go on.

use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext};

/// `#{ error: "<namespace>.<case>", message }`, as if the script had thrown it where it called.
pub(crate) fn thrown(context: &NativeCallContext, namespace: &str, case: &str, message: String) -> Box<EvalAltResult> {
    let value: Map = [("error".into(), format!("{namespace}.{case}").into()), ("message".into(), message.into())].into_iter().collect();
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from_map(value), context.call_position()))
}

/// What to tell the developer of such an error that nobody caught: `<namespace>.<case>: <message>`.
pub(crate) fn message(value: &Map) -> Option<String> {
    let text = |name| value.get(name).and_then(|value: &Dynamic| value.clone().into_string().ok());
    Some(format!("{}: {}", text("error")?, text("message")?))
}
