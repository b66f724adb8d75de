//! `picloud egress`: what an app's scripts may call.

use serde_json::{Value, json};

use super::{common::OfApp, confirmation::Confirmation, lookup};
use crate::{
    environment::Environment,
    failure::{Failure, Result},
    table::{self, cell, time},
    terminal::Terminal,
};

#[derive(Debug, clap::Subcommand)]
pub enum EgressCommand {
    /// Lists what scripts may call
    List {
        #[command(flatten)]
        of: OfApp,
    },
    /// Lets scripts call a host, at once
    Allow {
        #[command(flatten)]
        of: OfApp,
        /// api.example.com, *.example.com for every name below it, an address, or * for every host of the internet
        host: String,
        /// [default: 80 and 443]
        #[arg(long)]
        port: Option<u16>,
        /// [default: both]
        #[arg(long, value_parser = ["http", "https"])]
        scheme: Option<String>,
    },
    /// Lets scripts call it no longer, at once: those that run too
    Remove {
        #[command(flatten)]
        of: OfApp,
        #[command(flatten)]
        confirmation: Confirmation,
        /// The host, as `list` has it, or the rule's id
        host: String,
        /// Of the rules of this host the one with this port
        #[arg(long)]
        port: Option<u16>,
    },
}

impl EgressCommand {
    pub(super) fn of(&self) -> &OfApp {
        match self {
            Self::List { of } | Self::Allow { of, .. } | Self::Remove { of, .. } => of,
        }
    }
}

pub(super) fn run(command: &EgressCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = command.of().open(environment, terminal)?;
    match command {
        EgressCommand::List { .. } => {
            table::show(terminal, &app.listing(&["egress"])?, &["scheme", "host", "port", "since", "id"], |rule| {
                let scheme = rule["scheme"].as_str().unwrap_or("both").to_owned();
                vec![scheme, cell(&rule["host"]), port_of(rule), time(&rule["created_at"]), cell(&rule["id"])]
            })
        }
        EgressCommand::Allow { host, port, scheme, .. } => {
            let rule = app.client.post(&["egress"], &json!({ "app": app.slug, "host": host, "port": port, "scheme": scheme }))?;
            if terminal.json {
                return terminal.value(&rule);
            }
            terminal.tell(&format!("Scripts of {} may call {} at {} now.", app.slug, cell(&rule["host"]), port_of(&rule)));
            Ok(())
        }
        EgressCommand::Remove { confirmation, host, port, .. } => {
            let mut rules = lookup::called(&app, &["egress"], ("rule for", "host"), host)?;
            rules.retain(|rule| port.is_none_or(|port| rule["port"] == json!(port)));
            let rule = match rules.as_slice() {
                [rule] => rule,
                [] => return Err(Failure::usage(format!("no rule for {host} has this port")).next("picloud egress list shows them")),
                several => {
                    let ids: Vec<String> = several.iter().map(|rule| format!("{} ({})", cell(&rule["id"]), port_of(rule))).collect();
                    return Err(Failure::usage(format!("{host} has {} rules: {}", ids.len(), ids.join(", "))).next("name one by its id"));
                }
            };
            let (id, what) = (cell(&rule["id"]), format!("{} at {}", cell(&rule["host"]), port_of(rule)));
            confirmation.remove(&app, terminal, &["egress", &id], &[], &format!("Let scripts of {} call {what} no longer", app.slug))?;
            terminal.tell(&format!("Scripts of {} may call {what} no longer.", app.slug));
            Ok(())
        }
    }
}

fn port_of(rule: &Value) -> String {
    rule["port"].as_u64().map_or_else(|| "80 and 443".to_owned(), |port| port.to_string())
}
