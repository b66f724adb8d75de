//! Changes as they are made, by any node (`LISTEN/NOTIFY`).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgListener, PgNotification},
};
use uuid::Uuid;

use crate::{AdminId, ApiKeyId, AppId, SessionId};

/// Payload: the app's id.
const APPS: &str = "picloud_apps";
/// Payload: `key`, `session` or `admin`, a colon and the id.
const REVOKED: &str = "picloud_revoked";

/// No payload.
const MESSAGES: &str = "picloud_messages";

/// A connection over a network that says nothing for this long is asked whether it is still there: a cut network does not end it.
const PROBE_EVERY: Duration = Duration::from_secs(30);
/// Of one within this machine, which ends with the server: an idle node should not wake it to hear that.
const NEVER: Duration = Duration::MAX;
/// First and longest pause before the next try to connect.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The listener is connected, for the first time or again: anything may have changed meanwhile, so re-read everything.
    Resync,
    /// What this app runs, or its hosts or limits; or it was made or deleted.
    App(AppId),
    /// A credential ended.
    Revoked(Revoked),
    /// Messages were published.
    Messages,
}

/// Whose credential ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    Key(ApiKeyId),
    Session(SessionId),
    /// All of an admin's, or his role changed.
    Admin(AdminId),
}

/// A connection that waits for changes, for ever: it connects again by itself.
#[derive(Debug)]
pub struct Listener {
    pool: PgPool,
    connection: Option<PgListener>,
    /// [`PROBE_EVERY`] or [`NEVER`].
    probe_every: Duration,
    /// Pause before the next try to connect; zero while connected.
    pause: Duration,
    /// Told whether it is connected.
    is_connected: Arc<AtomicBool>,
}

impl Listener {
    pub(crate) fn new(pool: PgPool) -> Self {
        let probe_every = probe_every(&pool.connect_options());
        Self { pool, connection: None, probe_every, pause: Duration::ZERO, is_connected: Arc::default() }
    }

    /// The same, which tells whether it is connected: while it is not, changes are not heard of.
    #[must_use]
    pub fn telling(self, is_connected: Arc<AtomicBool>) -> Self {
        Self { is_connected, ..self }
    }

    /// Waits for the next event. Never fails: while the database is away it tries again with a growing pause (at most 5 s,
    /// shifted by the process id, so that nodes don't return all at once). Dropping the future loses nothing.
    pub async fn next(&mut self) -> Event {
        loop {
            let Some(connection) = &mut self.connection else {
                if self.connect().await {
                    return Event::Resync;
                }
                continue;
            };
            match tokio::time::timeout(self.probe_every, connection.try_recv()).await {
                Ok(Ok(Some(notification))) => match read(&notification) {
                    Some(event) => return event,
                    None => tracing::warn!(channel = notification.channel(), "a notification that is not ours was left out"),
                },
                Ok(Ok(None)) => self.lost("it was closed"),
                Ok(Err(error)) => self.lost(&error.to_string()),
                Err(_) => {
                    // What arrives beside the answer is kept for the next call.
                    let probe = tokio::time::timeout(PROBE_EVERY, connection.execute("select 1")).await;
                    if !matches!(probe, Ok(Ok(_))) {
                        self.lost("it does not answer");
                    }
                }
            }
        }
    }

    /// Waits out the pause and tries once.
    async fn connect(&mut self) -> bool {
        tokio::time::sleep(self.pause).await;
        let outcome = async {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            // Without this, notifications between the loss and our re-reading would be lost silently.
            listener.eager_reconnect(false);
            listener.listen_all([APPS, REVOKED, MESSAGES]).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match outcome.await {
            Ok(listener) => {
                self.connection = Some(listener);
                self.pause = Duration::ZERO;
                self.is_connected.store(true, Ordering::Relaxed);
                true
            }
            Err(error) => {
                let jitter = Duration::from_millis(u64::from(std::process::id() % 50));
                self.pause = (self.pause * 2).clamp(RETRY_FIRST, RETRY_MAX) + jitter;
                tracing::warn!(%error, pause_ms = self.pause.as_millis(), "can't listen for changes; trying again");
                false
            }
        }
    }

    fn lost(&mut self, why: &str) {
        tracing::warn!(why, "the connection that listens for changes was lost");
        self.connection = None;
        self.is_connected.store(false, Ordering::Relaxed);
    }
}

fn probe_every(server: &PgConnectOptions) -> Duration {
    if server.get_socket().is_some() || server.get_host().starts_with('/') { NEVER } else { PROBE_EVERY }
}

/// Tells every node, when the transaction commits, that an app changed.
pub(crate) async fn notify_app(connection: &mut PgConnection, app: AppId) -> sqlx::Result<()> {
    notify(connection, APPS, &app.to_string()).await
}

/// Tells every node, when the transaction commits, that a credential ended.
pub(crate) async fn notify_revoked(connection: &mut PgConnection, revoked: Revoked) -> sqlx::Result<()> {
    let payload = match revoked {
        Revoked::Key(id) => format!("key:{id}"),
        Revoked::Session(id) => format!("session:{id}"),
        Revoked::Admin(id) => format!("admin:{id}"),
    };
    notify(connection, REVOKED, &payload).await
}

/// Tells every node that messages were published. Not in the transaction that publishes: a notification takes a lock of the whole database.
pub(crate) async fn notify_messages(connection: &mut PgConnection) -> sqlx::Result<()> {
    notify(connection, MESSAGES, "").await
}

async fn notify(connection: &mut PgConnection, channel: &str, payload: &str) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, $2)", channel, payload).execute(connection).await?;
    Ok(())
}

fn read(notification: &PgNotification) -> Option<Event> {
    match notification.channel() {
        MESSAGES => Some(Event::Messages),
        APPS => notification.payload().parse().ok().map(Event::App),
        REVOKED => {
            let (kind, id) = notification.payload().split_once(':')?;
            let id: Uuid = id.parse().ok()?;
            let revoked = match kind {
                "key" => Revoked::Key(id.into()),
                "session" => Revoked::Session(id.into()),
                "admin" => Revoked::Admin(id.into()),
                _ => return None,
            };
            Some(Event::Revoked(revoked))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn s_9_3_only_what_a_network_can_cut_is_asked_whether_it_is_there() {
        for (url, expected) in [
            ("postgresql://picloud@db.example.com/picloud", PROBE_EVERY),
            ("postgresql://picloud@127.0.0.1:5433/picloud", PROBE_EVERY),
            ("postgresql://picloud@localhost/picloud?host=/run/postgresql", NEVER),
            ("postgresql://picloud@%2Frun%2Fpostgresql/picloud", NEVER),
        ] {
            assert_eq!(probe_every(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
