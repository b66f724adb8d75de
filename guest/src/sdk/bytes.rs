//! Functions that look at bytes take a string (its UTF-8) or a blob.

use rhai::{Blob, Dynamic, EvalAltResult, ImmutableString, NativeCallContext};

use super::error;
use crate::json;

/// Lends the bytes of a string or blob.
pub(crate) fn lend<T>(value: &Dynamic, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Some(read(text.as_bytes()));
    }
    value.read_lock::<Blob>().map(|blob| read(&blob))
}

/// Lends them, or throws `<namespace>.invalid`.
pub(crate) fn of<T>(
    context: &NativeCallContext,
    namespace: &str,
    value: &Dynamic,
    read: impl FnOnce(&[u8]) -> T,
) -> Result<T, Box<EvalAltResult>> {
    lend(value, read).ok_or_else(|| {
        let message = format!("`{}` takes a string or a blob, not {}", context.fn_name(), json::kind(value));
        error::thrown(context, namespace, "invalid", message)
    })
}
