//! The body of an answer: bytes of a script or of a problem, an asset or what a script still writes in pieces, or a stream of the control plane.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::{Full, combinators::UnsyncBoxBody};

use crate::{assets::AssetBody, stream::PiecesBody};

/// An error of the control plane's stream; it ends the connection.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// What the control plane answers with: any body, boxed (`http_body_util::BodyExt::boxed_unsync`).
pub type ControlBody = UnsyncBoxBody<Bytes, BodyError>;

/// What goes to the connection.
#[derive(Debug)]
pub(crate) enum Body {
    Bytes(Full<Bytes>),
    Asset(AssetBody),
    Pieces(PiecesBody),
    Control(ControlBody),
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
            Self::Asset(body) => Pin::new(body).poll_frame(cx),
            Self::Pieces(body) => Pin::new(body).poll_frame(cx),
            Self::Control(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(body) => body.is_end_stream(),
            Self::Asset(body) => body.is_end_stream(),
            Self::Pieces(body) => body.is_end_stream(),
            Self::Control(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(body) => body.size_hint(),
            Self::Asset(body) => body.size_hint(),
            Self::Pieces(body) => body.size_hint(),
            Self::Control(body) => body.size_hint(),
        }
    }
}
