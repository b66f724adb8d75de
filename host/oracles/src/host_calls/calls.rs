//! Host calls as a script writes them, and what they come to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::given::Given;

/// Names that both apps use, for keys and paths alike. Few, so that calls meet.
const NAMES: [&str; 2] = ["a", "b"];
/// Arguments that are none: expressions of the script.
const HOSTILE: [&str; 22] = [
    "\"\"",
    "\"\\x00\"",
    "\"../a\"",
    "\"/\"",
    "\"a/\\\\b\"",
    "\"\\u2028\\U0001F600\"",
    "big(600)",
    "big(70000)",
    "big(300000)",
    "blob(100000, 7)",
    "()",
    "-1",
    "9223372036854775807",
    "1.0e308 * 10.0",
    "nested(70)",
    "#{ a: () }",
    "[[], [[]]]",
    "true",
    "'x'",
    "|x| x",
    "\"https://open.example/\"",
    "\"mail\"",
];
/// Calls with two places for such arguments.
const ANY: [&str; 34] = [
    "kv::get({})",
    "kv::set({}, {})",
    "kv::set({}, 1, #{ ttl: {} })",
    "kv::increment({}, {})",
    "kv::compare_and_set({}, {}, 1)",
    "kv::list({}, #{ limit: {} })",
    "kv::list(\"\", #{ after: {} })",
    "kv::delete({})",
    "files::write({}, {})",
    "files::read({})",
    "files::read_text({})",
    "files::info({})",
    "files::list({}, #{ limit: {} })",
    "files::delete({})",
    "http::get({}, #{ timeout: {} })",
    "http::post({}, {})",
    "http::request(#{ url: {}, method: {} })",
    "http::all([#{ url: {} }, #{ url: \"https://open.example/\", headers: #{ a: {} } }])",
    "secrets::get({})",
    "queue::enqueue({}, {})",
    "queue::enqueue(\"mail\", {}, #{ delay: {} })",
    "pubsub::publish({}, {})",
    "pubsub::token({}, 5)",
    "dead_letters::get({})",
    "dead_letters::list(#{ limit: {} })",
    "dead_letters::replay({})",
    "response::start({}, #{ a: {} })",
    "response::write({})",
    "log::info({}, #{ a: {} })",
    "rand::bytes({})",
    "rand::string({}, {})",
    "time::format({})",
    "crypto::hmac(\"sha256\", {}, {})",
    "json::parse({})",
];

/// What an app's state should be.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    values: BTreeMap<&'static str, Value>,
    files: BTreeMap<&'static str, String>,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Get(&'static str),
    Set(&'static str, u8),
    Count(&'static str, u8),
    Delete(&'static str),
    Write(&'static str, u8),
    Read(&'static str),
    Remove(&'static str),
    Secret,
    Fetch,
    Enqueue,
    Publish,
    Letter,
    /// With arguments that may be none. What it gives is not compared.
    Any(String),
}

impl Call {
    pub(super) fn drawn(given: &mut Given<'_>) -> Self {
        let name = given.one_of(&NAMES);
        match given.below(20) {
            0 | 1 => Self::Get(name),
            2 | 3 => Self::Set(name, given.byte()),
            4 => Self::Count(name, given.byte()),
            5 => Self::Delete(name),
            6 => Self::Write(name, given.byte()),
            7 => Self::Read(name),
            8 => Self::Remove(name),
            9 => Self::Secret,
            10 => Self::Fetch,
            11 => Self::Enqueue,
            12 => Self::Publish,
            13 => Self::Letter,
            _ => {
                let mut text = given.one_of(&ANY).to_owned();
                while let Some(at) = text.find("{}") {
                    text.replace_range(at..at + 2, given.one_of(&HOSTILE));
                }
                // What it writes is not what the model knows: that has names of its own.
                Self::Any(text)
            }
        }
    }

    /// As the script writes it. Whatever it writes has the app's mark.
    fn text(&self, mark: &str) -> String {
        match self {
            Self::Get(name) => format!("kv::get(\"m:{name}\")"),
            Self::Set(name, value) => format!("kv::set(\"m:{name}\", \"{mark} {value}\")"),
            Self::Count(name, by) => format!("kv::increment(\"n:{name}\", {by})"),
            Self::Delete(name) => format!("kv::delete(\"m:{name}\")"),
            Self::Write(name, value) => format!("files::write(\"m/{name}\", \"{mark} {value}\")"),
            Self::Read(name) => format!("if files::exists(\"m/{name}\") {{ files::read_text(\"m/{name}\") }}"),
            Self::Remove(name) => format!("files::delete(\"m/{name}\")"),
            Self::Secret => "secrets::get(\"TOKEN\").len".to_owned(),
            Self::Fetch => "http::get(\"https://open.example/\").status".to_owned(),
            Self::Enqueue => format!("queue::enqueue(\"mail\", \"{mark}\").len"),
            Self::Publish => format!("pubsub::publish(\"a/b\", \"{mark}\")"),
            Self::Letter => "dead_letters::list().items.len >= 0".to_owned(),
            Self::Any(text) => text.clone(),
        }
    }

    /// What it gives, and what becomes of the state. `None`: not known.
    fn apply(&self, mark: &str, model: &mut Model) -> Option<Value> {
        match self {
            Self::Get(name) => return Some(model.values.get(name).cloned().unwrap_or_default()),
            Self::Read(name) => return Some(model.files.get(name).map(|text| json!(text)).unwrap_or_default()),
            Self::Secret => return Some(json!("secret ".len() + mark.len())),
            Self::Fetch => return Some(json!(200)),
            Self::Enqueue => return Some(json!(36)),
            Self::Letter => return Some(json!(true)),
            Self::Set(name, value) => drop(model.values.insert(name, json!(format!("{mark} {value}")))),
            Self::Write(name, value) => drop(model.files.insert(name, format!("{mark} {value}"))),
            Self::Delete(name) => drop(model.values.remove(name)),
            Self::Remove(name) => drop(model.files.remove(name)),
            Self::Count(..) | Self::Publish | Self::Any(_) => {}
        }
        None
    }
}

/// A script that makes the calls and answers what each gave. One that fails has an error in its place; the next are made all the same.
pub(super) fn script(calls: &[Call], mark: &str) -> String {
    let mut script = "fn big(n) { let s = \"x\"; s.pad(n, \"x\"); s }\n\
                      fn nested(n) { let a = []; for i in 0..n { a = [a]; } a }\n\
                      let out = [];\n"
        .to_owned();
    for call in calls {
        script += &format!("try {{ out.push({}); }} catch {{ out.push(#{{ failed: true }}); }}\n", call.text(mark));
    }
    script + "out\n"
}

/// Holds what the script answered against the model, which becomes what the script leaves. `None`: the answer does not say what the calls gave.
pub(super) fn follow(calls: &[Call], mark: &str, mut model: Model, body: &[u8], script: &str) -> Option<Model> {
    // An answer in pieces has another body, and bytes may be no JSON.
    let Ok(Value::Array(gave)) = serde_json::from_slice(body) else { return None };
    assert_eq!(gave.len(), calls.len(), "{script}");
    for (gave, call) in gave.iter().zip(calls) {
        // The state may be full.
        if gave.get("failed").is_some() {
            continue;
        }
        if let Some(expected) = call.apply(mark, &mut model) {
            assert_eq!(*gave, expected, "{call:?}\n{script}\n{}", String::from_utf8_lossy(body));
        }
    }
    Some(model)
}
