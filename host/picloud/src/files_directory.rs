//! Where the bytes of apps' files lie.

use anyhow::Context as _;
use blobs::{Blobs, Error};
use store::Store;

use crate::{config::Config, telling::tell};

/// The store, able to write and read files. Where the kernel can't keep paths below a directory, everything works but files.
pub(crate) fn open(config: &Config, store: Store) -> anyhow::Result<Store> {
    match Blobs::open(&config.data_dir.join("files")) {
        Ok(blobs) => Ok(store.with_blobs(blobs)),
        Err(error @ Error::NoOpenat2 { .. }) => {
            tell(&format!("Warning: {error}. Scripts and the API are told that files are not available."));
            Ok(store)
        }
        Err(error) => Err(error).with_context(|| format!("files of apps can't be kept in {}", config.data_dir.join("files").display())),
    }
}
