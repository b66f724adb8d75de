//! Things that people name otherwise than the API does: found by their name, and those that are there are told if it is none of them.

use serde_json::Value;

use super::common::App;
use crate::{
    failure::{Exit, Failure, Result},
    table::cell,
};

/// Names that are told.
const TOLD_MAX: usize = 20;

/// Those of an app's things whose `field` is this name, in any case, or whose id it is: at least one. `path` is the list, `what` the word for one.
pub(super) fn called(app: &App<'_>, path: &[&str], (what, field): (&str, &str), name: &str) -> Result<Vec<Value>> {
    let all = app.all(path)?;
    let is_it = |item: &&Value| [field, "id"].iter().any(|field| item[*field].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)));
    let found: Vec<Value> = all.iter().filter(is_it).cloned().collect();
    if found.is_empty() { Err(none(app, what, name, all.iter().map(|item| &item[field]))) } else { Ok(found) }
}

/// The id of the one of them that was made first.
pub(super) fn id(app: &App<'_>, path: &[&str], called_by: (&str, &str), name: &str) -> Result<String> {
    Ok(called(app, path, called_by, name)?.first().map(|item| cell(&item["id"])).unwrap_or_default())
}

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
