//! What a deployment changes.

use serde_json::{Value, json};

use triggers::Trigger;

use super::{RouteTarget, ScriptKind};
use crate::{Revision, RouteId, ScriptId, TriggerId};

/// One step from the active deployment to the next. A deployment applies a list of them, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new script, with a fresh id chosen by the caller.
    CreateScript { id: ScriptId, name: String, kind: ScriptKind, source: String },
    /// Another name, kind or source for a script; `None` leaves it.
    UpdateScript { id: ScriptId, name: Option<String>, kind: Option<ScriptKind>, source: Option<String>, expected: Option<Revision> },
    /// Removes a script, and its routes with it.
    RemoveScript { id: ScriptId, expected: Option<Revision> },
    /// A new route, with a fresh id chosen by the caller.
    CreateRoute { id: RouteId, target: RouteTarget, method: Option<String>, host: Option<String>, path: String },
    /// Replaces everything about a route but its id.
    ReplaceRoute {
        id: RouteId,
        target: RouteTarget,
        method: Option<String>,
        host: Option<String>,
        path: String,
        expected: Option<Revision>,
    },
    /// Removes a route.
    RemoveRoute { id: RouteId, expected: Option<Revision> },
    /// A new trigger or schedule, with a fresh id chosen by the caller, who has checked it.
    CreateTrigger(Trigger),
    /// Replaces everything about one but its id.
    ReplaceTrigger { trigger: Trigger, expected: Option<Revision> },
    /// Removes a trigger or schedule.
    RemoveTrigger { id: TriggerId, expected: Option<Revision> },
}

impl Change {
    /// What the audit log says of it. Sources are in the deployment.
    pub(super) fn summary(&self) -> Value {
        match self {
            Self::CreateScript { id, name, .. } => json!({ "create_script": id, "name": name }),
            Self::UpdateScript { id, name, kind, source, .. } => {
                json!({ "update_script": id, "name": name, "kind": kind, "source_changed": source.is_some() })
            }
            Self::RemoveScript { id, .. } => json!({ "remove_script": id }),
            Self::CreateRoute { id, target, method, host, path } => {
                json!({ "create_route": id, "script": target.summary(), "method": method, "host": host, "path": path })
            }
            Self::ReplaceRoute { id, target, method, host, path, .. } => {
                json!({ "replace_route": id, "script": target.summary(), "method": method, "host": host, "path": path })
            }
            Self::RemoveRoute { id, .. } => json!({ "remove_route": id }),
            Self::CreateTrigger(trigger) => json!({ "create_trigger": trigger.id, "name": trigger.name }),
            Self::ReplaceTrigger { trigger, .. } => json!({ "replace_trigger": trigger.id, "name": trigger.name }),
            Self::RemoveTrigger { id, .. } => json!({ "remove_trigger": id }),
        }
    }
}
