//! What `wit/` is on this side. Exports are called asynchronously, on a stack of their own, so that a guest that waits for an answer, or is
//! out of its turn, yields the thread. One call does a whole execution: each further one would cost another stack.
#![expect(clippy::error_impl_error, reason = "an error of `wit/` is called so there")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "script",
    imports: {
        "picloud:script/log.write": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    with: {
        "wasi:clocks/wall-clock": wasmtime_wasi::p2::bindings::clocks::wall_clock,
        "wasi:random/random": wasmtime_wasi::p2::bindings::random::random,
    },
});

pub(crate) use exports::picloud::script::{compiler, handler};
pub(crate) use picloud::script::{dead_letters, files, http, kv, log, pubsub, queue, response, secrets, state};
pub(crate) use wasmtime_wasi::p2::bindings::{clocks::wall_clock, random::random};
