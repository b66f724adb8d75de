//! `picloud kv`: what an app's scripts keep.

use http::Method;
use serde_json::{Value, json};

use super::{common::OfApp, confirmation::Confirmation};
use crate::{
    environment::Environment,
    failure::{Failure, Result},
    table::{self, cell, time},
    terminal::{Terminal, read_all},
};

/// Longest value on standard input; the app's own limit is below it.
const VALUE_BYTES_MAX: usize = 16 << 20;
/// Characters of a value that a list shows.
const SHOWN_CHARS_MAX: usize = 80;

#[derive(Debug, clap::Subcommand)]
pub enum KvCommand {
    /// Lists keys with their values, in the order of the keys
    List {
        #[command(flatten)]
        of: OfApp,
        /// Only keys that begin with it
        prefix: Option<String>,
        /// So many at most, 1 to 200
        #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
        limit: u16,
    },
    /// Prints the value of a key, as JSON
    Get {
        #[command(flatten)]
        of: OfApp,
        /// What it is called
        key: String,
        /// Print a text as it is, without quotes
        #[arg(long)]
        text: bool,
    },
    /// Sets a key
    Set {
        #[command(flatten)]
        of: OfApp,
        /// What it is called
        key: String,
        /// JSON; - reads it from standard input
        #[arg(allow_negative_numbers = true)]
        value: String,
        /// The value is a text, whatever it looks like
        #[arg(long)]
        text: bool,
        /// It is gone after so many seconds [default: never]
        #[arg(long, value_name = "SECONDS")]
        ttl: Option<u32>,
    },
    /// Removes a key
    Delete {
        #[command(flatten)]
        of: OfApp,
        #[command(flatten)]
        confirmation: Confirmation,
        /// What it is called
        key: String,
    },
}

impl KvCommand {
    pub(super) fn of(&self) -> &OfApp {
        match self {
            Self::List { of, .. } | Self::Get { of, .. } | Self::Set { of, .. } | Self::Delete { of, .. } => of,
        }
    }
}

pub(super) fn run(command: &KvCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = command.of().open(environment, terminal)?;
    let query = [("app", app.slug.as_str())];
    match command {
        KvCommand::List { prefix, limit, .. } => {
            let prefix: Vec<_> = prefix.as_deref().map(|prefix| ("prefix", prefix)).into_iter().collect();
            let listing = app.list(&["kv"], *limit, &prefix)?;
            table::show(terminal, &listing, &["key", "bytes", "version", "expires", "value"], |entry| {
                let expires = if entry["expires_at"].is_null() { String::new() } else { time(&entry["expires_at"]) };
                vec![cell(&entry["key"]), cell(&entry["bytes"]), cell(&entry["version"]), expires, shortened(&entry["value"])]
            })?;
            if !terminal.json && !listing["next_cursor"].is_null() {
                terminal.tell("There are more: give a longer prefix, or a larger --limit.");
            }
            Ok(())
        }
        KvCommand::Get { key, text, .. } => {
            let entry = app.client.get(&["kv", key], &query)?;
            match &entry["value"] {
                _ if terminal.json => terminal.value(&entry),
                Value::String(value) if *text => terminal.data(value),
                value => terminal.value(value),
            }
        }
        KvCommand::Set { key, value, text, ttl, .. } => {
            let given = if value == "-" { read_all("the value", VALUE_BYTES_MAX)? } else { value.clone() };
            let value = if *text { json!(given) } else { parsed(&given)? };
            let mut body = json!({ "value": value });
            if let Some(seconds) = ttl {
                body["ttl_seconds"] = json!(seconds);
            }
            let entry = app.client.call(&Method::PUT, &["kv", key], &query, Some(&body))?;
            if terminal.json {
                return terminal.value(&entry);
            }
            terminal.tell(&format!("{key} of {} has version {} now.", app.slug, cell(&entry["version"])));
            Ok(())
        }
        KvCommand::Delete { confirmation, key, .. } => {
            confirmation.remove(&app, terminal, &["kv", key], &query, &format!("Remove the key {key} of {}", app.slug))?;
            terminal.tell(&format!("{} has no key {key} any more.", app.slug));
            Ok(())
        }
    }
}

fn parsed(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("the value is no JSON: {error}")).next("add --text if it is a text, or quote it: '\"...\"'")
    })
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text,
    }
}
