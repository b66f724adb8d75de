//! `picloud context`: the stored logins.

use serde_json::json;

use super::common::Common;
use crate::{contexts::Contexts, environment::Environment, failure::Result, table, terminal::Terminal};

#[derive(Debug, clap::Subcommand)]
pub enum ContextCommand {
    /// Lists the logins
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Makes a login the one that is used where nothing else is said
    Use {
        #[command(flatten)]
        common: Common,
        /// Its name
        name: String,
    },
}

impl ContextCommand {
    pub(super) fn common(&self) -> Common {
        match self {
            Self::List { common } | Self::Use { common, .. } => common.clone(),
        }
    }
}

pub(super) fn run(command: &ContextCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let mut contexts = Contexts::load(environment)?;
    match command {
        ContextCommand::List { .. } => {
            let shown = contexts.contexts.iter().map(|(name, context)| {
                let current = contexts.current.as_ref() == Some(name);
                json!({ "name": name, "current": current, "url": context.url, "username": context.username, "expires_at": context.expires_at })
            });
            let listing = json!({ "items": shown.collect::<Vec<_>>() });
            table::show(terminal, &listing, &["", "name", "instance", "user", "key expires"], |item| {
                let mark = if item["current"] == json!(true) { "*" } else { "" };
                let expires = if item["expires_at"].is_null() { String::new() } else { table::time(&item["expires_at"]) };
                vec![mark.into(), table::cell(&item["name"]), table::cell(&item["url"]), table::cell(&item["username"]), expires]
            })
        }
        ContextCommand::Use { name, .. } => {
            let url = contexts.named(name)?.url.clone();
            contexts.current = Some(name.clone());
            contexts.store(environment)?;
            if terminal.json {
                return terminal.value(&json!({ "name": name, "url": url }));
            }
            terminal.tell(&format!("Commands go to {url} now."));
            Ok(())
        }
    }
}
