//! One run of the loaded image.

use std::cell::Cell;

use rhai::{Dynamic, Scope};

use crate::{
    answer, arena,
    bindings::handler::{Failure, Invocation, Response},
    call::Call,
    compile::Script,
    ctx, engine, failure, sdk,
};

thread_local! {
    static HEAP_MAX: Cell<usize> = const { Cell::new(usize::MAX) };
    static FILE_BYTES_MAX: Cell<u64> = const { Cell::new(0) };
}

/// Bytes that the ordinary heap may hold in this run.
pub(crate) fn heap_max() -> usize {
    HEAP_MAX.get()
}

/// Bytes that a file of this run's app may have.
pub(crate) fn file_bytes_max() -> u64 {
    FILE_BYTES_MAX.get()
}

/// Runs the script and makes an answer, or a failure, of its end.
pub(crate) fn run(call: Invocation) -> Result<Response, Failure> {
    // SAFETY: `Script` is what `compile` puts into an image; `handle` has kept it.
    #[expect(unsafe_code, reason = "the image is laid out by this same build of the guest")]
    let script = unsafe { arena::root::<Script>() };
    HEAP_MAX.set(heap_budget(call.memory_max));
    FILE_BYTES_MAX.set(call.file_bytes_max);
    let response_body_max = call.response_body_max;

    // What a run leaves behind is thrown away with the instance: freeing it would only cost.
    let mut scope = std::mem::ManuallyDrop::new(Scope::new());
    scope.push_constant_dynamic("ctx", ctx::set(Call::new(call), script.fields));
    let ended = engine::get().eval_ast_with_scope::<Dynamic>(&mut scope, &script.ast);
    if arena::overflowed() {
        // Unless it makes room: a large body may be held by a variable as well.
        scope.clear();
    }
    match ended {
        Ok(value) => answer::from_value(value, response_body_max, sdk::response::was_started())
            .map_err(|message| failure::invalid_response(message, &script.name)),
        Err(error) => Err(failure::from_error(*error, &script.name)),
    }
}

/// What of the linear memory may be heap: all that does not lie before it.
fn heap_budget(memory_max: u64) -> usize {
    let heap_start = arena::region_end();
    usize::try_from(memory_max).unwrap_or(usize::MAX).saturating_sub(heap_start)
}
