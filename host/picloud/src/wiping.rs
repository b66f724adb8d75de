//! The process's allocator: the system's, but what is given back is overwritten first.
//!
//! A secret passes through many hands on its way from the API into a sandbox and out to another server: buffers of HTTP and TLS, JSON, strings that
//! grow and move. Each of them frees what it held, and freed memory keeps its content until somebody else gets it. So it is overwritten in the one
//! place that all of them share, and a secret is gone when the last one has let go of it (S-2.21).
//!
//! That costs a request 7 % (85 us of CPU against 79 us, measured in turns). So the threads that serve apps
//! overwrite only once this process has had to do with a secret; all others always do, since passwords and keys go through them.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
    ptr,
};

thread_local! {
    /// Whether this thread serves apps. Without a destructor, so that it is there for the last free of a thread.
    static SERVES_APPS: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, overwriting.
pub(crate) struct Wiping;

/// Called once by each thread that serves apps.
pub(crate) fn only_with_secrets() {
    SERVES_APPS.set(true);
}

fn is_needed() -> bool {
    !SERVES_APPS.get() || vault::has_seen_a_secret()
}

// SAFETY: memory comes from the system's allocator and goes back to it with the layout that it came with; in between it is only written to by
// its owner, and at the end by the one who has just taken it over. `realloc` is the trait's own: it moves, so that nothing is left behind.
#[expect(unsafe_code, reason = "an allocator is unsafe by its nature")]
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller gives this memory back: it has this size, and nobody else uses it any more.
        unsafe {
            if is_needed() {
                ptr::write_bytes(memory, 0, layout.size());
            }
            // Whoever sees that it is freed next could leave the writing out.
            System.dealloc(black_box(memory), layout);
        }
    }
}
