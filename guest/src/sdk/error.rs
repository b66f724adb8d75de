//! Errors of the functions that reach outside: a script can catch them, look at `error` and go on.

use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext};

/// [`value`], as if the script had thrown it where it called.
pub(crate) fn thrown(context: &NativeCallContext, namespace: &str, case: &str, message: String) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from_map(value(namespace, case, message)), context.call_position()))
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
