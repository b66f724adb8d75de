//! The connections that are open, in the order in which they came (S-4.1).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinSet, time::timeout};

/// Asked to leave at once when there is no room: as many come meanwhile, and looking for each would cost more than closing it.
const AT_ONCE: usize = 64;
/// How long one who comes waits for the first of them. One that is idle needs less, and who comes next finds its place otherwise.
const MOMENT: Duration = Duration::from_millis(10);

/// All connections of the listener.
#[derive(Debug, Default)]
pub(crate) struct Open {
    tasks: JoinSet<u64>,
    next: u64,
    /// What asks each of them to leave; who was asked is not in it any more.
    leave: BTreeMap<u64, Arc<Notify>>,
}

impl Open {
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Serves one more. It is given what asks it to leave: to close as soon as it has answered what it was asked.
    pub(crate) fn serve<F: Future<Output = ()> + Send + 'static>(&mut self, connection: impl FnOnce(Arc<Notify>) -> F) {
        let (number, leave) = (self.next, Arc::new(Notify::new()));
        self.next += 1;
        self.leave.insert(number, Arc::clone(&leave));
        let connection = connection(leave);
        self.tasks.spawn(async move {
            connection.await;
            number
        });
    }

    /// Waits until one has ended; `None`: none is open.
    pub(crate) async fn ended(&mut self) -> Option<()> {
        // One that panicked stays in the list until it is asked to leave.
        if let Ok(number) = self.tasks.join_next().await? {
            self.leave.remove(&number);
        }
        Some(())
    }

    /// Asks those that have been open for longest to leave, and waits a moment for the first that does: those that are idle do at once, so that whoever
    /// keeps connections open and asks for nothing keeps nobody out.
    pub(crate) async fn make_room(&mut self) {
        for _ in 0..AT_ONCE {
            let Some((_, leave)) = self.leave.pop_first() else { break };
            leave.notify_one();
        }
        // Where none leaves, whoever comes is told that there is no room.
        let _ = timeout(MOMENT, self.ended()).await;
    }

    /// Ends all that are left.
    pub(crate) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}
