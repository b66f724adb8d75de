//! Nothing is registered in the guest that the reference does not name.

use std::{collections::BTreeMap, path::Path};

use execution::queue::JobEvent;
use uuid::Uuid;

use super::{source, workspace};
use crate::sandbox::{answer, run};

/// Makes a function of a namespace known to scripts.
const IN_NAMESPACE: &str = ".set_native_fn(";
/// Makes a method known, or a function without a namespace.
const EVERYWHERE: &str = ".register_fn(";
/// What `print` and `debug` are given.
const HANDLERS: [(&str, &str); 2] = [(".on_print(", "print"), (".on_debug(", "debug")];
/// Ways that this test does not see through: use one of the above.
const UNSEEN: [&str; 9] = [
    "set_fn_raw",
    "set_raw_fn",
    "register_raw_fn",
    "register_type",
    "register_get",
    "register_indexer",
    "exported_module!",
    "export_module",
    "FuncRegistration",
];

/// What the language has and PiCloud takes away, by a function that says so.
const TAKEN_AWAY: &[&str] = &["sleep"];

/// Of each function as many overloads as there are signatures. That each of these can be called is another test's, so the two lists are the same.
#[test]
fn every_function_is_in_the_reference_and_registered() {
    let mut named = BTreeMap::<String, usize>::new();
    for part in source::all() {
        for signature in part.entries.iter().flat_map(source::Entry::signatures) {
            // A method has no namespace, whoever's it is.
            let is_of_namespace = signature.path.contains("::");
            let name = if is_of_namespace { format!("{}::{}", part.name, signature.name()) } else { signature.name().to_owned() };
            assert!(!is_of_namespace || name == signature.path, "{} is not of {}", signature.path, part.name);
            *named.entry(name).or_default() += 1;
        }
    }
    let registered = registered();
    let times = |names: &BTreeMap<String, usize>, name| names.get(name).copied().unwrap_or_default();
    for name in registered.keys().chain(named.keys()).filter(|name| !TAKEN_AWAY.contains(&name.as_str())) {
        let (registered, named) = (times(&registered, name), times(&named, name));
        assert_eq!(registered, named, "{name}: {registered} functions in guest/src, {named} signatures in guest/api");
    }
}

#[test]
fn every_namespace_is_in_the_reference() {
    let text = std::fs::read_to_string(workspace("guest/src/sdk/mod.rs")).expect("the list of namespaces");
    let mut registered: Vec<_> = text.split(".register_static_module(").skip(1).map(first_literal).collect();
    registered.sort();
    let named: Vec<_> = source::all().into_iter().filter(source::Part::is_namespace).map(|part| part.name).collect();
    assert_eq!(registered, named);
}

#[tokio::test]
async fn every_field_of_ctx_is_in_the_reference() {
    for of in ["ctx", "ctx.request"] {
        let mut named = fields(of);
        // They are there only if there is something to say.
        named.retain(|name| name != "json_error" && name != "event");
        assert_eq!(answer(&run(&format!("{of}.keys()")).await).1, serde_json::json!(named).to_string(), "{of}");
    }
    let event = JobEvent { id: Uuid::nil(), payload: "1", attempt: 1, depth: 1, enqueued_at_ms: 0, enqueued_by: None, origin: None };
    let event: serde_json::Map<_, _> = serde_json::from_str(&event.to_json()).expect("JSON");
    assert_eq!(fields("ctx.event"), event.keys().cloned().collect::<Vec<_>>());
}

/// The fields that the reference names of something.
fn fields(of: &str) -> Vec<String> {
    let parts = source::all();
    let entry = parts.iter().flat_map(|part| &part.entries).find(|entry| entry.title() == of).expect("an entry");
    entry.fields.iter().map(|[name, ..]| name.clone()).collect()
}

/// Names with their namespaces, and how often each is registered.
fn registered() -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut note = |name: String| *found.entry(name).or_default() += 1;
    for (path, text) in files(&workspace("guest/src")) {
        for unseen in UNSEEN {
            assert!(!text.contains(unseen), "{path}: {unseen} hides what it registers from this test");
        }
        for call in text.split(IN_NAMESPACE).skip(1) {
            let namespace = path.strip_prefix("sdk/").and_then(|rest| rest.split(['/', '.']).next());
            let namespace = namespace.unwrap_or_else(|| panic!("{path}: namespaces are in sdk/, each in a file or folder of its name"));
            note(format!("{namespace}::{}", first_literal(call)));
        }
        text.split(EVERYWHERE).skip(1).for_each(|call| note(first_literal(call)));
        for (handler, name) in HANDLERS {
            text.split(handler).skip(1).for_each(|_| note(name.to_owned()));
        }
    }
    found
}

/// The string that an argument list begins with. A name that is computed could not be found.
fn first_literal(arguments: &str) -> String {
    let name = arguments.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
    let place = arguments.lines().next().unwrap_or_default();
    name.unwrap_or_else(|| panic!("`{place}`: write the name of what is registered as a literal, so that it can be found")).to_owned()
}

/// Rust files below a folder, relative to it.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).expect("below it").to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).expect("a file that can be read")));
            }
        }
    }
    found
}
