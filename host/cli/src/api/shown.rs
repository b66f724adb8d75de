//! `--verbose`: what is sent and what comes back, without what must not be seen.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method, header};
use serde_json::Value;
use url::Url;

use super::{Answer, Sent};
use crate::terminal::{Terminal, harmless};

/// Longest body that is shown, in characters.
const BODY_CHARS_MAX: usize = 2_000;

/// Header fields that are credentials.
const HIDDEN_HEADERS: &[HeaderName] = &[header::AUTHORIZATION, header::COOKIE, header::SET_COOKIE];

/// Fields that are credentials, or may have one: passwords, keys, links that let in, values of apps.
const HIDDEN_FIELDS: &[&str] = &["password", "old_password", "new_password", "key", "token", "secret", "value", "url"];

const HIDDEN: &str = "(not shown)";

pub(super) fn request(terminal: &Terminal, method: &Method, url: &Url, has_key: bool, sent: &Sent<'_>) {
    if !terminal.verbose {
        return;
    }
    terminal.tell(&format!("> {method} {url}"));
    if has_key {
        terminal.tell(&format!("> authorization: Bearer {HIDDEN}"));
    }
    sent.headers.iter().for_each(|(name, value)| field(terminal, '>', name, value));
    body(terminal, '>', &sent.body);
}

pub(super) fn answer(terminal: &Terminal, answer: &Answer, took: Duration) {
    if !terminal.verbose {
        return;
    }
    terminal.tell(&format!("< {} in {} ms", answer.status, took.as_millis()));
    for (name, value) in &answer.headers {
        field(terminal, '<', name, &String::from_utf8_lossy(value.as_bytes()));
    }
    body(terminal, '<', &answer.body);
}

fn field(terminal: &Terminal, direction: char, name: &HeaderName, value: &str) {
    let value = if HIDDEN_HEADERS.contains(name) { HIDDEN } else { value };
    terminal.tell(&format!("{direction} {name}: {}", harmless(value)));
}

fn body(terminal: &Terminal, direction: char, body: &Bytes) {
    if body.is_empty() {
        return;
    }
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            hide(&mut value);
            value.to_string()
        }
        Err(_) => format!("({} bytes)", body.len()),
    };
    let shown: String = text.chars().take(BODY_CHARS_MAX).collect();
    let rest = if shown.len() < text.len() { " ..." } else { "" };
    terminal.tell(&format!("{direction} {}{rest}", harmless(&shown)));
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if HIDDEN_FIELDS.contains(&name.as_str()) && !field.is_null() {
                    *field = Value::from(HIDDEN);
                } else {
                    hide(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_hidden_however_deep() {
        let mut value = json!({ "username": "ada", "password": "x", "items": [{ "key": "pic_all_x", "key_id": null, "token": null }] });
        hide(&mut value);
        let hidden = json!({ "username": "ada", "password": HIDDEN, "items": [{ "key": HIDDEN, "key_id": null, "token": null }] });
        assert_eq!(value, hidden);
    }
}
