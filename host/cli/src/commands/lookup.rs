//! Things that people name otherwise than the API does: found by their name, and those that are there are told if it is none of them.

use serde_json::Value;

use super::common::App;
use crate::failure::{Exit, Failure};

/// Names that are told.
const TOLD_MAX: usize = 20;

/// The app has no such thing; it has these.
pub(super) fn none<'a>(app: &App<'_>, what: &str, name: &str, there: impl Iterator<Item = &'a Value>) -> Failure {
    let mut names: Vec<&str> = there.filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let more = if names.len() > TOLD_MAX { ", ..." } else { "" };
    names.truncate(TOLD_MAX);
    let there = if names.is_empty() { "it has none at all".to_owned() } else { format!("it has {}{more}", names.join(", ")) };
    Failure::new(Exit::NotFound, format!("the app `{}` has no {what} `{name}`: {there}", app.slug))
}
