//! Scripts of the active deployment.

use jiff::Timestamp;

use super::AppStore;
use crate::{Digest, Listed, Page, Result, Revision, ScriptId};

/// What a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ScriptKind {
    /// Answers requests.
    Endpoint,
    /// Is imported by other scripts of the app.
    Module,
}

/// A script as it is in one deployment, without its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub id: ScriptId,
    pub name: String,
    pub kind: ScriptKind,
    pub source_digest: Digest,
    pub created_at: Timestamp,
    /// When this name, kind or source was deployed.
    pub changed_at: Timestamp,
}

impl Script {
    /// Of name, kind and source.
    #[must_use]
    pub fn revision(&self) -> Revision {
        todo!()
    }
}

impl AppStore {
    /// Scripts of the active deployment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn scripts(&self, page: Page) -> Result<Listed<Script>> {
        todo!()
    }

    /// One script of the active deployment and its source.
    ///
    /// # Errors
    /// The database failed.
    pub async fn script(&self, id: ScriptId) -> Result<Option<(Script, String)>> {
        todo!()
    }

    /// The source that a script of this name had in deployment `number`: for the line and caret of an old error.
    ///
    /// # Errors
    /// The database failed.
    pub async fn source_at(&self, number: u32, name: &str) -> Result<Option<String>> {
        todo!()
    }
}
