#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use uuid::Uuid;

use super::*;
use crate::app::StaticTerms;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn script(n: u128) -> ScriptId {
    Uuid::from_u128(n).into()
}

fn route(n: u128) -> RouteId {
    Uuid::from_u128(n).into()
}

fn create_script(n: u128, name: &str, kind: ScriptKind) -> Change {
    Change::CreateScript { id: script(n), name: name.into(), kind, source: format!("source of {name}") }
}

fn create_route(n: u128, script_n: u128, method: Option<&str>, host: Option<&str>, path: &str) -> Change {
    let (method, host) = (method.map(str::to_owned), host.map(str::to_owned));
    Change::CreateRoute { id: route(n), target: script(script_n).into(), method, host, path: path.into() }
}

/// One endpoint `a` (id 1).
fn with_endpoint() -> Contents {
    let mut contents = Contents::default();
    contents.apply(&create_script(1, "a", ScriptKind::Endpoint), NOW).unwrap();
    contents
}

#[test]
fn a_name_is_taken_once_and_free_after_a_rename() {
    let mut contents = with_endpoint();
    let taken = contents.apply(&create_script(2, "a", ScriptKind::Endpoint), NOW);
    assert!(matches!(taken, Err(Error::Duplicate { what: Thing::Script, name }) if name == "a"));
    let rename = Change::UpdateScript { id: script(1), name: Some("b".into()), kind: None, source: None, expected: None };
    contents.apply(&rename, NOW).unwrap();
    contents.apply(&create_script(2, "a", ScriptKind::Endpoint), NOW).unwrap();
}

#[test]
fn routes_conflict_by_host_method_and_shape() {
    let cases = [
        (None, None, "/users/:id", true),
        (None, None, "/users/:name", true),
        (Some("GET"), None, "/users/:id", false),
        (None, Some("x.example"), "/users/:id", false),
        (None, None, "/users/me", false),
        (None, None, "/users/*", false),
        (None, None, "/users/:id/posts", false),
    ];
    for (method, host, path, conflicts) in cases {
        let mut contents = with_endpoint();
        contents.apply(&create_route(1, 1, None, None, "/users/:id"), NOW).unwrap();
        let outcome = contents.apply(&create_route(2, 1, method, host, path), NOW);
        match outcome {
            Ok(()) => assert!(!conflicts, "{method:?} {host:?} {path}"),
            Err(Error::RouteConflict { other, path: there, .. }) => {
                assert!(conflicts, "{method:?} {host:?} {path}");
                assert_eq!((other, there.as_str()), (route(1), "/users/:id"));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_route_does_not_conflict_with_what_it_was() {
    let mut contents = with_endpoint();
    contents.apply(&create_route(1, 1, None, None, "/a/:x"), NOW).unwrap();
    let replace =
        Change::ReplaceRoute { id: route(1), target: script(1).into(), method: None, host: None, path: "/a/:y".into(), expected: None };
    contents.apply(&replace, NOW).unwrap();
    assert_eq!(contents.routes[&route(1)].path, "/a/:y");
}

#[test]
fn a_removed_script_takes_its_routes_along() {
    let mut contents = with_endpoint();
    contents.apply(&create_route(1, 1, None, None, "/a"), NOW).unwrap();
    contents.apply(&Change::RemoveScript { id: script(1), expected: None }, NOW).unwrap();
    assert!(contents.scripts.is_empty() && contents.routes.is_empty());
    contents.apply(&create_script(2, "a", ScriptKind::Endpoint), NOW).unwrap();
    contents.apply(&create_route(2, 2, None, None, "/a"), NOW).unwrap();
}

#[test]
fn a_module_has_no_routes() {
    let mut contents = with_endpoint();
    contents.apply(&create_route(1, 1, None, None, "/a"), NOW).unwrap();
    contents.check().unwrap();
    let to_module = Change::UpdateScript { id: script(1), name: None, kind: Some(ScriptKind::Module), source: None, expected: None };
    contents.apply(&to_module, NOW).unwrap();
    assert!(matches!(contents.check(), Err(Error::NotAnEndpoint { script: named }) if named == script(1)));
}

#[test]
fn a_stale_revision_is_refused_and_told_the_new_one() {
    let mut contents = with_endpoint();
    let seen = contents.scripts[&script(1)].revision();
    let edit =
        |source: &str, expected| Change::UpdateScript { id: script(1), name: None, kind: None, source: Some(source.into()), expected };
    contents.apply(&edit("one", Some(seen.clone())), NOW).unwrap();
    let stale = contents.apply(&edit("two", Some(seen.clone())), NOW);
    let current = contents.scripts[&script(1)].revision();
    assert!(matches!(stale, Err(Error::Changed { what: Thing::Script, revision }) if revision == current && revision != seen));
}

#[test]
fn what_is_not_there_is_missing() {
    let mut contents = with_endpoint();
    for change in [
        Change::RemoveScript { id: script(9), expected: None },
        Change::RemoveRoute { id: route(9), expected: None },
        create_route(1, 9, None, None, "/"),
    ] {
        assert!(matches!(contents.apply(&change, NOW), Err(Error::Missing { .. })), "{change:?}");
    }
}

#[test]
fn a_static_route_has_no_script_and_names_assets_that_are_there() {
    let terms = |fallback: &str| StaticTerms { fallback: Some(fallback.into()), ..StaticTerms::default() };
    let create = |n, path: &str, fallback| Change::CreateRoute {
        id: route(n),
        target: RouteTarget::Static(terms(fallback)),
        method: Some("GET".into()),
        host: None,
        path: path.into(),
    };
    let mut contents = with_endpoint();
    contents.apply(&create(1, "/*", "/index.html"), NOW).unwrap();
    // A script may answer the other methods of the same path.
    contents.apply(&create_route(2, 1, None, None, "/*"), NOW).unwrap();
    contents.apply(&create_route(3, 1, None, None, "/api/*"), NOW).unwrap();
    assert!(matches!(contents.apply(&create_route(4, 1, Some("GET"), None, "/*"), NOW), Err(Error::RouteConflict { .. })));
    contents.check().unwrap();
    contents.check_assets(|path| path == "/index.html").unwrap();
    let missing = contents.check_assets(|_| false);
    assert!(matches!(missing, Err(Error::NoSuchAsset { field: "fallback", path, .. }) if path == "/index.html"));
    let before = contents.digest();
    let replace = Change::ReplaceRoute {
        id: route(1),
        target: RouteTarget::Static(terms("/other.html")),
        method: Some("GET".into()),
        host: None,
        path: "/*".into(),
        expected: None,
    };
    contents.apply(&replace, NOW).unwrap();
    assert_ne!(contents.digest(), before);
    // The script goes with its own routes.
    contents.apply(&Change::RemoveScript { id: script(1), expected: None }, NOW).unwrap();
    assert_eq!(contents.routes.len(), 1);
}
