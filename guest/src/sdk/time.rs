//! `time::now()`: milliseconds since 1970-01-01T00:00:00Z. The same within an execution until a host call that waited.

use rhai::{Module, NativeCallContext};

use super::place;
use crate::bindings::wall_clock;

/// The namespace `time`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("now", |context: NativeCallContext| {
        place::note(&context);
        let now = wall_clock::now();
        Ok(now.seconds as i64 * 1000 + i64::from(now.nanoseconds / 1_000_000))
    });
    module
}
