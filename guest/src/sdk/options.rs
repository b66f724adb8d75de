//! The last argument of some functions: a map of options. What is no option is refused, so that a slip of the pen shows.

use rhai::{EvalAltResult, Map, NativeCallContext};

use super::error;

/// Entries of a page if the script doesn't say.
const PAGE_ENTRIES: i64 = 100;

/// Refuses an option that does not exist.
pub(crate) fn known(context: &NativeCallContext, namespace: &str, options: &Map, names: &[&str]) -> Result<(), Box<EvalAltResult>> {
    match options.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            Err(error::thrown(context, namespace, "invalid", format!("there is no option `{name}`; there is {}", names.join(", "))))
        }
    }
}

/// An option that is of another type than `expected`.
pub(crate) fn wrong(context: &NativeCallContext, namespace: &str, name: &str, expected: &str) -> Box<EvalAltResult> {
    error::thrown(context, namespace, "invalid", format!("the option `{name}` is {expected}"))
}

/// A number of seconds, a fraction if need be, in milliseconds. What is no time at all becomes 0, which the host refuses, where it is wrong, with its reason.
pub(crate) fn milliseconds(
    context: &NativeCallContext,
    namespace: &str,
    options: &Map,
    name: &str,
) -> Result<Option<u64>, Box<EvalAltResult>> {
    let Some(value) = options.get(name).filter(|value| !value.is_unit()) else { return Ok(None) };
    let seconds = value
        .as_int()
        .map(|seconds| seconds as f64)
        .or_else(|_| value.as_float())
        .map_err(|_| wrong(context, namespace, name, "a number of seconds"))?;
    Ok(Some((seconds * 1000.0).clamp(0.0, u64::MAX as f64) as u64))
}

/// `after` and `limit`: where a page begins, and how many entries it has. The host refuses a limit that is none.
pub(crate) fn page(context: &NativeCallContext, namespace: &str, options: &Map) -> Result<(Option<String>, u32), Box<EvalAltResult>> {
    known(context, namespace, options, &["after", "limit"])?;
    let after = match options.get("after") {
        Some(after) if !after.is_unit() => Some(after.clone().into_string().map_err(|_| wrong(context, namespace, "after", "a string"))?),
        _ => None,
    };
    let limit = options
        .get("limit")
        .map_or(Ok(PAGE_ENTRIES), |limit| limit.as_int().map_err(|_| wrong(context, namespace, "limit", "a whole number")))?;
    Ok((after, u32::try_from(limit).unwrap_or(0)))
}
