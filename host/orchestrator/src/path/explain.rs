//! What a request would hit and why: every route in turn, each with its verdict. Slow and plain, and so also the oracle of the tree.

use std::cmp::Ordering;

use http::Method;

use super::{Route, RouteTable, pattern::specificity, request_path::RequestPath};

/// A route and what came of it.
#[derive(Debug)]
pub struct Considered<'t> {
    /// One route of the table.
    pub route: &'t Route,
    /// What came of it.
    pub verdict: Verdict,
}

/// Why a route answers, or doesn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It answers.
    Hit {
        /// Names and decoded values.
        params: Vec<(String, String)>,
    },
    /// It accepts the request, but a more specific route answers.
    LessSpecific,
    /// It is for another host.
    OtherHost,
    /// It has another path.
    OtherPath,
    /// It accepts host and path, with another method.
    OtherMethod,
}

/// Judges every route of a table for a canonical host, a method and a path that is still percent-encoded, in the table's order.
/// At most one is a [`Verdict::Hit`].
#[must_use]
pub fn explain<'t>(table: &'t RouteTable, host: &str, method: &Method, path: &str) -> Vec<Considered<'t>> {
    let path = RequestPath::parse(path).ok().filter(|path| !path.is_reserved());
    let mut considered: Vec<Considered<'t>> = table
        .routes()
        .iter()
        .map(|route| {
            let verdict = match path.and_then(|path| route.pattern.parameters(path)) {
                _ if route.host_rank(host).is_none() => Verdict::OtherHost,
                None => Verdict::OtherPath,
                Some(_) if route.method_rank(method).is_none() => Verdict::OtherMethod,
                Some(params) => Verdict::Hit { params },
            };
            Considered { route, verdict }
        })
        .collect();
    let accepting = considered.iter().enumerate().filter(|(_, one)| matches!(one.verdict, Verdict::Hit { .. }));
    let winner = accepting.max_by(|(_, left), (_, right)| precedence(left.route, right.route, host, method)).map(|(index, _)| index);
    for (index, one) in considered.iter_mut().enumerate() {
        if matches!(one.verdict, Verdict::Hit { .. }) && Some(index) != winner {
            one.verdict = Verdict::LessSpecific;
        }
    }
    considered
}

fn precedence(left: &Route, right: &Route, host: &str, method: &Method) -> Ordering {
    let by_host = left.host_rank(host).cmp(&right.host_rank(host));
    let by_path = || specificity(&left.pattern, &right.pattern);
    by_host.then_with(by_path).then_with(|| left.method_rank(method).cmp(&right.method_rank(method)))
}
