//! `secrets::get(name)`: what people have set for the app's scripts. Masked in the log and in errors of this execution.

use rhai::{EvalAltResult, Module, NativeCallContext};

use super::{error, place};
use crate::bindings::secrets;

/// The namespace `secrets`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("get", get);
    module
}

fn get(context: NativeCallContext, name: &str) -> Result<String, Box<EvalAltResult>> {
    place::note(&context);
    let (case, message) = match secrets::get(name) {
        Ok(Some(value)) => return Ok(value),
        Ok(None) => ("not_found", format!("the app has no secret `{name}`")),
        Err(secrets::Error::Invalid(message)) => ("invalid", message),
        Err(secrets::Error::Unavailable(message)) => ("unavailable", message),
    };
    Err(error::thrown(&context, "secrets", case, message))
}
