//! What `wit/` is on this side. Exports are called asynchronously, on a stack of their own, so that a guest that waits for an answer, or is
//! out of its turn, yields the thread. One call does a whole execution: each further one would cost another stack.
#![expect(clippy::error_impl_error, reason = "an error of `wit/` is called so there")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "script",
    imports: { "picloud:script/kv.get": async | trappable, "picloud:script/kv.list": async | trappable, "picloud:script/files.info": async | trappable, "picloud:script/files.read": async | trappable, "picloud:script/files.list": async | trappable, "picloud:script/queue.enqueue": async | trappable, "picloud:script/pubsub.token": async | trappable, "picloud:script/dead-letters.list": async | trappable, "picloud:script/dead-letters.get": async | trappable, "picloud:script/dead-letters.replay": async | trappable, "picloud:script/dead-letters.resolve": async | trappable, "picloud:script/response.start": async | trappable, "picloud:script/response.write": async | trappable, "picloud:script/http.send": async | trappable, "picloud:script/secrets.get": async | trappable, default: trappable },
    exports: { default: async },
    with: {
        "wasi:clocks/wall-clock": wasmtime_wasi::p2::bindings::clocks::wall_clock,
        "wasi:random/random": wasmtime_wasi::p2::bindings::random::random,
    },
});

pub(crate) use exports::picloud::script::{compiler, handler};
pub(crate) use picloud::script::{dead_letters, files, http, kv, log, pubsub, queue, response, secrets, state};
pub(crate) use wasmtime_wasi::p2::bindings::{clocks::wall_clock, random::random};
