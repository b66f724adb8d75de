//! A parsed script: packed while nobody asks for it, open while somebody does.
//!
//! Seven of ten bytes of an image are zero (a tree of pointers of 32 bits), and of 10,000 scripts of a server few are asked for in any minute. So an image is
//! opened by the first execution that needs it (8 KiB in 5 to 6 us, 900 KiB in about 1 ms), and closed when a minute has passed in which none did.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lz4_flex::block::{compress, decompress};

/// A parsed script, ready to load into a sandbox of the guest that made it. Cheap to clone.
///
/// It is native pointer data: made by this process's own guest, never read from a disk or a network. A wrong one can only
/// corrupt its own sandbox.
#[derive(Clone)]
pub struct Image(Arc<Inner>);

struct Inner {
    packed: Box<[u8]>,
    /// Bytes of the open image.
    bytes: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    image: Option<Arc<[u8]>>,
    /// Whether it was asked for since the last [`Image::rest`].
    is_used: bool,
}

impl Image {
    /// Packs what a guest made. Called by an executor.
    #[must_use]
    pub fn new(image: &[u8]) -> Self {
        Self(Arc::new(Inner { packed: compress(image).into(), bytes: image.len(), open: Mutex::default() }))
    }

    /// What the guest's `handle` takes. It stays open for the next who asks.
    #[must_use]
    pub fn open(&self) -> Arc<[u8]> {
        let mut open = self.lock();
        open.is_used = true;
        // What was packed above can be unpacked; a guest would trap at an image of no bytes.
        let unpack = || decompress(&self.0.packed, self.0.bytes).unwrap_or_default().into();
        Arc::clone(open.image.get_or_insert_with(unpack))
    }

    /// Closes it, unless it was asked for since this was called before. Executions that run keep what they have.
    pub fn rest(&self) {
        let mut open = self.lock();
        if !std::mem::take(&mut open.is_used) {
            open.image = None;
        }
    }

    /// Bytes of memory that it takes now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.packed.len() + self.lock().image.as_ref().map_or(0, |image| image.len())
    }

    /// The most that it takes: while it is open.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        self.0.packed.len() + self.0.bytes
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} bytes)", self.0.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_open_while_it_is_asked_for() {
        let bytes: Vec<u8> = (0..2000_u32).flat_map(|number| (number % 16).to_le_bytes()).collect();
        let image = Image::new(&bytes);
        let packed = image.bytes();
        assert!(packed < bytes.len());
        let taken = image.clone().open();
        assert!(*taken == *bytes && Arc::ptr_eq(&taken, &image.open()), "opened once, the same for all clones");
        assert_eq!((image.bytes(), image.bytes_max()), (packed + bytes.len(), packed + bytes.len()));
        image.rest();
        assert!(Arc::ptr_eq(&taken, &image.open()), "it was asked for since");
        image.rest();
        image.rest();
        assert_eq!(image.bytes(), packed);
        assert!(*image.open() == *bytes && *taken == *bytes);
        assert!(Image::new(&[]).open().is_empty());
    }
}
