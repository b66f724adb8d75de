//! Step 4: which route of an app a request hits.
//!
//! Of all routes that accept the request's host, path and method, the most specific wins: first by host (exact, wildcard, any), then by
//! path (exact, parameters, prefix; within a kind segment by segment from the left), then by method (named, `GET` for a `HEAD`, any).
//! Where some route accepts host and path but none the method, the answer is a 405.
//!
//! Pure: no runtime, no database. The data plane uses [`RouteTable::find`]; the control plane's `routes/check` and `routes/match` use
//! [`RouteTable::new`] and [`explain()`].

mod explain;
mod pattern;
mod request_path;
#[cfg(test)]
mod tests;
mod tree;

pub use explain::{Considered, Verdict, explain};
pub use pattern::{Pattern, PatternError};
pub(crate) use request_path::clean;
pub use tree::{Match, Route, RouteError, RouteSpec, RouteTable};
