//! Pages of lists: `?limit=&cursor=` in, `{items, next_cursor}` out.

use serde::{Deserialize, Serialize};
use store::{Listed, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, PageError};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listing<T> {
    /// In the list's order, which does not change between pages.
    pub items: Vec<T>,
    /// Give it as `?cursor=` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

impl<T> Listing<T> {
    /// A page of the store, with its items in the form of the API.
    pub(super) fn of<S>(listed: Listed<S>, form: impl Fn(S) -> T) -> Self {
        Self { items: listed.items.into_iter().map(form).collect(), next_cursor: listed.next_cursor }
    }
}

/// The query of a list of one app's things.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OfOneApp {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    pub _app: Option<String>,
    /// 1 to 200; 50 if absent.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The query of a list that is not about one app.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OfAll {
    /// 1 to 200; 50 if absent.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The page that a query asks for.
pub(super) fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<Page, Problem> {
    Page::new(limit, cursor).map_err(|error| {
        let pointer = match error {
            store::PageError::Limit(_) => "?limit",
            store::PageError::Cursor => "?cursor",
        };
        Problem::invalid(pointer, format!("{error}."))
    })
}

/// How many things a page has, in lists whose cursor is a name.
pub(super) fn limit(sent: Option<u32>) -> Result<u16, Problem> {
    let Some(sent) = sent else { return Ok(PAGE_LIMIT_DEFAULT) };
    let fits = u16::try_from(sent).ok().filter(|limit| (1..=PAGE_LIMIT_MAX).contains(limit));
    fits.ok_or_else(|| Problem::invalid("?limit", format!("{}.", PageError::Limit(sent))))
}

/// A user name in the form that is stored: lower case.
pub(super) fn username(pointer: &str, text: &str) -> Result<String, Problem> {
    if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte)) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Problem::invalid(pointer, "A user name has 1 to 64 letters (a-z), digits, and any of . _ - @ +."))
}

/// A name that people read: 1 to 100 characters, none of them a control character, no space at its ends.
pub(super) fn check_name(pointer: &str, name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if (1..=100).contains(&length) && !name.chars().any(char::is_control) && name.trim() == name {
        return Ok(());
    }
    Err(Problem::invalid(pointer, "A name has 1 to 100 characters, without control characters and without spaces at its ends."))
}

/// What a person says about a change: up to 500 characters, without control characters but line breaks and tabs.
pub(super) fn check_message(pointer: &str, message: &str) -> Result<(), Problem> {
    let odd = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if message.chars().count() <= 500 && !message.chars().any(odd) {
        return Ok(());
    }
    Err(Problem::invalid(pointer, "A message has at most 500 characters, and no control characters but line breaks and tabs."))
}
