//! F14: what one instance leaves in its slot of the pool, the next does not find, in whatever order they fill, grow and end (S-2.9).

use std::sync::LazyLock;

use executor::testing::{ENDS, Fill, Found, PAGES_MAX, Recycled};

use crate::{
    given::Given,
    sandbox::{RUNTIME, cache_dir},
};

/// One slot for each way to clean it.
static SLOTS: LazyLock<Vec<Recycled>> = LazyLock::new(|| RUNTIME.block_on(Recycled::all(&cache_dir())));

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let slot = &SLOTS[given.below(SLOTS.len())];
    RUNTIME.block_on(async {
        for _ in 0..1 + given.below(6) {
            // Most touch little, as scripts do; some all there is.
            let pages = |byte: u8| 32 + u32::from(byte) * u32::from(byte) * (PAGES_MAX - 32) / (255 * 255);
            let fill = Fill { pages: pages(given.byte()), stack: u32::from(given.byte()) * 8, end: u32::from(given.byte()) % ENDS };
            slot.fill(fill).await;
            if given.is_set() {
                let looked = pages(given.byte());
                assert_eq!(slot.scan(looked).await, Found::default(), "{slot:?} after {fill:?}, at {looked} pages");
            }
        }
        assert_eq!(slot.scan(PAGES_MAX).await, Found::default(), "{slot:?} at last");
    });
}
