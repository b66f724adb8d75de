#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use http::Method;
use proptest::prelude::*;
use store::{RouteId, ScriptId};
use uuid::Uuid;

use super::{Match, PatternError, RouteError, RouteSpec, RouteTable, Verdict, explain};

fn spec(number: usize, method: &str, host: &str, path: &str) -> RouteSpec {
    let id = Uuid::from_u128(number as u128);
    let given = |text: &str| (text != "*").then(|| text.to_owned());
    RouteSpec { id: RouteId::from(id), target: ScriptId::from(id).into(), method: given(method), host: given(host), path: path.to_owned() }
}

fn table(routes: &[(&str, &str, &str)]) -> RouteTable {
    RouteTable::new(routes.iter().enumerate().map(|(number, (method, host, path))| spec(number, method, host, path))).unwrap()
}

/// What a request hits, in one word: the pattern and the parameters, or the refusal.
fn hit(table: &RouteTable, host: &str, method: &str, path: &str) -> String {
    match table.find(host, &method.parse().unwrap(), path) {
        Match::Route { route, params } => {
            let params: String = params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{}{params}", route.pattern.as_str())
        }
        Match::NoPath => "404".to_owned(),
        Match::NoMethod { allow } => format!("405 {allow}"),
        Match::BadPath => "400".to_owned(),
    }
}

#[test]
fn precedence_of_paths() {
    let table = table(&[
        ("*", "*", "/"),
        ("*", "*", "/users/me"),
        ("*", "*", "/users/:id"),
        ("*", "*", "/users/:id/posts/:post"),
        ("*", "*", "/users/*"),
        ("*", "*", "/files/*"),
        ("*", "*", "/files/a/*"),
        ("*", "*", "/slash/"),
        ("*", "*", "/caf%C3%A9"),
    ]);
    let expected = [
        ("/", "/"),
        ("/users/me", "/users/me"),
        ("/us%65rs/m%65", "/users/me"),
        ("/users/7", "/users/:id id=7"),
        ("/users/a%20b", "/users/:id id=a b"),
        ("/users/", "/users/* *="),
        ("/users", "404"),
        ("/users/7/posts/8", "/users/:id/posts/:post id=7 post=8"),
        ("/users/7/other", "/users/* *=7/other"),
        ("/files/b/c", "/files/* *=b/c"),
        ("/files/a/b%2Fc", "/files/a/* *=b/c"),
        ("/slash/", "/slash/"),
        ("/slash", "404"),
        ("/slash//", "404"),
        ("/café", "/caf%C3%A9"),
        ("/nothing", "404"),
        ("//", "404"),
    ];
    for (path, answer) in expected {
        assert_eq!(hit(&table, "a.com", "GET", path), answer, "{path}");
    }
}

#[test]
fn s_4_5_paths_with_two_readings() {
    let strict = table(&[("*", "*", "/users/:id")]);
    for path in [
        "/users/a%2Fb",
        "/users/a%5Cb",
        "/users/%2e%2e",
        "/users/..",
        "/users/.",
        "/users/%2E",
        "/users/%00",
        "/users/%ff",
        "/users/%zz",
        "/users/%4",
        "/%00",
    ] {
        assert_eq!(hit(&strict, "a.com", "GET", path), "400", "{path}");
    }
    let open = table(&[("*", "*", "/*")]);
    assert_eq!(hit(&open, "a.com", "GET", "/users/%2e%2e/a%2Fb"), "/* *=users/../a/b");
    assert_eq!(hit(&open, "a.com", "GET", "/users/%00"), "400");
    for path in ["/.well-known/picloud", "/.well-known/picloud/x", "/.well%2Dknown/%70icloud/x", "/%2ewell-known/picloud"] {
        assert_eq!(hit(&open, "a.com", "GET", path), "404", "{path}");
    }
    assert_eq!(hit(&open, "a.com", "GET", "/.well-known/other"), "/* *=.well-known/other");
}

#[test]
fn hosts_come_before_paths_and_methods_last() {
    let table = table(&[
        ("*", "*", "/a"),
        ("*", "*.example.com", "/:x"),
        ("GET", "b.example.com", "/*"),
        ("POST", "*", "/only"),
        ("GET", "*", "/only"),
        ("GET", "*", "/g"),
        ("*", "*", "/g"),
    ]);
    let expected = [
        ("other.com", "GET", "/a", "/a"),
        ("x.example.com", "GET", "/a", "/:x x=a"),
        ("b.example.com", "GET", "/a", "/* *=a"),
        ("b.example.com", "POST", "/a", "/:x x=a"),
        ("other.com", "PUT", "/only", "405 GET, HEAD, POST"),
        ("other.com", "HEAD", "/only", "/only"),
        ("other.com", "DELETE", "/g", "/g"),
    ];
    for (host, method, path, answer) in expected {
        assert_eq!(hit(&table, host, method, path), answer, "{method} {host}{path}");
    }
    let verdicts: Vec<Verdict> = explain(&table, "b.example.com", &Method::GET, "/a").into_iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts[0], Verdict::LessSpecific);
    assert_eq!(verdicts[2], Verdict::Hit { params: vec![("*".to_owned(), "a".to_owned())] });
    assert_eq!(verdicts[3], Verdict::OtherPath);
}

#[test]
fn a_set_with_a_fault_is_no_table() {
    let fault = |routes: &[(&str, &str, &str)]| {
        RouteTable::new(routes.iter().enumerate().map(|(number, (method, host, path))| spec(number, method, host, path))).unwrap_err()
    };
    let id = |number: u128| RouteId::from(Uuid::from_u128(number));
    assert_eq!(fault(&[("GET", "*", "/u/:a"), ("GET", "*", "/u/:b")]), RouteError::Conflict { route: id(1), other: id(0) });
    assert_eq!(fault(&[("*", "*", "/x"), ("*", "*", "/%78")]), RouteError::Conflict { route: id(1), other: id(0) });
    assert_eq!(fault(&[("get", "*", "/x")]), RouteError::Method { route: id(0) });
    assert_eq!(fault(&[("*", "A.com", "/x")]), RouteError::Host { route: id(0) });
    let reasons = [
        ("x", PatternError::NoSlash),
        ("", PatternError::NoSlash),
        ("/a//b", PatternError::EmptySegment),
        ("/:", PatternError::ParameterName),
        ("/:a-b", PatternError::ParameterName),
        ("/:a/:a", PatternError::RepeatedParameter),
        ("/*/a", PatternError::Star),
        ("/a*", PatternError::Star),
        ("/a?b", PatternError::Character),
        ("/a/../b", PatternError::Character),
        ("/a%00", PatternError::Character),
        ("/%ff", PatternError::Character),
        ("/.well-known/picloud/x", PatternError::Reserved),
    ];
    for (path, reason) in reasons {
        assert_eq!(fault(&[("*", "*", path)]), RouteError::Path { route: id(0), reason }, "{path}");
    }
    let (table, errors) = RouteTable::build([spec(0, "*", "*", "/a"), spec(1, "*", "*", "bad")]);
    assert_eq!((table.routes().len(), errors.len()), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn s_4_5_tree_equals_a_linear_search(
        routes in proptest::collection::vec(("(GET|POST|HEAD|\\*)", "(a\\.com|\\*\\.com|\\*\\.a\\.com|\\*)", "(/(a|b|:x|:y|%61)){1,3}(/|/\\*)?|/|/\\*"), 0..10),
        method in "(GET|POST|HEAD|PUT)",
        host in "(a\\.com|b\\.com|b\\.a\\.com|c\\.org)",
        path in "(/(a|b|c|%61|%2F|\\.\\.|))\
        {0,4}",
    ) {
        let specs = routes.iter().enumerate().map(|(number, (method, host, path))| spec(number, method, host, path));
        let (table, _) = RouteTable::build(specs);
        let method: Method = method.parse().unwrap();
        let found = table.find(&host, &method, &path);
        let considered = explain(&table, &host, &method, &path);
        let oracle = considered.iter().find_map(|one| match &one.verdict {
            Verdict::Hit { params } => Some((one.route.id, params.clone())),
            _ => None,
        });
        match found {
            Match::Route { route, params } => prop_assert_eq!(Some((route.id, params)), oracle),
            Match::NoMethod { .. } => prop_assert!(oracle.is_none() && considered.iter().any(|one| one.verdict == Verdict::OtherMethod)),
            Match::NoPath | Match::BadPath => prop_assert!(considered.iter().all(|one| matches!(one.verdict, Verdict::OtherPath | Verdict::OtherHost))),
        }
    }
}
