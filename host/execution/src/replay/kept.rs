//! A recording as it is kept and shown: JSON without the value of any secret (S-6.4).
//!
//! Whatever an execution was told, asked, logged or answered may have a secret in it. So the values of all secrets that it read are looked for in the whole
//! recording, in bodies that are no text too, and each is replaced by a mark with its name and version. To replay it, the marks become values
//! again, if these versions are still there.

mod export;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Call, Recording};
use crate::{Answer, Question, Secret, SecretVersion, bytes};

pub use export::Exported;

/// What a mark begins and ends with: characters of the private use area, which nobody types.
const BEGIN: char = '\u{e000}';
const END: char = '\u{e001}';
/// Names and versions of the secrets, in the order in which they were replaced.
const SECRETS: &str = "secrets";
/// Headers of the request that are not shown: credentials of the visitor.
const NOT_SHOWN: [&str; 2] = ["authorization", "cookie"];
/// What is shown instead.
const VALUE_NOT_SHOWN: &str = "(not shown)";

/// Secrets with the versions and values that an execution read.
#[derive(Debug, Default)]
pub struct Secrets(Vec<(String, Secret)>);

/// A recording without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRecording(Value);

/// Why a recording can't be run again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReplayable {
    #[error("it has another form than this version of PiCloud reads")]
    Form,
    #[error("{name}@{version} is gone")]
    SecretGone { name: String, version: SecretVersion },
}

impl Secrets {
    /// Those that the calls of a recording have read, the longest values first: one may be part of another.
    #[must_use]
    pub fn of(calls: &[Call]) -> Self {
        let mut secrets = Vec::new();
        for call in calls {
            if let (Question::Secret { name }, Answer::Secret(Ok(Some(secret)))) = (&call.question, &call.answered.answer)
                && !secret.reveal().is_empty()
                && !secrets.iter().any(|(_, known)| known == secret)
            {
                secrets.push((name.clone(), secret.clone()));
            }
        }
        secrets.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.reveal().len()));
        Self(secrets)
    }

    /// Whether none was read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same report, with marks in the place of values.
    ///
    /// # Errors
    /// It can't be written as JSON, or read again: a defect.
    pub fn hide_in<T: Serialize + DeserializeOwned>(&self, report: &T) -> serde_json::Result<T> {
        let mut document = serde_json::to_value(report)?;
        self.hide(&mut document);
        serde_json::from_value(document)
    }

    /// Puts marks in the place of values, everywhere in a JSON document.
    pub(super) fn hide(&self, document: &mut Value) {
        for [(value, mark), (escaped, escaped_mark)] in self.spellings() {
            replace(document, &value, &mark);
            if escaped != value {
                replace(document, &escaped, &escaped_mark);
            }
        }
    }

    /// The same way back: a value may stand in the mark of another one, so the last comes first. Both marks of each: a value that reads the same when it
    /// is escaped may stand in for one that does not.
    fn show(&self, document: &mut Value) {
        for [(value, mark), (escaped, escaped_mark)] in self.spellings().rev() {
            replace(document, &escaped_mark, &escaped);
            replace(document, &mark, &value);
        }
    }

    /// Values with their marks: as they are, and as JSON writes them inside of a string, which is how they stand in a body.
    fn spellings(&self) -> impl DoubleEndedIterator<Item = [(Zeroizing<String>, String); 2]> {
        self.0.iter().map(|(name, secret)| {
            let value = Zeroizing::new(secret.reveal().to_owned());
            let quoted = Zeroizing::new(Value::from(value.as_str()).to_string());
            let escaped = Zeroizing::new(quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned());
            [(value, mark(name, secret.version, "")), (escaped, mark(name, secret.version, "\\"))]
        })
    }
}

impl KeptRecording {
    /// # Errors
    /// It can't be written as JSON: a defect.
    pub fn of(recording: &Recording) -> serde_json::Result<Self> {
        let (mut document, secrets) = (serde_json::to_value(recording)?, Secrets::of(&recording.calls));
        secrets.hide(&mut document);
        // Beside the recording, where nothing is replaced: a value may be part of a name.
        let names: Vec<_> = secrets.0.iter().map(|(name, secret)| json!([name, secret.version])).collect();
        document[SECRETS] = Value::from(names);
        Ok(Self(document))
    }

    /// # Errors
    /// It is no JSON.
    pub fn read(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text).map(Self)
    }

    /// As it is kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    /// As it is shown to people: without the visitor's credentials too.
    #[must_use]
    pub fn shown(&self) -> Value {
        let mut document = self.0.clone();
        let headers = document.pointer_mut("/invocation/request/headers").and_then(Value::as_array_mut);
        for header in headers.into_iter().flatten() {
            if header[0].as_str().is_some_and(|name| NOT_SHOWN.contains(&name)) {
                header[1] = Value::from(VALUE_NOT_SHOWN);
            }
        }
        document
    }

    /// The recording, with the values of its secrets. `find` gives the value that a secret has now, if it has one.
    ///
    /// # Errors
    /// [`NotReplayable`].
    pub fn open(&self, find: impl Fn(&str) -> Option<Secret>) -> Result<Recording, NotReplayable> {
        let names = self.0.get(SECRETS).ok_or(NotReplayable::Form)?;
        let names: Vec<(String, SecretVersion)> = serde_json::from_value(names.clone()).map_err(|_| NotReplayable::Form)?;
        let mut secrets = Secrets::default();
        for (name, version) in names {
            match find(&name).filter(|present| present.version == version) {
                Some(present) => secrets.0.push((name, present)),
                None => return Err(NotReplayable::SecretGone { name, version }),
            }
        }
        self.open_with(&secrets)
    }
}

fn mark(name: &str, version: SecretVersion, escaped: &str) -> String {
    format!("{BEGIN}{name}@{version}{escaped}{END}")
}

/// Replaces a text in all strings of a document, and its bytes in all bodies.
fn replace(document: &mut Value, from: &str, to: &str) {
    match document {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if name == bytes::BASE64 => replace_bytes(text, from.as_bytes(), to.as_bytes()),
                    other => replace(other, from, to),
                }
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace_bytes(encoded: &mut String, from: &[u8], to: &[u8]) {
    let Some(body) = bytes::decode(encoded).map(Zeroizing::new) else { return };
    let (mut replaced, mut rest) = (Zeroizing::new(Vec::new()), &body[..]);
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    if !replaced.is_empty() {
        replaced.extend_from_slice(rest);
        *encoded = bytes::encode(&replaced);
    }
}

#[cfg(test)]
mod tests;
