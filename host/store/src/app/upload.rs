//! Bytes on their way into the directory of files or of assets, piece by piece: they are never in memory as a whole.

use std::sync::Arc;

use blobs::{Blobs, Incoming, Sealed};

use super::{AppStore, FileChange};
use crate::{
    Digest, Error, Result,
    data::files::{
        blocking,
        claim::{Wanted, claim},
        on_disk, usage,
        write::{Row, change as change_of},
    },
};

/// Bytes that are coming. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    incoming: Incoming,
}

/// Bytes that have come, all of them, and that nothing leads to yet. Dropped, they leave nothing.
#[derive(Debug)]
pub struct Uploaded {
    pub(super) sealed: Sealed,
}

impl AppStore {
    /// Begins to take the bytes of a file.
    ///
    /// # Errors
    /// [`Error::NoFiles`], [`Error::Files`].
    pub async fn begin_upload(&self) -> Result<Upload> {
        self.begin_in(self.blobs.as_ref()).await
    }

    /// Begins to take the bytes of an asset.
    ///
    /// # Errors
    /// [`Error::NoFiles`], [`Error::Files`].
    pub async fn begin_asset(&self) -> Result<Upload> {
        self.begin_in(self.assets.as_ref()).await
    }

    async fn begin_in(&self, blobs: Option<&Arc<Blobs>>) -> Result<Upload> {
        let app = self.app.uuid();
        let incoming = on_disk(blobs, move |blobs| blobs.begin(app)).await?;
        Ok(Upload { incoming })
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub async fn upload(&self, mut upload: Upload, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Upload> {
        blocking(move || upload.incoming.write(bytes.as_ref()).map(|()| upload)).await
    }

    /// No more bytes.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub async fn end_upload(&self, upload: Upload) -> Result<Uploaded> {
        let sealed = blocking(move || upload.incoming.seal()).await?;
        Ok(Uploaded { sealed })
    }

    /// Makes sure that the bytes are not swept, and gives them their name.
    pub(super) async fn keep(&self, change: &FileChange<'_>, bytes: Uploaded) -> Result<Row> {
        const OPERATION: &str = "claim the bytes of a file";
        let sealed = bytes.sealed;
        let (digest, size) = (Digest::from(*sealed.digest()), i64::try_from(sealed.size()).unwrap_or(i64::MAX));
        let row = Row { digest, size, updated_at: change.now };
        let mut connection = self.pool.acquire().await.map_err(Error::sql(OPERATION))?;
        let claimed = async {
            let grown = change_of(&mut connection, self.app, &[(change.path, Some(row))].into_iter().collect()).await?;
            let fits = !grown.grows() || usage(&mut connection, self.app).await?.and(grown).is_within(change.quota);
            Ok(fits && claim(&mut connection, self.app, &[Wanted { digest, size }], change.quota, change.now).await?)
        };
        if !claimed.await.map_err(Error::sql(OPERATION))? {
            return Err(Error::OverFileQuota { files: change.quota.files, bytes: change.quota.file_bytes });
        }
        drop(connection);
        blocking(move || sealed.keep()).await?;
        Ok(row)
    }
}

impl Uploaded {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::from(*self.sealed.digest())
    }
}

impl Upload {
    /// So many bytes have come.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.incoming.size()
    }
}
