//! Where the script stands when it calls the host: for the report of a run that is ended from outside, where nothing can unwind any more.
//!
//! The host is told once where to look, at the first call; after that a place costs two stores.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rhai::NativeCallContext;

use crate::bindings::meter;

/// Line and column. Atomic only because it is static: there is one thread.
static PLACE: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

/// Called first by every function that calls the host.
pub(crate) fn note(context: &NativeCallContext) {
    let position = context.call_position();
    let is_first = PLACE[0].load(Relaxed) == 0;
    PLACE[0].store(position.line().unwrap_or(0) as u32, Relaxed);
    PLACE[1].store(position.position().unwrap_or(0) as u32, Relaxed);
    if is_first {
        // SAFETY: two words that live as long as the instance, and that nobody writes during the call.
        #[expect(unsafe_code, reason = "the host reads the cells themselves")]
        let place = unsafe { std::slice::from_raw_parts(PLACE.as_ptr().cast::<u32>(), PLACE.len()) };
        meter::watch(context.call_source().unwrap_or_default(), place);
    }
}
