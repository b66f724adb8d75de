//! The body of an answer: bytes of a script or of a problem, an asset or what a script still writes in pieces, or a stream of the control plane.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::{Full, combinators::UnsyncBoxBody};
use tokio::sync::Notify;

use crate::{assets::AssetBody, stream::PiecesBody, unsent::Room};

/// An error of the control plane's stream; it ends the connection.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// What the control plane answers with: any body, boxed (`http_body_util::BodyExt::boxed_unsync`).
pub type ControlBody = UnsyncBoxBody<Bytes, BodyError>;

/// What goes to the connection.
#[derive(Debug)]
pub(crate) enum Body {
    Bytes(Full<Bytes>),
    /// Of an app, before it has a connection ([`Body::over`]).
    Whole(Vec<u8>, Room),
    Asset(AssetBody),
    Pieces(PiecesBody),
    Control(ControlBody),
}

impl Body {
    /// The body as it goes over this connection: what waits to be sent is counted, and the connection may be told to end.
    pub(crate) fn over(self, connection: &Arc<Notify>) -> Self {
        match self {
            Self::Whole(bytes, room) => room.hold(bytes, connection).into(),
            Self::Asset(asset) => Self::Asset(asset.over(connection)),
            Self::Bytes(_) | Self::Pieces(_) | Self::Control(_) => self,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(Full::new(bytes))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Bytes(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Whole(bytes, _) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes, _) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes).into())))),
            Self::Asset(body) => Pin::new(body).poll_frame(cx),
            Self::Pieces(body) => Pin::new(body).poll_frame(cx),
            Self::Control(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(body) => body.is_end_stream(),
            Self::Whole(bytes, _) => bytes.is_empty(),
            Self::Asset(body) => body.is_end_stream(),
            Self::Pieces(body) => body.is_end_stream(),
            Self::Control(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(body) => body.size_hint(),
            Self::Whole(bytes, _) => SizeHint::with_exact(bytes.len() as u64),
            Self::Asset(body) => body.size_hint(),
            Self::Pieces(body) => body.size_hint(),
            Self::Control(body) => body.size_hint(),
        }
    }
}
