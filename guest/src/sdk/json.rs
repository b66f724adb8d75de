//! `json::`: text and values.

use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext};

use super::{bytes, error};
use crate::json;

/// The namespace `json`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("parse", |context: NativeCallContext, text: Dynamic| {
        bytes::of(&context, "json", &text, json::parse)?.map_err(|message| invalid(&context, message))
    });
    module.set_native_fn("stringify", |context: NativeCallContext, value: Dynamic| {
        json::to_text(&value).map_err(|message| invalid(&context, message))
    });
    module.set_native_fn("pretty", |context: NativeCallContext, value: Dynamic| {
        json::to_pretty_text(&value).map_err(|message| invalid(&context, message))
    });
    module
}

fn invalid(context: &NativeCallContext, message: String) -> Box<EvalAltResult> {
    error::thrown(context, "json", "invalid", message)
}
