//! Where the bytes of apps' files and of their deployments' assets lie: two directories, since each is swept by what its own tables say.

use anyhow::Context as _;
use blobs::{Blobs, Error};
use store::Store;

use crate::{config::Config, telling::tell};

/// The store, able to write and read files and assets. Where the kernel can't keep paths below a directory, everything works but these.
pub(crate) fn open(config: &Config, store: Store) -> anyhow::Result<Store> {
    let [files, assets] = ["files", "assets"].map(|name| config.data_dir.join(name));
    match Blobs::open(&files) {
        Ok(blobs) => {
            let opened = Blobs::open(&assets);
            let opened = opened.with_context(|| format!("assets of apps can't be kept in {}", assets.display()))?;
            Ok(store.with_blobs(blobs).with_assets(opened))
        }
        Err(error @ Error::NoOpenat2 { .. }) => {
            tell(&format!(
                "Warning: {error}. Scripts and the API are told that files are not available, and assets can be neither uploaded nor served."
            ));
            Ok(store)
        }
        Err(error) => Err(error).with_context(|| format!("files of apps can't be kept in {}", files.display())),
    }
}
