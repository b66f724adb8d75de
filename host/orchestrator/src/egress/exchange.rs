//! One request and its answer on a connection of their own (S-5.5, S-2.14).
//!
//! The connection is driven by the same future: whoever drops it closes the connection.

use std::pin::pin;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::{budget::Budget, connect::Stream, error::EgressError, limits, redirect};

/// Sends a request and reads the answer. The body of a redirect is not read.
///
/// # Errors
/// [`EgressError::Timeout`] for the head only, [`EgressError::ResponseTooLarge`], [`EgressError::Protocol`].
pub(super) async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
    origin: &str,
    budget: &Budget,
) -> Result<Response<Vec<u8>>, EgressError> {
    let broken = |error: hyper::Error| {
        if error.is_parse_too_large() { EgressError::ResponseTooLarge("the head") } else { EgressError::Protocol(origin.to_owned()) }
    };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(limits::RESPONSE_HEAD_BYTES_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let answered = async {
        let head = timeout(limits::HEAD, sender.send_request(request)).await;
        let response = head.map_err(|_elapsed| EgressError::Timeout(origin.to_owned()))?.map_err(broken)?;
        // Nobody asked for another protocol.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(EgressError::Protocol(origin.to_owned()));
        }
        if head_bytes(response.headers()) > limits::RESPONSE_HEAD_BYTES_MAX {
            return Err(EgressError::ResponseTooLarge("the head"));
        }
        if redirect::location(&response).is_some() {
            return Ok(response.map(|_not_read| Vec::new()));
        }
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, read(body, origin, budget).await?))
    };
    let (mut answered, mut connection) = (pin!(answered), pin!(connection));
    tokio::select! {
        biased;
        answer = &mut answered => return answer,
        // The other side has closed; what it sent before is still in the queue.
        _ended = &mut connection => {}
    }
    answered.await
}

/// The buffer bounds what is taken in, but only to the size of a read.
fn head_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

/// The first byte beyond the limit ends it, and so does a declared length beyond.
async fn read(mut body: Incoming, origin: &str, budget: &Budget) -> Result<Vec<u8>, EgressError> {
    const TOO_LARGE: EgressError = EgressError::ResponseTooLarge("the body");
    const TOGETHER: EgressError = EgressError::ResponseTooLarge("the bodies of all answers to this execution together (http_bytes)");
    let declared = body.size_hint().lower();
    if declared > limits::RESPONSE_BODY_BYTES_MAX as u64 {
        return Err(TOO_LARGE);
    }
    if declared > budget.left() {
        return Err(TOGETHER);
    }
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| EgressError::Protocol(origin.to_owned()))?;
        // Trailers are not for scripts.
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limits::RESPONSE_BODY_BYTES_MAX {
            return Err(TOO_LARGE);
        }
        if !budget.take(data.len() as u64) {
            return Err(TOGETHER);
        }
        read.extend_from_slice(&data);
    }
    Ok(read)
}
