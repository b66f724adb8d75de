//! What happens in an app, and the jobs that its triggers make of it.

use execution::{
    Effects, files, kv,
    queue::{NewJob, Origin},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{On, Trigger};

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened<'a> {
    /// `set`, `increment` or `delete`.
    Key { key: &'a str, operation: &'static str },
    /// `write` or `delete`.
    File { path: &'a str, operation: &'static str },
    /// A message was published.
    Message { topic: &'a str, message: &'a str },
    /// A job has failed for good.
    DeadLetter { job: &'a DeadJob<'a> },
}

/// What a trigger is told of a job that has failed for good.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadJob<'a> {
    pub id: Uuid,
    /// Name of its endpoint.
    pub script: &'a str,
    /// JSON.
    pub payload: &'a str,
    pub attempts: u32,
    /// A kind of failure, `no_script` or `lost`.
    pub outcome: &'a str,
    pub message: &'a str,
}

impl<'a> Happened<'a> {
    /// A write to a key, by whomever.
    #[must_use]
    pub fn to_key(key: &'a str, write: &kv::Write) -> Self {
        let operation = match write {
            kv::Write::Set { .. } => "set",
            kv::Write::Add(_) => "increment",
            kv::Write::Delete => "delete",
        };
        Self::Key { key, operation }
    }

    /// All that an execution leaves behind.
    pub fn by(effects: &'a Effects) -> impl Iterator<Item = Self> {
        let keys = effects.writes.iter().map(|(key, write)| Self::to_key(key, write));
        let files = effects.file_writes.iter().map(|(path, write)| Self::File {
            path,
            operation: match write {
                files::Write::Put { .. } => "write",
                files::Write::Delete => "delete",
            },
        });
        let messages = effects.messages.iter().map(|message| Self::Message { topic: &message.topic, message: &message.message });
        keys.chain(files).chain(messages)
    }

    /// What the started script has in `ctx.event`; `None`: the trigger waits for something else.
    fn event(&self, trigger: &Trigger) -> Option<Value> {
        let name = &trigger.name;
        Some(match (&trigger.on, self) {
            (On::Kv { prefix }, Self::Key { key, operation }) if key.starts_with(prefix) => {
                json!({ "trigger": name, "kind": "kv", "key": key, "operation": operation })
            }
            (On::File { prefix }, Self::File { path, operation }) if path.starts_with(prefix) => {
                json!({ "trigger": name, "kind": "file", "path": path, "operation": operation })
            }
            (On::Topic { topic: wanted }, Self::Message { topic, message }) if wanted == topic => {
                let message: Value = serde_json::from_str(message).unwrap_or_default();
                json!({ "trigger": name, "kind": "topic", "topic": topic, "message": message })
            }
            (On::DeadLetter, Self::DeadLetter { job }) => {
                let DeadJob { id, script, payload, attempts, outcome, message } = job;
                let payload: Value = serde_json::from_str(payload).unwrap_or_default();
                let job = json!({
                    "id": id, "script": script, "payload": payload, "attempts": attempts, "outcome": outcome, "message": message,
                });
                json!({ "trigger": name, "kind": "dead_letter", "job": job })
            }
            _ => return None,
        })
    }
}

/// The jobs that `triggers` make of what has happened. `depth`: jobs that led to it. `script`: the name of an endpoint by its id; what is not there is not started.
pub fn jobs<'a>(
    triggers: &[Trigger],
    happened: impl Iterator<Item = Happened<'a>>,
    depth: u32,
    script: impl Fn(Uuid) -> Option<String>,
) -> Vec<NewJob> {
    let mut made = Vec::new();
    if triggers.is_empty() {
        return made;
    }
    for happened in happened {
        for trigger in triggers {
            let Some(event) = happened.event(trigger) else { continue };
            let Some(script) = script(trigger.script) else { continue };
            made.push(NewJob {
                id: Uuid::now_v7(),
                script,
                payload: "null".to_owned(),
                depth: depth.saturating_add(1),
                how: trigger.retry.options(0),
                origin: Some(Origin { trigger: trigger.id, event: event.to_string(), scheduled_at_us: None, is_serial: false }),
            });
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Retry;

    fn trigger(name: &str, on: On) -> Trigger {
        Trigger { id: Uuid::from_u128(1), name: name.into(), script: Uuid::from_u128(2), on, retry: Retry::default() }
    }

    fn events(on: On, happened: Happened<'_>) -> Vec<Value> {
        let jobs = jobs(&[trigger("t", on)], [happened].into_iter(), 3, |_| Some("work".into()));
        jobs.iter().filter_map(|job| serde_json::from_str(&job.origin.as_ref()?.event).ok()).collect()
    }

    #[test]
    fn a_trigger_hears_of_what_it_waits_for_and_of_nothing_else() {
        let key = |key| Happened::Key { key, operation: "set" };
        let orders = || On::Kv { prefix: "orders/".into() };
        assert_eq!(events(orders(), key("orders/7")), [json!({ "trigger": "t", "kind": "kv", "key": "orders/7", "operation": "set" })]);
        assert!(events(orders(), key("order")).is_empty());
        assert!(events(orders(), Happened::File { path: "orders/7", operation: "write" }).is_empty());
        assert_eq!(events(On::Kv { prefix: String::new() }, key("x")).len(), 1);
        let file = Happened::File { path: "a/b", operation: "delete" };
        assert_eq!(
            events(On::File { prefix: "a".into() }, file),
            [json!({ "trigger": "t", "kind": "file", "path": "a/b", "operation": "delete" })]
        );
        let dead = DeadJob { id: Uuid::nil(), script: "mail", payload: "[1]", attempts: 2, outcome: "error", message: "no" };
        let told = events(On::DeadLetter, Happened::DeadLetter { job: &dead });
        assert_eq!((&told[0]["job"]["payload"], &told[0]["job"]["outcome"]), (&json!([1]), &json!("error")));
    }

    #[test]
    fn what_it_starts_is_one_deeper_and_has_to_be_there() {
        let all = On::Kv { prefix: String::new() };
        let happened = || [Happened::Key { key: "k", operation: "set" }].into_iter();
        let made = jobs(&[trigger("t", all.clone())], happened(), 3, |_| Some("work".into()));
        assert_eq!((made[0].depth, made[0].script.as_str(), made[0].how.attempts), (4, "work", 5));
        assert!(jobs(&[trigger("t", all)], happened(), 3, |_| None).is_empty());
    }
}
