//! The guest: the Rhai interpreter as a WebAssembly component. It knows `wit/` and nothing else of the world.
//!
//! In the life of an instance: the snapshot made by [`initialize`](Component::initialize) appears in memory, `handle` places an
//! image and runs it, and the instance is thrown away. So nothing here is ever freed on purpose at the end.

mod answer;
mod arena;
mod bindings;
mod body;
mod calendar;
mod call;
mod compile;
mod ctx;
mod engine;
mod failure;
mod fields;
mod imports;
mod json;
mod run;
mod sdk;

use bindings::{Guest, compiler, handler};

struct Component;

impl Guest for Component {
    fn initialize() {
        engine::build();
        arena::start_fresh();
    }
}

impl compiler::Guest for Component {
    fn prepare() {
        arena::start_compiling();
    }

    fn compile(name: String, source: String, modules: Vec<compiler::Module>) -> compiler::Outcome {
        compile::compile(&name, &source, &modules)
    }
}

impl handler::Guest for Component {
    fn handle(image: Vec<u8>, call: handler::Invocation) -> Result<handler::Response, handler::Failure> {
        arena::keep_image(image);
        run::run(call)
    }
}

#[expect(unsafe_code, reason = "generated glue of the canonical ABI")]
mod abi {
    use super::{Component, bindings};
    bindings::export!(Component with_types_in bindings);
}
