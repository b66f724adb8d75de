//! A recording as it was shown to people, opened where its secrets are not: something stands in for each of them.

use super::{Answer, KeptRecording, NOT_SHOWN, NotReplayable, Recording, SECRETS, Secret, Secrets, VALUE_NOT_SHOWN, mark};
use crate::{REDACTED_BYTES_MIN, SecretVersion};

/// A recording that runs anywhere, and what of it is not what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    pub recording: Recording,
    /// `NAME@version` of the secrets that something stands in for.
    pub stand_ins: Vec<String>,
    /// Headers of the request that the script is told `(not shown)` of.
    pub not_shown: Vec<String>,
}

impl Exported {
    /// Whether the run must take as many instructions as the recorded one: texts are as long as they were.
    #[must_use]
    pub fn has_comparable_fuel(&self) -> bool {
        self.stand_ins.is_empty() && self.not_shown.is_empty()
    }
}

impl KeptRecording {
    /// The recording, with a stand-in for the value of each secret. The script is told it, and where the value was in the recording there is the same
    /// stand-in: a run is the recorded one again unless the script computes with a value (its length, a signature).
    ///
    /// # Errors
    /// [`NotReplayable::Form`].
    pub fn open_exported(&self) -> Result<Exported, NotReplayable> {
        let names = self.0.get(SECRETS).ok_or(NotReplayable::Form)?;
        let names: Vec<(String, SecretVersion)> = serde_json::from_value(names.clone()).map_err(|_| NotReplayable::Form)?;
        let stand_ins = names.iter().map(|(name, version)| format!("{name}@{version}")).collect();
        let values = names.into_iter().enumerate().map(|(place, (name, version))| {
            let value = self.stand_in(place, &name, version);
            (name, Secret::new(version, value.into()))
        });
        let mut recording = self.open_with(&Secrets(values.collect()))?;
        // A short secret can be in a digest by chance, and then its stand-in is.
        let is_digest = |digest: &String| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        recording.ended.effects = recording.ended.effects.filter(is_digest);
        let request = recording.invocation.request.as_ref();
        let headers = request.into_iter().flat_map(|request| &request.headers);
        let not_shown = headers.filter(|(name, value)| NOT_SHOWN.contains(&name.as_str()) && value == VALUE_NOT_SHOWN);
        let not_shown = not_shown.map(|(name, _)| name.clone()).collect();
        Ok(Exported { recording, stand_ins, not_shown })
    }

    /// Letters and digits that need no escape, neither in JSON nor in a URL. As the sandbox hides long values in logs and errors by their names, and short
    /// ones not, it is short if the mark is in what was logged: so the log of the run is the recorded one.
    fn stand_in(&self, place: usize, name: &str, version: SecretVersion) -> String {
        let mark = mark(name, version, "");
        let told = ["/ended/logs", "/ended/result/Err"].map(|at| self.0.pointer(at).map(ToString::to_string).unwrap_or_default());
        let short = format!("zq{place}x");
        if short.len() < REDACTED_BYTES_MIN && told.iter().any(|text| text.contains(&mark)) {
            return short;
        }
        format!("stand-in-for-{name}-{version}")
    }

    /// The recording, with these values in the places of their marks.
    pub(super) fn open_with(&self, secrets: &Secrets) -> Result<Recording, NotReplayable> {
        let mut document = self.0.clone();
        document.as_object_mut().and_then(|members| members.remove(SECRETS)).ok_or(NotReplayable::Form)?;
        secrets.show(&mut document);
        let mut recording: Recording = serde_json::from_value(document).map_err(|_| NotReplayable::Form)?;
        for call in &mut recording.calls {
            if let Answer::Secret(Ok(Some(secret))) = &mut call.answered.answer
                && let Some((_, known)) = secrets.0.iter().find(|(_, known)| known.version == secret.version)
            {
                *secret = known.clone();
            }
        }
        Ok(recording)
    }
}
