//! What `wit/` is on this side. Exports are called asynchronously, so that a guest out of its turn yields the thread.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "script",
    imports: { default: trappable },
    exports: { default: async },
    with: {
        "wasi:clocks/wall-clock": wasmtime_wasi::p2::bindings::clocks::wall_clock,
        "wasi:random/random": wasmtime_wasi::p2::bindings::random::random,
    },
});

pub(crate) use exports::picloud::script::{compiler, handler};
pub(crate) use picloud::script::log;
pub(crate) use wasmtime_wasi::p2::bindings::{clocks::wall_clock, random::random};
