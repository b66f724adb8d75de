//! `guest/api/*.toml`: what is written there.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::workspace;

/// What belongs to no namespace, and comes first.
const FIRST: &str = "script";

/// One file: a namespace, or the script itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// The name of the file.
    #[serde(skip)]
    pub(super) name: String,
    pub(super) about: String,
    /// What each function of the namespace can throw: case and reason.
    #[serde(default)]
    throws: BTreeMap<String, String>,
    #[serde(rename = "entry")]
    pub(super) entries: Vec<Entry>,
}

/// A function with its overloads, or something else that scripts know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Only of what is no function.
    #[serde(default)]
    title: String,
    #[serde(default)]
    pub(super) signatures: Vec<String>,
    pub(super) about: String,
    /// Of a map: name, type and meaning.
    #[serde(default)]
    pub(super) fields: Vec<[String; 3]>,
    /// Units, ranges and options, where the type does not say all.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    #[serde(default)]
    throws: BTreeMap<String, String>,
    /// The route of the example's request.
    pub(super) route: Option<String>,
    /// The request that the example answers, as HTTP writes it.
    pub(super) request: Option<String>,
    /// What the example imports: name and source.
    #[serde(default)]
    pub(super) modules: BTreeMap<String, String>,
    /// What other servers answer the example: URL and answer, as HTTP writes it.
    #[serde(default)]
    pub(super) servers: BTreeMap<String, String>,
    /// The app's secrets: name and value.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, String>,
    /// Names of the app's endpoints.
    #[serde(default)]
    pub(super) endpoints: Vec<String>,
    /// The app's dead letters: id, name of the script and payload.
    #[serde(default)]
    pub(super) dead_letters: Vec<[String; 3]>,
    /// The event that the example is run for, as JSON, in place of a request.
    pub(super) event: Option<String>,
    pub(super) example: String,
    /// Of the example's answer; 200 or 204 if it isn't said.
    pub(super) status: Option<u16>,
    /// Of the example's answer, all of them, if they are of interest.
    pub(super) headers: Option<Vec<String>>,
    /// What the example logs.
    #[serde(default)]
    pub(super) logs: Vec<String>,
    /// The body of the example's answer.
    pub(super) gives: String,
}

impl Part {
    pub(super) fn is_namespace(&self) -> bool {
        self.name != FIRST
    }

    /// What the function can throw: `<namespace>.<case>` and the reason.
    pub(super) fn throws(&self, entry: &Entry) -> Vec<(String, String)> {
        let is_function = !entry.signatures.is_empty();
        let of_all = self.throws.iter().filter(|(case, _)| is_function && !entry.throws.contains_key(*case));
        let mut throws: Vec<_> = entry.throws.iter().chain(of_all).collect();
        throws.sort();
        throws.into_iter().map(|(case, reason)| (format!("{}.{case}", self.name), reason.clone())).collect()
    }
}

impl Entry {
    /// `ctx`, `kv::get`, `ctx.request.raw`.
    pub(super) fn title(&self) -> String {
        self.signatures().first().map_or_else(|| self.title.clone(), |signature| signature.path.clone())
    }

    pub(super) fn signatures(&self) -> Vec<Signature> {
        self.signatures.iter().map(|text| Signature::read(text)).collect()
    }

    /// Names and explanations in the order of the signatures.
    pub(super) fn explained_parameters(&self) -> Vec<(String, &str)> {
        let mut explained: Vec<(String, &str)> = Vec::new();
        for parameter in self.signatures().into_iter().flat_map(|signature| signature.parameters) {
            if let Some(text) = self.parameters.get(&parameter.name)
                && !explained.iter().any(|(name, _)| *name == parameter.name)
            {
                explained.push((parameter.name, text));
            }
        }
        assert_eq!(explained.len(), self.parameters.len(), "{} explains a parameter that it has not", self.title());
        explained
    }

    pub(super) fn example(&self) -> &str {
        self.example.trim()
    }
}

/// `kv::get(key: string, absent: any) -> any`, taken apart.
pub(super) struct Signature {
    pub(super) path: String,
    pub(super) parameters: Vec<Parameter>,
    /// Types, any of which it may be; none: `()`.
    pub(super) returns: Vec<String>,
}

pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) types: Vec<String>,
}

impl Signature {
    fn read(text: &str) -> Self {
        let types = |text: &str| text.split('|').map(|kind| kind.trim().to_owned()).collect();
        let (path, rest) = text.split_once('(').unwrap_or_else(|| panic!("{text} has no parameters"));
        let (parameters, returns) = rest.rsplit_once(')').unwrap_or_else(|| panic!("{text} has no end"));
        let parameter = |text: &str| {
            let (name, kinds) = text.split_once(':').unwrap_or_else(|| panic!("{text} has no type"));
            Parameter { name: name.trim().to_owned(), types: types(kinds) }
        };
        Self {
            path: path.to_owned(),
            parameters: parameters.split(',').filter(|text| !text.trim().is_empty()).map(parameter).collect(),
            returns: returns.trim().strip_prefix("->").map(types).unwrap_or_default(),
        }
    }

    /// The name behind the namespace or the value whose method it is.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit([':', '.']).next().unwrap_or(&self.path)
    }

    /// The value whose method it is: `ctx.request`.
    pub(super) fn receiver(&self) -> Option<&str> {
        self.path.rsplit_once('.').map(|(receiver, _)| receiver)
    }
}

/// The script itself, then the namespaces in the order of their names.
pub(super) fn all() -> Vec<Part> {
    let files = std::fs::read_dir(workspace("guest/api")).expect("guest/api is there").map(|file| file.expect("a file").path());
    let mut parts: Vec<Part> = files
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a file that can be read");
            let part: Part = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            Part { name: file.file_stem().expect("a name").to_string_lossy().into_owned(), ..part }
        })
        .collect();
    parts.sort_by_key(|part| (part.is_namespace(), part.name.clone()));
    parts
}
