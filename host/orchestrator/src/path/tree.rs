//! The routes of one app as a tree of segments, searched without allocating.

use std::ops::ControlFlow;

use http::Method;
use store::{RouteId, RouteTarget};

use super::{
    Pattern, PatternError,
    pattern::Part,
    request_path::{RequestPath, first_segment, fits_a_parameter, has_two_readings},
};
use crate::{host_name, trie};

/// A route as it is stored.
#[derive(Debug, Clone)]
pub struct RouteSpec {
    /// Names the route in errors and matches.
    pub id: RouteId,
    /// What answers; carried along.
    pub target: RouteTarget,
    /// `None`: any method.
    pub method: Option<String>,
    /// Canonical host or `*.` pattern; `None`: every host of the app.
    pub host: Option<String>,
    /// A [`Pattern`], not yet checked.
    pub path: String,
}

/// A route that can be found.
#[derive(Debug)]
pub struct Route {
    /// As in [`RouteSpec`].
    pub id: RouteId,
    /// What answers.
    pub target: RouteTarget,
    /// `None`: any method.
    pub method: Option<Method>,
    /// `None`: every host of the app.
    pub host: Option<Box<str>>,
    /// Its path.
    pub pattern: Pattern,
}

/// Why a set of routes is no table. Names the route that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Its path is no pattern.
    #[error("route {route}: {reason}")]
    Path {
        /// The route at fault.
        route: RouteId,
        /// What is wrong with its path.
        reason: PatternError,
    },
    /// Its method is no method.
    #[error("route {route}: the method is not a token of upper-case letters")]
    Method {
        /// The route at fault.
        route: RouteId,
    },
    /// Its host is not canonical.
    #[error("route {route}: the host is neither a canonical name nor a wildcard like *.example.com")]
    Host {
        /// The route at fault.
        route: RouteId,
    },
    /// Both accept the same requests: same host, same method, same path but for the names of parameters.
    #[error("route {route} accepts the same requests as route {other}")]
    Conflict {
        /// The later route.
        route: RouteId,
        /// The route that was there before.
        other: RouteId,
    },
}

/// What a request hits.
#[derive(Debug)]
pub enum Match<'t> {
    /// This route answers.
    Route {
        /// The most specific one.
        route: &'t Route,
        /// Names and decoded values; the rest of a prefix is named `*`.
        params: Vec<(String, String)>,
    },
    /// 404.
    NoPath,
    /// 405 with this `Allow`.
    NoMethod {
        /// Methods, sorted and separated by commas.
        allow: String,
    },
    /// 400.
    BadPath,
}

/// All routes of one deployment.
#[derive(Debug, Default)]
pub struct RouteTable {
    routes: Vec<Route>,
    root: Node,
    names_hosts: bool,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by label.
    statics: Vec<(Box<str>, Node)>,
    parameter: Option<Box<Node>>,
    /// Routes that end here, and prefix routes whose star follows here: indices into `routes`.
    ends: Vec<u32>,
    rests: Vec<u32>,
}

/// The two passes of a search, in order of precedence.
#[derive(Clone, Copy)]
enum Pass {
    Ends,
    Rests,
}

impl RouteTable {
    /// Makes a table of all routes, or of none.
    ///
    /// # Errors
    /// The first [`RouteError`].
    pub fn new(routes: impl IntoIterator<Item = RouteSpec>) -> Result<Self, RouteError> {
        let (table, errors) = Self::build(routes);
        errors.into_iter().next().map_or(Ok(table), Err)
    }

    /// Makes a table of the routes that are well-formed and says what is wrong with the others: one bad row must not silence an app.
    #[must_use]
    pub fn build(routes: impl IntoIterator<Item = RouteSpec>) -> (Self, Vec<RouteError>) {
        let mut table = Self::default();
        let mut errors = Vec::new();
        for spec in routes {
            match table.insert(spec) {
                Ok(()) => {}
                Err(error) => errors.push(error),
            }
        }
        table.routes.shrink_to_fit();
        table.root.shrink();
        (table, errors)
    }

    /// Finds the most specific route for a canonical host, a method and a path that is still percent-encoded.
    #[must_use]
    pub fn find<'t>(&'t self, host: &str, method: &Method, path: &str) -> Match<'t> {
        let Ok(path) = RequestPath::parse(path) else { return Match::BadPath };
        if path.is_reserved() {
            return Match::NoPath;
        }
        let mut best: Option<(&Route, (u8, usize), u8)> = None;
        self.visit(path, &mut |indices| {
            let accepting = indices.iter().filter_map(|&index| {
                let route = &self.routes[index as usize];
                Some((route, route.host_rank(host)?, route.method_rank(method)?))
            });
            // Of one path the best host, then the best method; a later path only where its host is better.
            let here = accepting.max_by_key(|&(_, host_rank, method_rank)| (host_rank, method_rank));
            if here.is_some_and(|(_, host_rank, _)| best.is_none_or(|(_, best_rank, _)| host_rank > best_rank)) {
                best = here;
            }
            if best.is_some() && !self.names_hosts { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match best {
            // The tree accepted the path, so the pattern does.
            Some((route, ..)) => Match::Route { route, params: route.pattern.parameters(path).unwrap_or_default() },
            None => self.nothing(host, path),
        }
    }

    /// All routes, in the order given.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn nothing(&self, host: &str, path: RequestPath<'_>) -> Match<'_> {
        let mut allowed = Vec::new();
        self.visit(path, &mut |indices| {
            let routes = indices.iter().map(|&index| &self.routes[index as usize]);
            allowed.extend(routes.filter(|route| route.host_rank(host).is_some()).filter_map(|route| route.method.as_ref()));
            ControlFlow::Continue(())
        });
        if allowed.is_empty() {
            return if path.segments().any(|segment| has_two_readings(&segment.text)) { Match::BadPath } else { Match::NoPath };
        }
        let mut allow: Vec<&str> = allowed.into_iter().map(Method::as_str).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        allow.sort_unstable();
        allow.dedup();
        Match::NoMethod { allow: allow.join(", ") }
    }

    fn insert(&mut self, spec: RouteSpec) -> Result<(), RouteError> {
        let pattern = Pattern::parse(&spec.path).map_err(|reason| RouteError::Path { route: spec.id, reason })?;
        let method = match &spec.method {
            None => None,
            Some(word) if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                return Err(RouteError::Method { route: spec.id });
            }
            Some(word) => Some(Method::from_bytes(word.as_bytes()).map_err(|_| RouteError::Method { route: spec.id })?),
        };
        if spec.host.as_ref().is_some_and(|host| host_name::canonical_pattern(host).as_ref() != Ok(host)) {
            return Err(RouteError::Host { route: spec.id });
        }
        let route = Route { id: spec.id, target: spec.target, method, host: spec.host.map(Into::into), pattern };
        let index = u32::try_from(self.routes.len()).unwrap_or(u32::MAX);
        let leaf = self.root.leaf(&route.pattern);
        for &other in leaf.iter() {
            let other = &self.routes[other as usize];
            if other.host == route.host && other.method == route.method {
                return Err(RouteError::Conflict { route: route.id, other: other.id });
            }
        }
        leaf.push(index);
        self.names_hosts |= route.host.is_some();
        self.routes.push(route);
        Ok(())
    }

    /// Calls `see` with the routes of every pattern that accepts the path, most specific pattern first.
    fn visit<'t>(&'t self, path: RequestPath<'_>, see: &mut impl FnMut(&'t [u32]) -> ControlFlow<()>) {
        let _ =
            self.root.walk(Pass::Ends, Some(path.rest()), see).is_break() || self.root.walk(Pass::Rests, Some(path.rest()), see).is_break();
    }
}

impl Route {
    /// How specifically it accepts a host; `None` if it doesn't.
    pub(super) fn host_rank(&self, host: &str) -> Option<(u8, usize)> {
        match &self.host {
            None => Some((0, 0)),
            Some(pattern) if !trie::covers(pattern, host) => None,
            Some(pattern) if pattern.starts_with('*') => Some((1, pattern.len())),
            Some(_) => Some((2, 0)),
        }
    }

    /// How specifically it accepts a method; `None` if it doesn't. A `GET` route answers `HEAD`.
    pub(super) fn method_rank(&self, method: &Method) -> Option<u8> {
        match &self.method {
            None => Some(0),
            Some(own) if own == method => Some(2),
            Some(own) if *own == Method::GET && *method == Method::HEAD => Some(1),
            Some(_) => None,
        }
    }
}

impl Node {
    /// The list in which a pattern's routes are, with the nodes on the way to it.
    fn leaf(&mut self, pattern: &Pattern) -> &mut Vec<u32> {
        let mut node = self;
        for part in pattern.parts() {
            node = match part {
                Part::Rest => return &mut node.rests,
                Part::Parameter(_) => node.parameter.get_or_insert_default(),
                Part::Static(label) => {
                    let place = match node.statics.binary_search_by(|(other, _)| other.as_ref().cmp(&label)) {
                        Ok(place) => place,
                        Err(place) => {
                            node.statics.insert(place, (label.into(), Self::default()));
                            place
                        }
                    };
                    &mut node.statics[place].1
                }
            };
        }
        &mut node.ends
    }

    /// Depth first, the more specific branch first. Visits a node at most once, and goes no deeper than the longest pattern.
    fn walk<'t>(&'t self, pass: Pass, rest: Option<&str>, see: &mut impl FnMut(&'t [u32]) -> ControlFlow<()>) -> ControlFlow<()> {
        let Some(rest) = rest else {
            return if matches!(pass, Pass::Ends) && !self.ends.is_empty() { see(&self.ends) } else { ControlFlow::Continue(()) };
        };
        if !self.statics.is_empty() || self.parameter.is_some() {
            let segment = first_segment(rest);
            if let Ok(place) = self.statics.binary_search_by(|(label, _)| label.as_ref().cmp(&segment.text)) {
                self.statics[place].1.walk(pass, segment.rest, see)?;
            }
            if let Some(node) = self.parameter.as_ref().filter(|_| fits_a_parameter(&segment.text)) {
                node.walk(pass, segment.rest, see)?;
            }
        }
        if matches!(pass, Pass::Rests) && !self.rests.is_empty() { see(&self.rests) } else { ControlFlow::Continue(()) }
    }

    fn shrink(&mut self) {
        self.statics.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.rests.shrink_to_fit();
        self.statics.iter_mut().for_each(|(_, node)| node.shrink());
        self.parameter.iter_mut().for_each(|node| node.shrink());
    }
}
