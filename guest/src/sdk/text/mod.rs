//! `text::`: what small APIs and webhooks do with text and Rhai has no function for.

mod query;
mod slug;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rhai::{Array, Dynamic, EvalAltResult, Module, NativeCallContext};

use super::error;
use crate::json;

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The namespace `text`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("url_encode", |_: NativeCallContext, text: &str| Ok(utf8_percent_encode(text, RESERVED).to_string()));
    module.set_native_fn("url_decode", |context: NativeCallContext, text: &str| {
        let decoded =
            percent_decode_str(text).decode_utf8().map_err(|_| invalid(&context, "the decoded bytes are not UTF-8".to_owned()))?;
        Ok(decoded.into_owned())
    });
    module.set_native_fn("query_parse", |_: NativeCallContext, text: &str| Ok(query::first_values(text)));
    module.set_native_fn("query_parse_all", |_: NativeCallContext, text: &str| Ok(query::all_values(text)));
    module.set_native_fn("query_build", query::build);
    module.set_native_fn("html_escape", |_: NativeCallContext, text: &str| Ok(html_escape(text)));
    module.set_native_fn("slug", |_: NativeCallContext, text: &str| Ok(slug::slug(text)));
    module.set_native_fn("join", join);
    module
}

/// For text between tags, and for attributes in quotation marks of either sort.
fn html_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn join(context: NativeCallContext, items: Array, separator: &str) -> Result<String, Box<EvalAltResult>> {
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&plain(&context, item)?);
    }
    Ok(joined)
}

/// A value that has one obvious form as text.
fn plain(context: &NativeCallContext, value: &Dynamic) -> Result<String, Box<EvalAltResult>> {
    if value.is_string() || value.is_int() || value.is_float() || value.is_bool() || value.is_char() {
        return Ok(value.to_string());
    }
    let message = format!("`{}` takes strings, numbers, characters and booleans, not {}", context.fn_name(), json::kind(value));
    Err(invalid(context, message))
}

fn invalid(context: &NativeCallContext, message: String) -> Box<EvalAltResult> {
    error::thrown(context, "text", "invalid", message)
}
