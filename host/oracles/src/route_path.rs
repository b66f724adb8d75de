//! F7: patterns of routes, and paths.
//!
//! Must hold: the tree finds what a linear search finds; what was found accepts the path, and its parameters, written back into its pattern, lead to
//! the same route with the same parameters; a parameter has no second path in it.

use http::Method;
use orchestrator::path::{Match, RouteSpec, RouteTable, Verdict, explain};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store::{RouteId, ScriptId};
use uuid::Uuid;

use crate::given::Given;

const METHODS: [&str; 5] = ["GET", "POST", "HEAD", "PUT", "DELETE"];
const HOSTS: [&str; 5] = ["a.com", "b.com", "b.a.com", "c.b.a.com", "c.org"];
const HOST_PATTERNS: [&str; 5] = ["a.com", "*.com", "*.a.com", "b.a.com", "*"];
const SEGMENTS: [&str; 20] = [
    "a",
    "b",
    "a",
    "b",
    ":x",
    ":y",
    ":id",
    "*",
    "",
    ".",
    "..",
    "%61",
    "%2F",
    "%2e%2E",
    "%5c",
    "%00",
    "%ff",
    "%C3%A9",
    "\u{e9}",
    ".well-known/picloud",
];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let specs: Vec<RouteSpec> = (0..given.below(10)).map(|number| spec(&mut given, number)).collect();
    let (table, _) = RouteTable::build(specs);
    let host = given.one_of(&HOSTS);
    let method: Method = given.one_of(&METHODS).parse().unwrap();
    let path = path(&mut given);
    let considered = explain(&table, host, &method, &path);
    let hit = considered.iter().find_map(|one| match &one.verdict {
        Verdict::Hit { params } => Some((one.route.id, params.clone())),
        _ => None,
    });
    match table.find(host, &method, &path) {
        Match::Route { route, params } => {
            assert_eq!(hit, Some((route.id, params.clone())), "{method} {host}{path}");
            assert_parameters_lead_back(&table, host, &method, route.pattern.as_str(), route.id, &params);
        }
        Match::NoMethod { allow } => {
            let other = considered.iter().any(|one| one.verdict == Verdict::OtherMethod);
            assert!(hit.is_none() && other && !allow.is_empty(), "{method} {host}{path}: {allow}");
        }
        Match::NoPath | Match::BadPath => {
            let none = considered.iter().all(|one| matches!(one.verdict, Verdict::OtherPath | Verdict::OtherHost));
            assert!(none, "{method} {host}{path}: {considered:?}");
        }
    }
}

fn spec(given: &mut Given<'_>, number: usize) -> RouteSpec {
    let id = Uuid::from_u128(u128::try_from(number).unwrap());
    let some = |text: &str| (text != "*").then(|| text.to_owned());
    let method = given.one_of(&["GET", "POST", "HEAD", "*"]);
    let host = given.one_of(&HOST_PATTERNS);
    RouteSpec { id: RouteId::from(id), target: ScriptId::from(id).into(), method: some(method), host: some(host), path: path(given) }
}

fn path(given: &mut Given<'_>) -> String {
    if given.byte() > 240 {
        return given.text(40);
    }
    (0..=given.below(4)).map(|_| format!("/{}", given.one_of(&SEGMENTS))).collect()
}

fn assert_parameters_lead_back(table: &RouteTable, host: &str, method: &Method, pattern: &str, id: RouteId, params: &[(String, String)]) {
    let value = |name: &str| params.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    let mut is_exact = true;
    let segments = pattern.split('/').skip(1).map(|segment| match segment.strip_prefix(':') {
        Some(name) => {
            let value = value(name).unwrap();
            let is_one = !value.is_empty() && value != "." && value != ".." && !value.contains(['/', '\\', '\0']);
            assert!(is_one, "parameter {name} of {pattern} is {value:?}");
            utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
        }
        None if segment == "*" => {
            // What follows a prefix is decoded as a whole: slashes that were encoded are slashes now.
            is_exact = false;
            value("*").unwrap().split('/').map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()).collect::<Vec<_>>().join("/")
        }
        None => segment.to_owned(),
    });
    let path: String = segments.map(|segment| format!("/{segment}")).collect();
    match table.find(host, method, &path) {
        Match::Route { route, params: again } if is_exact => assert_eq!((route.id, again.as_slice()), (id, params), "{pattern} by {path}"),
        Match::Route { .. } if !is_exact => {}
        // An encoded slash kept it apart from what is PiCloud's own.
        Match::NoPath if path.starts_with("/%2Ewell%2Dknown/picloud") => {}
        other => panic!("{path}, made of {pattern}, does not lead back: {other:?}"),
    }
}
