//! Assets of deployments: rows here, bytes in a directory of their own.
//!
//! The order is that of files (`../files`): the bytes are claimed, lie on the disk, and then a row needs them, here that of a set. What no set needs is
//! swept a day later. Between bytes and set a person takes his time, so that the row of the bytes itself says when they were whole.

pub(crate) mod claim;
mod sweep;
pub(crate) mod usage;

use std::sync::Arc;

use blobs::Opened;
use jiff::Timestamp;
use sqlx::PgConnection;

use super::{
    AppData,
    files::{blocking, on_disk},
};
use crate::{AppId, Asset, Result, time::Time};

/// An asset that is open, to be read in pieces. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OpenAsset {
    opened: Arc<Opened>,
}

impl OpenAsset {
    /// Exactly `length` bytes from `offset` on.
    ///
    /// # Errors
    /// [`crate::Error::Files`].
    pub async fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        if let Some(bytes) = self.opened.read_at_once(offset, length) {
            return Ok(bytes);
        }
        let opened = Arc::clone(&self.opened);
        blocking(move || opened.read(offset, length)).await
    }
}

/// Nothing of an app that is gone is needed.
pub(crate) async fn release_all(connection: &mut PgConnection, app: AppId, now: Timestamp) -> sqlx::Result<()> {
    sqlx::query!("update asset_blobs set unused_since = $2 where app_id = $1", app as _, Time(now) as _).execute(connection).await?;
    Ok(())
}

impl AppData {
    /// Opens an asset of the app.
    ///
    /// # Errors
    /// [`crate::Error::NoFiles`]; [`crate::Error::Files`]: it is gone, or has another size.
    pub async fn open_asset(&self, asset: Asset) -> Result<OpenAsset> {
        if let Some(opened) = self.opened_at_once(asset) {
            return Ok(OpenAsset { opened: Arc::new(opened) });
        }
        let app = self.app.uuid();
        let opened = on_disk(self.assets.as_ref(), move |blobs| blobs.opened(app, asset.digest.as_bytes(), asset.size)).await?;
        Ok(OpenAsset { opened: Arc::new(opened) })
    }

    /// A piece of an asset, opened for it alone. What the kernel has in memory is read here and now: that takes some microseconds, and the way to a thread
    /// that may wait for the disk, which is the other way, some ten times as long.
    ///
    /// # Errors
    /// As [`AppData::open_asset`].
    pub async fn asset_piece(&self, asset: Asset, offset: u64, length: usize) -> Result<Vec<u8>> {
        if let Some(bytes) = self.opened_at_once(asset).and_then(|opened| opened.read_at_once(offset, length)) {
            return Ok(bytes);
        }
        let app = self.app.uuid();
        on_disk(self.assets.as_ref(), move |blobs| blobs.opened(app, asset.digest.as_bytes(), asset.size)?.read(offset, length)).await
    }

    fn opened_at_once(&self, asset: Asset) -> Option<Opened> {
        self.assets.as_ref()?.opened_at_once(self.app.uuid(), asset.digest.as_bytes(), asset.size)
    }
}
