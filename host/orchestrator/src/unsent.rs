//! Step 9: bodies on their way out to the clients of one app, bounded by their bytes.
//!
//! A body stays in memory until the kernel has taken the last of it, and the kernel takes no more than the client reads. A script that answers megabytes to
//! clients that read a byte a minute would hold as much as there are connections. So what waits to be sent has as much room as the app's places would
//! hold, like what comes in (`uploads`), and where one more does not fit, the one that has waited for longest is given up: its connection is cut.
//! Whoever reads is never that one for long.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use execution::{AppLimits, Limits};
use tokio::sync::Notify;

/// Not counted: a connection has as much in its own buffers.
const SMALL: usize = 16 << 10;
/// An app has at least so much room, for its assets: they are sent in pieces, whatever a script may answer.
const LEAST: u64 = 16 << 20;

/// What one app has waiting.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unsent(Arc<Mutex<Waiting>>);

/// The same, and how many bytes there may be.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    unsent: Unsent,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: usize,
    next: u64,
    /// In the order in which they came.
    bodies: BTreeMap<u64, Body>,
}

#[derive(Debug)]
struct Body {
    bytes: usize,
    connection: Arc<Notify>,
}

/// Memory of a body, while any of it waits.
struct Held {
    bytes: Vec<u8>,
    number: u64,
    unsent: Unsent,
}

impl Unsent {
    /// The room that these limits give.
    pub(crate) fn room(&self, limits: &Limits, app: &AppLimits) -> Room {
        let bytes = limits.response_body_bytes.saturating_mul(app.concurrency).max(LEAST);
        Room { unsent: self.clone(), bytes: usize::try_from(bytes).unwrap_or(usize::MAX) }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Counts a body until it was sent or given up. `connection`: what is told then that it has to end.
    pub(crate) fn hold(&self, bytes: Vec<u8>, connection: &Arc<Notify>) -> Bytes {
        if bytes.len() < SMALL {
            return bytes.into();
        }
        let (number, given_up) = self.unsent.waiting().enter(bytes.len(), connection, self.bytes);
        given_up.iter().for_each(|connection| connection.notify_one());
        Bytes::from_owner(Held { bytes, number, unsent: self.unsent.clone() })
    }
}

impl Waiting {
    /// Room for one more, and the connections of those who make it.
    fn enter(&mut self, bytes: usize, connection: &Arc<Notify>, room: usize) -> (u64, Vec<Arc<Notify>>) {
        let mut given_up = Vec::new();
        while self.bytes.saturating_add(bytes) > room
            && let Some((_, oldest)) = self.bodies.pop_first()
        {
            self.bytes -= oldest.bytes;
            given_up.push(oldest.connection);
        }
        let number = self.next;
        self.next += 1;
        self.bytes += bytes;
        self.bodies.insert(number, Body { bytes, connection: Arc::clone(connection) });
        (number, given_up)
    }

    /// It was sent, or its connection is gone.
    fn leave(&mut self, number: u64) {
        if let Some(body) = self.bodies.remove(&number) {
            self.bytes -= body.bytes;
        }
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.unsent.waiting().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    type Visitor = (Bytes, Arc<Notify>);

    fn room(response_body_bytes: u64, concurrency: u64) -> Room {
        let limits = Limits { response_body_bytes, ..Limits::default() };
        Unsent::default().room(&limits, &AppLimits { concurrency, ..AppLimits::default() })
    }

    /// A body of eight mebibytes.
    fn visit(room: &Room) -> Visitor {
        let connection = Arc::default();
        (room.hold(vec![0; 8 << 20], &connection), connection)
    }

    fn is_cut((_, connection): &Visitor) -> bool {
        connection.notified().now_or_never().is_some()
    }

    #[test]
    fn s_4_1_what_has_waited_longest_is_given_up_and_who_reads_is_not() {
        let room = room(8 << 20, 3);
        let bytes = || room.unsent.waiting().bytes;
        let (slow, quick, third) = (visit(&room), visit(&room), visit(&room));
        assert_eq!(bytes(), 24 << 20);
        // He has read all of it, and the next finds room.
        drop(quick);
        let fourth = visit(&room);
        assert!(!is_cut(&slow));
        let fifth = visit(&room);
        assert!(is_cut(&slow) && ![&third, &fourth, &fifth].map(is_cut).contains(&true));
        assert_eq!(bytes(), 24 << 20);
        // Whose connection has ended has no room to give back twice.
        drop(slow);
        assert_eq!(bytes(), 24 << 20);
        drop((third, fourth, fifth));
        assert_eq!(bytes(), 0);
    }

    #[test]
    fn what_is_small_is_not_counted_and_what_is_large_has_room_alone() {
        let room = room(1, 1);
        let connection = Arc::default();
        let _small = room.hold(vec![0; SMALL - 1], &connection);
        assert_eq!(room.unsent.waiting().bytes, 0);
        let pieces: Vec<_> = (0..128).map(|_| room.hold(vec![0; 128 << 10], &connection)).collect();
        assert_eq!(room.unsent.waiting().bytes, 16 << 20);
        let large = (room.hold(vec![0; 17 << 20], &connection), Arc::clone(&connection));
        assert!(is_cut(&large) && room.unsent.waiting().bodies.len() == 1);
        drop(pieces);
        assert_eq!(room.unsent.waiting().bytes, 17 << 20);
    }
}
