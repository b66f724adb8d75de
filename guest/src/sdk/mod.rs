//! What a script can call beside the language: one file per namespace.

mod bytes;
mod crypto;
mod dead_letters;
pub(crate) mod error;
mod files;
pub(crate) mod http;
mod json;
mod kv;
mod log;
mod options;
pub(crate) mod panic;
mod place;
mod pubsub;
mod queue;
mod rand;
pub(crate) mod response;
mod secrets;
mod text;
mod time;

use rhai::Engine;

/// Makes every function known to the interpreter.
pub(crate) fn register(engine: &mut Engine) {
    crate::ctx::register(engine);
    engine.register_static_module("crypto", crypto::module().into());
    engine.register_static_module("dead_letters", dead_letters::module().into());
    engine.register_static_module("files", files::module().into());
    engine.register_static_module("http", http::module().into());
    engine.register_static_module("json", json::module().into());
    engine.register_static_module("kv", kv::module().into());
    engine.register_static_module("log", log::module().into());
    engine.register_static_module("pubsub", pubsub::module().into());
    engine.register_static_module("queue", queue::module().into());
    engine.register_static_module("rand", rand::module().into());
    engine.register_static_module("response", response::module().into());
    engine.register_static_module("secrets", secrets::module().into());
    engine.register_static_module("text", text::module().into());
    engine.register_static_module("time", time::module().into());
    engine.on_print(log::print);
    engine.on_debug(log::debug);
}
