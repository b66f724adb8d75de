//! The app of a new instance.

use jiff::Timestamp;
use store::{Change, RouteId, ScriptId, ScriptKind};

pub(crate) const SLUG: &str = "hello";
pub(crate) const NAME: &str = "Hello";
/// A script worth reading.
pub(crate) const SCRIPT: &str = include_str!("hello.rhai");
/// Path patterns; the script looks at what came.
const PATHS: &[&str] = &["/", "/greet/:name"];

/// Script and routes.
pub(crate) fn changes(now: Timestamp) -> Vec<Change> {
    let script = ScriptId::new(now);
    let create = Change::CreateScript { id: script, name: "hello".into(), kind: ScriptKind::Endpoint, source: SCRIPT.into() };
    let route = |path: &&str| Change::CreateRoute {
        id: RouteId::new(now),
        target: script.into(),
        method: None,
        host: None,
        path: (*path).to_owned(),
    };
    std::iter::once(create).chain(PATHS.iter().map(route)).collect()
}
