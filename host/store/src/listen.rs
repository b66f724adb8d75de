//! Changes as they are made, by any node (`LISTEN/NOTIFY`).

use crate::{AdminId, ApiKeyId, AppId, SessionId};

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The listener is connected, for the first time or again: anything may have changed meanwhile, so re-read everything.
    Resync,
    /// What this app runs, or its hosts or limits; or it was made or deleted.
    App(AppId),
    /// A credential ended.
    Revoked(Revoked),
}

/// Whose credential ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    Key(ApiKeyId),
    Session(SessionId),
    /// All of an admin's.
    Admin(AdminId),
}

/// A connection that waits for changes, for ever: it connects again by itself.
#[derive(Debug)]
pub struct Listener {
    pub(crate) pool: sqlx::PgPool,
}

impl Listener {
    /// Waits for the next event. Never fails: while the database is away it tries again with a growing, jittered pause (at most 5 s).
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Event {
        todo!()
    }
}
