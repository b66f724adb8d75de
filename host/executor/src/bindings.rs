//! What `wit/` is on this side. The two exports that run for long are called asynchronously, so that a guest out of its turn
//! yields the thread; the others are over in a microsecond, and a stack of their own would cost as much.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "script",
    imports: { default: trappable },
    exports: { "picloud:script/handler.handle": async, "picloud:script/compiler.compile": async },
    with: {
        "wasi:clocks/wall-clock": wasmtime_wasi::p2::bindings::clocks::wall_clock,
        "wasi:random/random": wasmtime_wasi::p2::bindings::random::random,
    },
});

pub(crate) use exports::picloud::script::{compiler, handler};
pub(crate) use picloud::script::log;
pub(crate) use wasmtime_wasi::p2::bindings::{clocks::wall_clock, random::random};
