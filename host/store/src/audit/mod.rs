//! Who changed what (S-8.9). Every change is [`Watched`]: looked at before it, and recorded in its transaction, so that there is no change without
//! its row and no row without its change. Rows form a chain per app, and one of the instance: [`verify`] walks it.
//!
//! Deliberately absent: a way to change or remove a row. The database refuses that too.

mod read;
mod record;
mod subject;
mod verify;

pub use read::{AuditFilter, AuditPosition};
pub(crate) use record::Watched;
pub(crate) use subject::Subject;
pub use verify::{AuditCheckpoint, AuditFault, AuditVerdict, CheckpointError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{AdminId, ApiKeyId, AppId, Digest};

/// The chain of what is not about one app.
const OF_THE_INSTANCE: Uuid = Uuid::nil();
/// What the first row of a chain continues.
const BEFORE_THE_FIRST: [u8; 32] = [0; 32];

/// One change, as it was when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// What `hash` covers.
    pub content: AuditContent,
    /// The hash of the row before it in its chain; zeros for the first.
    pub previous_hash: Digest,
    /// SHA-256 over the 32 bytes of `previous_hash` and the compact JSON of `content`.
    pub hash: Digest,
}

/// What happened. The order of the fields is part of the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditContent {
    pub id: Uuid,
    /// `None` for what is not about one app. The app may be gone.
    pub app_id: Option<AppId>,
    /// 1, 2, 3 ... in each chain.
    pub seq: i64,
    /// In whole microseconds.
    pub at: Timestamp,
    /// The admin who acted, or whose key did; nil for what PiCloud does by itself.
    pub actor_id: AdminId,
    /// His user name then.
    pub actor: String,
    /// The key that acted; `None` for a browser.
    pub key_id: Option<ApiKeyId>,
    /// The client's address; `None` for what no request caused.
    pub ip: Option<String>,
    pub request_id: Option<String>,
    /// `<thing>.<done>`: `app.created`.
    pub action: String,
    /// The id of the thing.
    pub target: Option<String>,
    /// A JSON object, with its members in the order of their names.
    pub details: Value,
    /// Of the thing as it was; `None`: it was not there, or the row is of a version that did not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<Digest>,
    /// Of the thing as it is after the change; `None`: it is no more, or the row is of a version that did not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_sha256: Option<Digest>,
}

impl AuditContent {
    /// The hash of this content behind a row with the hash `previous`.
    fn chained(&self, previous: &Digest) -> serde_json::Result<Digest> {
        let mut bytes = previous.as_bytes().to_vec();
        serde_json::to_writer(&mut bytes, self)?;
        Ok(Digest::of(&bytes))
    }
}

/// The chain that an app's rows, or those of the instance, are in.
fn chain(app: Option<AppId>) -> Uuid {
    app.map_or(OF_THE_INSTANCE, AppId::uuid)
}

#[cfg(test)]
mod tests {
    #[test]
    fn members_are_in_the_order_of_their_names() {
        // A feature of serde_json that some dependency might switch on would change every hash.
        assert_eq!(serde_json::json!({ "b": 1, "a": 2 }).to_string(), r#"{"a":2,"b":1}"#);
    }
}
