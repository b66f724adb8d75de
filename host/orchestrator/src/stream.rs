//! An answer that leaves in pieces, while its script runs.
//!
//! A request's whole life, from its host to its row, is one future that the connection waits for. When the answer begins before that future has ended, it goes on as a
//! task of its own, which lives as long as the body that reads from it: who drops the connection ends the execution, as anywhere else.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use execution::{Failure, stream::Head, stream::Taken};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::{
    body::{Body, BodyError},
    gate::OneOfApp,
    response::{self, Checked, Rules},
};

/// Pieces that wait for the connection, beside the one that it writes.
const WAITING_PIECES: usize = 1;

/// All of a request.
pub(crate) type Life = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Where pieces go.
#[derive(Debug, Clone)]
pub(crate) enum Outlet {
    /// To a visitor, at once.
    Visitor(Arc<Visitor>),
    /// Together: who calls a script by the API gets one answer.
    Gathered(Arc<Mutex<Vec<u8>>>),
    /// Nobody sees what a job answers.
    Nowhere,
}

/// One who waits for an answer.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// Of the execution.
    id: Uuid,
    /// What the answer tells beside what the script does.
    marks: HeaderMap,
    /// Status and header fields are all that is sent.
    is_head: bool,
    line: Mutex<Line>,
}

/// How far the answer is.
#[derive(Debug)]
enum Line {
    /// Nothing was sent.
    Silent(Beginning),
    /// Pieces go, as long as the place is held.
    Open { pieces: mpsc::Sender<Piece>, status: StatusCode, _place: StreamPlace },
    /// There is nothing to send pieces of; or all was said.
    Closed { status: Option<StatusCode> },
}

/// Tells the connection that the answer begins.
pub(crate) type Beginning = oneshot::Sender<(Response<()>, mpsc::Receiver<Piece>)>;
/// The connection's half.
pub(crate) type Begun = oneshot::Receiver<(Response<()>, mpsc::Receiver<Piece>)>;

#[derive(Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// All of it was sent, and what the script has written is committed.
    End,
}

/// A place among the answers that are being sent in pieces, of the app and of the node.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    _of_app: OneOfApp,
    _of_node: OwnedSemaphorePermit,
}

/// How many answers may be sent in pieces at once.
#[derive(Debug, Clone)]
pub(crate) struct StreamPlaces {
    pub(crate) of_app: Arc<AtomicUsize>,
    pub(crate) of_app_max: u64,
    pub(crate) of_node: Arc<Semaphore>,
}

impl StreamPlaces {
    fn enter(&self) -> Result<StreamPlace, String> {
        let Self { of_app, of_app_max, of_node } = self;
        let of_app = OneOfApp::enter(of_app, *of_app_max)
            .ok_or_else(|| format!("the app sends {of_app_max} answers in pieces already, as many as it may at once (streams)"))?;
        let of_node = Arc::clone(of_node).try_acquire_owned();
        let of_node = of_node.map_err(|_| "as many answers as this node can are being sent in pieces already".to_owned())?;
        Ok(StreamPlace { _of_app: of_app, _of_node: of_node })
    }
}

impl Outlet {
    /// To the visitor who waits behind `beginning`.
    pub(crate) fn to_visitor(beginning: Beginning, id: Uuid, marks: HeaderMap, is_head: bool) -> Self {
        Self::Visitor(Arc::new(Visitor { id, marks, is_head, line: Mutex::new(Line::Silent(beginning)) }))
    }

    /// Begins the answer.
    pub(crate) fn start(&self, Head { status, headers }: &Head, rules: &Rules, places: &StreamPlaces) -> Taken {
        let answer = execution::Response { status: *status, headers: headers.clone(), body: Vec::new() };
        let checked = match response::check(answer, rules) {
            Ok(checked) => checked,
            Err(Failure { message, .. }) => return Taken::Invalid(message),
        };
        let Self::Visitor(visitor) = self else { return Taken::Yes };
        let place = match places.enter() {
            Ok(place) => place,
            Err(message) => return Taken::Busy(message),
        };
        visitor.begin(checked, place);
        Taken::Yes
    }

    /// Sends a piece, and waits until there is room for the next.
    pub(crate) async fn write(&self, bytes: &[u8], rules: &Rules) -> Taken {
        match self {
            Self::Nowhere => Taken::Yes,
            Self::Gathered(gathered) => {
                let mut gathered = lock(gathered);
                if (gathered.len() + bytes.len()) as u64 > rules.body_bytes {
                    let most = rules.body_bytes;
                    return Taken::TooLarge(format!(
                        "pieces are gathered here, and the body would have more than {most} bytes (response_body_bytes)"
                    ));
                }
                gathered.extend_from_slice(bytes);
                Taken::Yes
            }
            Self::Visitor(visitor) => {
                let Some(pieces) = visitor.pieces() else { return Taken::Yes };
                if pieces.send(Piece::Bytes(Bytes::copy_from_slice(bytes))).await.is_err() {
                    // Nobody reads any more: whoever let the body go ends this execution as well.
                    std::future::pending::<()>().await;
                }
                Taken::Yes
            }
        }
    }

    /// The execution has ended, and all that was to be done of it is done. Of an answer that has begun, the end is sent, or the connection is cut.
    pub(crate) async fn end(&self, result: &mut Result<Checked, Failure>) {
        match (self, result) {
            (Self::Gathered(gathered), Ok(checked)) if !checked.has_no_body() => {
                let mut gathered = lock(gathered);
                if !gathered.is_empty() {
                    checked.body = std::mem::take(&mut *gathered);
                }
            }
            (Self::Visitor(visitor), result) => {
                let pieces = visitor.close();
                if let (Some(pieces), Ok(_)) = (pieces, result) {
                    // Nobody may read any more.
                    let _ = pieces.send(Piece::End).await;
                }
            }
            (Self::Gathered(_) | Self::Nowhere, _) => {}
        }
    }

    /// The status that the visitor has got already.
    pub(crate) fn sent_status(&self) -> Option<StatusCode> {
        let Self::Visitor(visitor) = self else { return None };
        match &*lock(&visitor.line) {
            Line::Silent(_) => None,
            Line::Open { status, .. } => Some(*status),
            Line::Closed { status } => *status,
        }
    }
}

impl Visitor {
    fn begin(&self, checked: Checked, place: StreamPlace) {
        let mut line = lock(&self.line);
        let status = checked.status;
        if self.is_head || checked.has_no_body() {
            // As a whole answer, at the end.
            *line = Line::Closed { status: None };
            return;
        }
        let (sender, receiver) = mpsc::channel(WAITING_PIECES);
        let open = Line::Open { pieces: sender, status, _place: place };
        if let Line::Silent(beginning) = std::mem::replace(&mut *line, open) {
            let mut response = response::head(checked, self.id);
            response.headers_mut().extend(self.marks.clone());
            // If nobody waits, nobody reads either: the first piece finds out.
            let _ = beginning.send((response, receiver));
        }
    }

    fn pieces(&self) -> Option<mpsc::Sender<Piece>> {
        match &*lock(&self.line) {
            Line::Open { pieces, .. } => Some(pieces.clone()),
            Line::Silent(_) | Line::Closed { .. } => None,
        }
    }

    /// From here on nothing is sent but what this returns sends.
    fn close(&self) -> Option<mpsc::Sender<Piece>> {
        let mut line = lock(&self.line);
        match std::mem::replace(&mut *line, Line::Closed { status: None }) {
            Line::Open { pieces, status, _place } => {
                *line = Line::Closed { status: Some(status) };
                Some(pieces)
            }
            Line::Silent(_) | Line::Closed { .. } => None,
        }
    }
}

/// The answer to a request: when its life ends, or when it begins to send pieces.
pub(crate) async fn first(mut life: Life, mut begun: Begun) -> Response<Body> {
    let (response, pieces, life) = tokio::select! {
        biased;
        whole = &mut life => match begun.try_recv() {
            Ok((response, pieces)) => (response, pieces, None),
            Err(_) => return whole,
        },
        Ok((response, pieces)) = &mut begun => (response, pieces, Some(tokio::spawn(life))),
    };
    response.map(|()| Body::Pieces(PiecesBody { pieces, life, is_cut: false, is_over: false }))
}

/// The body of an answer whose script still runs.
#[derive(Debug)]
pub(crate) struct PiecesBody {
    pieces: mpsc::Receiver<Piece>,
    /// `None`: it had ended before its first piece was asked for.
    life: Option<JoinHandle<Response<Body>>>,
    /// Nothing more comes, and not all came.
    is_cut: bool,
    is_over: bool,
}

impl http_body::Body for PiecesBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        if this.is_cut {
            this.is_over = true;
            return Poll::Ready(Some(Err("the execution failed after its answer had begun".into())));
        }
        match ready!(this.pieces.poll_recv(cx)) {
            Some(Piece::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Piece::End) => {
                this.is_over = true;
                Poll::Ready(None)
            }
            // At an error the connection forgets what it has not sent yet. Where nothing is to be had it sends: so once more, and what was written arrives.
            None => {
                this.is_cut = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

impl Drop for PiecesBody {
    fn drop(&mut self) {
        if let Some(life) = self.life.take().filter(|_| !self.is_over) {
            life.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
