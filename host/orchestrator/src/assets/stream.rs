//! A large asset on its way out: the next piece is read when the connection has taken the one before, so that no more than one is in memory.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use store::OpenAsset;
use tokio::sync::Notify;

use crate::{body::BodyError, unsent::Room};

/// Bytes of a piece: a way to a thread that may wait for the disk costs some ten microseconds, as much as reading this from memory.
const PIECE_BYTES: u64 = 128 * 1024;

type Reading = Pin<Box<dyn Future<Output = store::Result<Vec<u8>>> + Send>>;

/// A part of an asset.
pub(crate) struct AssetBody {
    asset: OpenAsset,
    /// What was not read yet.
    start: u64,
    end: u64,
    /// The piece that is being read.
    reading: Option<Reading>,
    room: Room,
    /// What takes the pieces.
    connection: Arc<Notify>,
}

impl AssetBody {
    /// From `start` up to `end`, both within the asset.
    pub(crate) fn new(asset: OpenAsset, start: u64, end: u64, room: Room) -> Self {
        Self { asset, start, end, reading: None, room, connection: Arc::default() }
    }

    /// Over this connection.
    pub(crate) fn over(self, connection: &Arc<Notify>) -> Self {
        Self { connection: Arc::clone(connection), ..self }
    }

    fn begin(&self) -> Reading {
        let (asset, start) = (self.asset.clone(), self.start);
        let length = usize::try_from((self.end - start).min(PIECE_BYTES)).unwrap_or(0);
        Box::pin(async move { asset.read(start, length).await })
    }
}

impl fmt::Debug for AssetBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetBody").field("start", &self.start).field("end", &self.end).finish_non_exhaustive()
    }
}

impl http_body::Body for AssetBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.start >= this.end {
            return Poll::Ready(None);
        }
        let mut reading = this.reading.take().unwrap_or_else(|| this.begin());
        let Poll::Ready(read) = reading.as_mut().poll(cx) else {
            this.reading = Some(reading);
            return Poll::Pending;
        };
        Poll::Ready(Some(match read {
            Ok(bytes) => {
                this.start += bytes.len() as u64;
                Ok(Frame::data(this.room.hold(bytes, &this.connection)))
            }
            Err(error) => {
                // The length is told already: all that is left is to cut the connection.
                this.start = this.end;
                tracing::error!(error = &error as &dyn std::error::Error, "an asset could not be read to its end");
                Err(error.into())
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.start >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.start)
    }
}
