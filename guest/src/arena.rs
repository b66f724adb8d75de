//! The allocator, and with it the image: where a parsed script lies, and how it gets there without being parsed again.
//!
//! One region, made before the snapshot and so of fixed address, serves twice. While a script is compiled, everything the parser allocates is put into
//! it, so that the syntax tree lies there whole and points only into the region or into the snapshot; `region[..used]` is the
//! image. In a fresh instance the first allocation returns the region's start: it is the one that the canonical ABI makes for
//! the first argument of `handle`, so that the host's copy puts the image exactly where its pointers point. What the script then
//! allocates follows right behind the image, on pages that are touched anyway.
//!
//! ```text
//! | stack | data | heap of the snapshot | image | what the run allocates ->      | ordinary heap -> |
//!                                       ^ region                                 ^ + REGION_BYTES
//! ```
//!
//! All that an ordinary run touches lies within 2 MiB, one page table of the host: resetting an instance walks no more.
#![expect(unsafe_code, reason = "an allocator, and a structure that outlives the instance that built it")]

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::null_mut,
};

/// Size of the region. A script of 256 KiB has an image of 5 to 7 MiB.
pub(crate) const REGION_BYTES: usize = 8 << 20;
const WASM_PAGE_BYTES: usize = 64 << 10;
/// Before there is a region: an address that no block has.
const NO_REGION: usize = 1 << 31;
/// Blocks up to this size are used again by size; a larger one only if it is the last.
const SMALL_BYTES: usize = 1024;
const GRAIN: usize = 8;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(UnsafeCell::new(State {
    mode: Mode::Snapshot,
    region: NO_REGION,
    next: 0,
    overflowed: false,
    heap_used: 0,
    free: [null_mut(); SMALL_BYTES / GRAIN + 1],
    heap: dlmalloc::Dlmalloc::new(),
}));

struct Allocator(UnsafeCell<State>);

// SAFETY: the guest is built without threads.
unsafe impl Sync for Allocator {}

struct State {
    mode: Mode,
    /// Address of the region.
    region: usize,
    /// Address of the first unused byte of the region.
    next: usize,
    /// A block did not fit into the region: a script too large to be an image, or a run that used much memory.
    overflowed: bool,
    /// Bytes in use on the ordinary heap.
    heap_used: usize,
    /// Per size, the blocks of the region that are free again: a list through their first words.
    free: [*mut u8; SMALL_BYTES / GRAIN + 1],
    heap: dlmalloc::Dlmalloc,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Before the snapshot, and around a compilation: the ordinary heap.
    Snapshot,
    /// While parsing: the region only.
    Image,
    /// In a fresh instance: the region first, then the ordinary heap.
    Run,
}

/// The snapshot is about to be taken: instances begin with an empty region, right behind the heap as it is now.
pub(crate) fn start_fresh() {
    let page = core::arch::wasm32::memory_grow::<0>(REGION_BYTES / WASM_PAGE_BYTES);
    assert_ne!(page, usize::MAX, "no memory for the region");
    state().region = page * WASM_PAGE_BYTES;
    set_mode(Mode::Run);
}

/// This instance will compile: keeps its arguments out of the region.
pub(crate) fn start_compiling() {
    set_mode(Mode::Snapshot);
}

fn set_mode(mode: Mode) {
    let state = state();
    state.mode = mode;
    state.next = region_start();
    state.free = [null_mut(); SMALL_BYTES / GRAIN + 1];
}

/// Runs `parse` with everything it allocates in the region, and returns the image whose root is the value it returned:
/// `None` if the region was too small. An error is moved out of the region by `export`.
pub(crate) fn build_image<T, E, X>(parse: impl FnOnce() -> Result<T, E>, export: impl FnOnce(E) -> X) -> Result<Option<Vec<u8>>, X> {
    // The first word is the address of the root. SCAR: not a block of the allocator; the compiler leaves one out that nobody reads by its pointer
    // (it did when optimising for size, and the first block of the parser stood there).
    set_mode(Mode::Image);
    let header = state().bump(size_of::<usize>(), GRAIN).cast::<usize>();
    // SAFETY: the region is larger than a word, which is nobody else's.
    let parsed = parse().map(|root| unsafe { header.write(Box::into_raw(Box::new(root)) as usize) });
    state().mode = Mode::Snapshot;
    match parsed {
        Ok(()) if state().overflowed => Ok(None),
        // SAFETY: the region is initialised, and no reference into it is written through while the copy is made.
        Ok(()) => Ok(Some(unsafe { std::slice::from_raw_parts(region_start() as *const u8, state().next - region_start()) }.to_vec())),
        Err(error) => Err(export(error)),
    }
}

/// Keeps what the host copied to the start of the region.
pub(crate) fn keep_image(image: Vec<u8>) {
    assert_eq!(image.as_ptr() as usize, region_start(), "an image lies where it was made for");
    std::mem::forget(image);
}

/// The root of the image that was loaded.
///
/// # Safety
/// `T` is the type that `build_image` of this same build of the guest was given, and `keep_image` was called.
pub(crate) unsafe fn root<T>() -> &'static T {
    // SAFETY: the image's first word is the address of a `T` inside the image, which is never moved or freed.
    unsafe { &**(region_start() as *const *const T) }
}

/// Whether the run used more than the region.
pub(crate) fn overflowed() -> bool {
    state().overflowed
}

/// Bytes in use on the ordinary heap, which grows the linear memory.
pub(crate) fn heap_used() -> usize {
    state().heap_used
}

fn region_start() -> usize {
    state().region
}

fn in_region(block: *mut u8) -> bool {
    (block as usize).wrapping_sub(region_start()) < REGION_BYTES
}

#[expect(clippy::mut_from_ref, reason = "one thread, and no reference is kept across a call that could allocate")]
fn state() -> &'static mut State {
    // SAFETY: one thread; every use is over before the next begins.
    unsafe { &mut *ALLOCATOR.0.get() }
}

impl State {
    /// A block of the region, or null if it does not fit.
    #[inline]
    fn bump(&mut self, size: usize, align: usize) -> *mut u8 {
        let start = (self.next + align - 1) & !(align - 1);
        if size > region_start() + REGION_BYTES - start.min(region_start() + REGION_BYTES) {
            return null_mut();
        }
        self.next = start + size;
        start as *mut u8
    }

    #[cold]
    fn alloc_on_heap(&mut self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is the caller's.
        let block = unsafe { self.heap.malloc(layout.size(), layout.align()) };
        if !block.is_null() {
            self.heap_used += layout.size();
        }
        block
    }
}

/// Sizes are rounded so that a free block fits every later block of its size.
#[inline]
fn rounded(size: usize) -> usize {
    (size + GRAIN - 1) & !(GRAIN - 1)
}

// SAFETY: blocks are disjoint, aligned, and stay where they are until they are freed.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let state = state();
        if state.mode == Mode::Snapshot {
            return state.alloc_on_heap(layout);
        }
        let size = rounded(layout.size());
        if size <= SMALL_BYTES && layout.align() <= GRAIN {
            let block = state.free[size / GRAIN];
            if !block.is_null() {
                // SAFETY: a free block of the region holds the address of the next one.
                state.free[size / GRAIN] = unsafe { *block.cast::<*mut u8>() };
                return block;
            }
        }
        let block = state.bump(size, layout.align().max(GRAIN));
        if !block.is_null() {
            return block;
        }
        state.overflowed = true;
        state.alloc_on_heap(layout)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let state = state();
        if !in_region(block) {
            state.heap_used = state.heap_used.wrapping_sub(layout.size());
            // SAFETY: a block outside the region came from the heap with this layout.
            return unsafe { state.heap.free(block, layout.size(), layout.align()) };
        }
        // The image is made, and what lies in it must not be written again.
        if state.mode == Mode::Snapshot {
            return;
        }
        let size = rounded(layout.size());
        if block as usize + size == state.next {
            state.next = block as usize;
        } else if size <= SMALL_BYTES && layout.align() <= GRAIN {
            // SAFETY: the block is at least one grain long, aligned to it, and no longer used.
            unsafe { *block.cast::<*mut u8>() = state.free[size / GRAIN] };
            state.free[size / GRAIN] = block;
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let state = state();
        let (size, new_rounded) = (rounded(layout.size()), rounded(new_size));
        if in_region(block) {
            if new_rounded <= size && new_rounded > size / 2 {
                return block;
            }
            let is_last = block as usize + size == state.next;
            if is_last && block as usize + new_rounded <= region_start() + REGION_BYTES {
                state.next = block as usize + new_rounded;
                return block;
            }
        } else if state.mode != Mode::Image {
            state.heap_used = state.heap_used.wrapping_add(new_size).wrapping_sub(layout.size());
            // SAFETY: a block outside the region came from the heap with this layout.
            return unsafe { state.heap.realloc(block, layout.size(), layout.align(), new_size) };
        }
        // SAFETY: the caller's contract for both blocks.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// Where the region ends, which is about where the ordinary heap begins.
pub(crate) fn region_end() -> usize {
    region_start() + REGION_BYTES
}
