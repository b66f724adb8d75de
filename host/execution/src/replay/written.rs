//! What an execution would have written, as a digest: a replay says whether it would write the same without a recording keeping it twice.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Secrets;
use crate::{Effects, dead_letters, files, kv, queue};

/// What counts of [`Effects`]: not what was read (a replay compares calls), and neither names nor times that only say which run it was.
#[derive(Serialize)]
struct Written<'a> {
    keys: Vec<(&'a str, &'a kv::Write)>,
    /// Path and content; `None`: removed.
    files: Vec<(&'a str, Option<Content<'a>>)>,
    jobs: Vec<(&'a str, &'a str, u32, &'a queue::Options)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decisions: Vec<(&'a Uuid, &'a dead_letters::Decision)>,
}

/// Of a file.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    /// Of an execution that has read no secret: nothing is to be hidden, and the digest is there.
    Digest(&'a str),
    /// In the form in which secrets are found, text or not. In a digest nothing could be hidden.
    Bytes(#[serde(serialize_with = "crate::bytes::serialize")] &'a [u8]),
}

impl Secrets {
    /// SHA-256, in hexadecimal, of what these effects write, with marks in the place of values: a digest over a short secret could be tried out.
    /// Empty effects have one too.
    ///
    /// # Errors
    /// They can't be written as JSON: a defect.
    pub fn digest_of(&self, effects: &Effects) -> serde_json::Result<String> {
        let written = Written {
            keys: effects.writes.iter().map(|(key, write)| (key.as_str(), write)).collect(),
            files: effects.file_writes.iter().map(|(path, write)| (path.as_str(), self.content(write))).collect(),
            jobs: effects.jobs.iter().map(|job| (job.script.as_str(), job.payload.as_str(), job.depth, &job.how)).collect(),
            messages: effects.messages.iter().map(|message| (message.topic.as_str(), message.message.as_str())).collect(),
            decisions: effects.decisions.iter().collect(),
        };
        let mut document = serde_json::to_value(&written)?;
        self.hide(&mut document);
        // Members in the order of their names, whatever the build's maps do.
        document.sort_all_objects();
        Ok(Sha256::digest(document.to_string()).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn content<'a>(&self, write: &'a files::Write) -> Option<Content<'a>> {
        match write {
            files::Write::Put { digest, .. } if self.is_empty() => Some(Content::Digest(digest)),
            files::Write::Put { bytes, .. } => Some(Content::Bytes(bytes)),
            files::Write::Delete => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::{Answer, Answered, Call, Question, Secret};

    fn set(value: &str) -> kv::Write {
        kv::Write::Set { value: value.to_owned(), expires_at_ms: None }
    }

    fn put(bytes: &[u8], digest: &str) -> files::Write {
        files::Write::Put { digest: digest.to_owned(), bytes: bytes.to_vec(), updated_at_ms: digest.len() as u64 }
    }

    fn effects(secret: &str) -> Effects {
        let job = queue::NewJob {
            id: Uuid::from_u128(secret.len() as u128),
            script: "mail".into(),
            payload: format!(r#"{{"to":"{secret}"}}"#),
            depth: 1,
            how: queue::Options::default(),
            origin: None,
        };
        Effects {
            writes: [("a".to_owned(), set(&format!(r#""{secret}""#))), (format!("b/{secret}"), kv::Write::Delete)].into(),
            file_writes: [("f".to_owned(), put(&[&[0xff], secret.as_bytes()].concat(), secret)), ("g".to_owned(), files::Write::Delete)]
                .into(),
            jobs: vec![job],
            ..Effects::default()
        }
    }

    fn secrets(value: &str) -> Secrets {
        let answer = Answer::Secret(Ok(Some(Secret::new(3, value.to_owned().into()))));
        Secrets::of(&[Call { question: Question::Secret { name: "PIN".into() }, answered: Answered { answer, now_ms: 0 } }])
    }

    #[test]
    fn whatever_is_written_changes_the_digest_and_nothing_else_does() {
        let (none, first) = (Secrets::default(), effects("x"));
        let digest = |effects: &Effects| none.digest_of(effects).unwrap();
        let like = |change: &dyn Fn(&mut Effects)| {
            let mut effects = first.clone();
            change(&mut effects);
            digest(&effects) == digest(&first)
        };
        assert_eq!(digest(&first).len(), 64);
        assert!(!like(&|effects| effects.writes.clear()));
        assert!(!like(&|effects| drop(effects.writes.insert("a".into(), kv::Write::Add(1)))));
        assert!(!like(&|effects| drop(effects.file_writes.insert("f".into(), put(b"y", "y")))));
        assert!(!like(&|effects| drop(effects.file_writes.remove("g"))));
        assert!(!like(&|effects| effects.jobs[0].how.delay_ms = 1));
        assert!(!like(&|effects| effects.jobs[0].payload.clear()));
        assert!(!like(&|effects| _ = effects.decisions.insert(Uuid::nil(), dead_letters::Decision::Resolve)));
        // Another name of the same job, another time, and what was seen and called.
        assert!(like(&|effects| effects.jobs[0].id = Uuid::nil()));
        assert!(like(&|effects| effects.reads.push(kv::Read::Key { key: "r".into(), version: None })));
        assert!(like(&|effects| effects.irrevocable = true));
    }

    #[test]
    fn s_6_4_a_secret_that_is_written_can_t_be_tried_out() {
        // The same of whichever value, in keys, values, bodies that are no text, and jobs; what is not known to be one counts.
        assert_eq!(secrets("1234").digest_of(&effects("1234")).unwrap(), secrets("pin").digest_of(&effects("pin")).unwrap());
        assert_ne!(secrets("1234").digest_of(&effects("1235")).unwrap(), secrets("1234").digest_of(&effects("1234")).unwrap());
    }
}
