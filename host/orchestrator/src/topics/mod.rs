//! Topics: what scripts publish, to the browsers that listen.
//!
//! One task a node reads what is new in the database, for all listeners together, and only while there are any. A listener that is too slow is told so and let go: it comes back and
//! reads on behind the last message it has.

mod listen;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use store::{AppId, Data, Message, Position};
use tokio::{
    sync::{Notify, broadcast, watch},
    time::{Instant, sleep_until},
};

use crate::Orchestrator;

pub(crate) use listen::is_asked;
pub(crate) use token::TopicKey;

/// Messages that wait for one listener.
const WAITING_MAX: usize = 256;
/// What other nodes have published is found at the latest after this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// While a transaction runs that was before what is there.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What leads to all who listen to one topic of one app.
type Channels = HashMap<(AppId, Box<str>), broadcast::Sender<Arc<Message>>>;

/// Who listens to what on this node.
#[derive(Debug)]
pub(crate) struct Topics {
    channels: Mutex<Channels>,
    /// How many listen in all.
    listening: watch::Sender<usize>,
    woken: Notify,
    /// Something was published here, of which other nodes don't know.
    published: Notify,
}

impl Default for Topics {
    fn default() -> Self {
        Self { channels: Mutex::default(), listening: watch::Sender::new(0), woken: Notify::new(), published: Notify::new() }
    }
}

impl Topics {
    /// Messages were committed here.
    pub(crate) fn published(&self) {
        self.published.notify_one();
        self.woken.notify_one();
    }

    /// Messages were committed somewhere.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    fn subscribe(&self, app: AppId, topic: &str) -> broadcast::Receiver<Arc<Message>> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.entry((app, topic.into())).or_insert_with(|| broadcast::channel(WAITING_MAX).0).subscribe()
    }

    fn send(&self, messages: Vec<Message>) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            let key = (message.app, message.topic.as_str().into());
            if let Some(channel) = channels.get(&key) {
                // If nobody listens any more, it is forgotten below.
                let _ = channel.send(Arc::new(message));
            }
        }
        channels.retain(|_, channel| channel.receiver_count() > 0);
    }

    /// Lets all listeners go, when the process is told to end.
    pub(crate) fn close(&self) {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Orchestrator {
    /// Reads new messages at once, and tells other nodes of them: for whoever has published in the database.
    pub fn published(&self) {
        self.topics.published();
    }

    /// Carries messages from the database to listeners, for ever. Spawned once by the binary.
    pub async fn carry_messages(&self, data: Data) {
        tokio::join!(self.tell_others(&data), self.read_messages(&data));
    }

    /// One notification for however much is published meanwhile: it takes a lock of the whole database.
    async fn tell_others(&self, data: &Data) {
        loop {
            self.topics.published.notified().await;
            if let Err(error) = data.tell_of_messages().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "other nodes are not told of messages");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn read_messages(&self, data: &Data) {
        let mut listening = self.topics.listening.subscribe();
        // Never after anybody's beginning to listen: who listens leaves out what was before him.
        let mut position = None;
        let _ = self.read_once(data, &mut position).await;
        loop {
            // Never fails: the sender is ours.
            let _ = listening.wait_for(|listening| *listening > 0).await;
            while *listening.borrow() > 0 {
                let look_at = Instant::now() + self.read_once(data, &mut position).await;
                tokio::select! {
                    () = self.topics.woken.notified() => {}
                    () = sleep_until(look_at) => {}
                }
            }
        }
    }

    /// Reads what is new, and says after how long to look again.
    async fn read_once(&self, data: &Data, position: &mut Option<Position>) -> Duration {
        let read = async {
            let after = match *position {
                Some(after) => after,
                None => *position.insert(data.messages_end().await?),
            };
            data.messages_after(after).await
        };
        match read.await {
            Ok(new) => {
                if let Some(last) = new.messages.last() {
                    *position = Some(last.position);
                }
                self.topics.send(new.messages);
                if new.is_more { LOOK_AGAIN } else { LOOK_EVERY }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "messages can't be read");
                LOOK_EVERY
            }
        }
    }
}
