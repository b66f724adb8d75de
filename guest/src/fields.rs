//! Which fields of `ctx` a script names, found in its text when it is compiled, so that a run builds no others.
//!
//! A set may be too large and never too small: whatever is not a plain `ctx.field` or `ctx.request.field` (a copy of `ctx`, an
//! index, a comment in between) counts as naming them all. Comments and strings are read like everything else.

/// Fields of `ctx`, in the order of the alphabet.
pub(crate) const CTX: [&str; 9] =
    ["app", "deployment", "event", "execution_id", "invocation_type", "request", "request_id", "script_id", "script_name"];
/// Fields of `ctx.request`, in the order of the alphabet.
pub(crate) const REQUEST: [&str; 10] =
    ["body", "client_ip", "headers", "host", "json_error", "method", "params", "path", "query", "scheme"];
const REQUEST_AT: usize = 5;
const _: () = assert!(matches!(CTX[REQUEST_AT].as_bytes(), b"request"));
/// Methods of `ctx.request`: they need none of its fields.
const REQUEST_METHODS: [&str; 3] = ["headers_all", "query_all", "raw"];

/// A set of fields: a bit for each of `CTX`, then for each of `REQUEST`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fields(u32);

impl Fields {
    pub(crate) const NONE: Self = Self(0);
    const ALL: Self = Self((1 << (CTX.len() + REQUEST.len())) - 1);
    const REQUEST: Self = Self(1 << REQUEST_AT);
    const ALL_OF_REQUEST: Self = Self(Self::REQUEST.0 | Self::ALL.0 & !((1 << CTX.len()) - 1));

    /// Those that `source` could read.
    pub(crate) fn named_in(source: &str) -> Self {
        source.match_indices("ctx").fold(Self::NONE, |named, (at, word)| {
            let (before, after) = (&source[..at], &source[at + word.len()..]);
            if before.ends_with(is_word) || after.starts_with(is_word) {
                return named;
            }
            named.with(after_ctx(after))
        })
    }

    /// Whether field number `index` of `CTX` is in the set.
    pub(crate) fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    /// Whether field number `index` of `REQUEST` is in the set.
    pub(crate) fn has_of_request(self, index: usize) -> bool {
        self.has(CTX.len() + index)
    }

    /// Both sets together.
    pub(crate) fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }
}

fn after_ctx(text: &str) -> Fields {
    match field(text) {
        Some(("request", rest)) => after_request(rest),
        Some((name, _)) => CTX.iter().position(|known| *known == name).map_or(Fields::ALL, |index| Fields(1 << index)),
        None => Fields::ALL,
    }
}

fn after_request(text: &str) -> Fields {
    match field(text) {
        Some((name, _)) if REQUEST_METHODS.contains(&name) => Fields::REQUEST,
        // What is malformed is told only by trying to parse the body.
        Some((name, _)) => match REQUEST.iter().position(|known| *known == name) {
            Some(index) => Fields::REQUEST.with(Fields(1 << (CTX.len() + index))),
            None => Fields::ALL_OF_REQUEST,
        },
        None => Fields::ALL_OF_REQUEST,
    }
}

/// The name behind a dot, and what follows it.
fn field(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('.')?.trim_start();
    let end = text.find(|character| !is_word(character)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
