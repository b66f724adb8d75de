//! Secrets at rest (S-6.4): what the database has of them is of no use without a file that it never sees.
//!
//! Two layers. A *master key* of the instance lies in a file of the operator's machine ([`MasterKeys`]). It seals one random *app key* per app
//! ([`Vault`]), and that one seals the app's secrets ([`AppKey`]). So changing the master key means to seal the app keys again, however many
//! secrets there are. Everything is sealed with XChaCha20-Poly1305 under a random nonce of 24 bytes, bound to the place where it belongs: copied to
//! another app, name or version it does not open.
//!
//! Called by `store`, which keeps what is sealed, and by the binary, which reads the file. Keys and opened secrets are overwritten when they are
//! dropped.
//!
//! Deliberately absent: SQL, and any way to get a key out.

#![forbid(unsafe_code)]

mod app_key;
mod key;
mod master_keys;

use std::sync::atomic::{AtomicBool, Ordering};

pub use app_key::{AppKey, Vault, Wrapped};
pub use key::{NoEntropy, Unopened};
pub use master_keys::{KeyFileError, MasterKeys};
pub use zeroize::Zeroizing;

static SEEN: AtomicBool = AtomicBool::new(false);

/// Says that a secret is in this process, or is about to be. To be called before it is.
pub fn see_a_secret() {
    SEEN.store(true, Ordering::Relaxed);
}

/// Whether a secret was ever in this process: from then on memory that is given back has to be overwritten. Asked by the allocator: it does not allocate.
#[must_use]
#[inline]
pub fn has_seen_a_secret() -> bool {
    SEEN.load(Ordering::Relaxed)
}
