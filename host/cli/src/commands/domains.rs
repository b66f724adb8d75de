//! `picloud domains`: host names that an app claims, and the DNS records that prove it.

use serde_json::{Value, json};

use super::{
    common::{App, OfApp},
    confirmation::Confirmation,
    lookup,
};
use crate::{
    environment::Environment,
    failure::Result,
    table::{self, cell, time},
    terminal::{Terminal, harmless},
};

/// How a domain is called.
const CALLED: (&str, &str) = ("domain", "host");

#[derive(Debug, clap::Subcommand)]
pub enum DomainsCommand {
    /// Lists the domains, how each is, and the DNS record that it needs
    List {
        #[command(flatten)]
        of: OfApp,
    },
    /// Claims a host name, and prints the DNS record that proves it
    Add {
        #[command(flatten)]
        of: OfApp,
        /// shop.example.com, or *.example.com for every name below it
        host: String,
    },
    /// Looks for the DNS record now; proved, the domain serves at once
    Verify {
        #[command(flatten)]
        of: OfApp,
        /// The host name, as it was claimed
        host: String,
    },
    /// Gives a domain up: it serves nothing any more
    Remove {
        #[command(flatten)]
        of: OfApp,
        #[command(flatten)]
        confirmation: Confirmation,
        /// The host name, as it was claimed
        host: String,
    },
}

impl DomainsCommand {
    pub(super) fn of(&self) -> &OfApp {
        match self {
            Self::List { of } | Self::Add { of, .. } | Self::Verify { of, .. } | Self::Remove { of, .. } => of,
        }
    }
}

pub(super) fn run(command: &DomainsCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = command.of().open(environment, terminal)?;
    match command {
        DomainsCommand::List { .. } => {
            table::show(terminal, &app.listing(&["domains"])?, &["host", "status", "looked for", "dns record"], |domain| {
                let looked = if domain["checked_at"].is_null() { String::new() } else { time(&domain["checked_at"]) };
                vec![cell(&domain["host"]), cell(&domain["status"]), looked, record(domain).unwrap_or_default()]
            })
        }
        DomainsCommand::Add { host, .. } => {
            let domain = app.client.post(&["domains"], &json!({ "app": app.slug, "host": host }))?;
            told(&app, &domain, terminal)
        }
        DomainsCommand::Verify { host, .. } => {
            let id = lookup::id(&app, &["domains"], CALLED, host)?;
            told(&app, &app.client.post(&["domains", &id, "verify"], &json!({}))?, terminal)
        }
        DomainsCommand::Remove { confirmation, host, .. } => {
            let id = lookup::id(&app, &["domains"], CALLED, host)?;
            confirmation.remove(&app, terminal, &["domains", &id], &[], &format!("Give up {host}, which is {}'s", app.slug))?;
            terminal.tell(&format!("{host} is no domain of {} any more.", app.slug));
            Ok(())
        }
    }
}

/// As a line of a zone. Where none is asked for, there is none.
fn record(domain: &Value) -> Option<String> {
    let challenge = domain["challenge"].as_object()?;
    let field = |name: &str| challenge.get(name).map(cell).unwrap_or_default();
    Some(format!("{}. {} \"{}\"", field("name"), field("type"), field("value")))
}

/// What has to be done, or where it serves.
fn told(app: &App<'_>, domain: &Value, terminal: &Terminal) -> Result<()> {
    if terminal.json {
        return terminal.value(domain);
    }
    let host = cell(&domain["host"]);
    match record(domain).filter(|_| domain["status"] != "verified") {
        Some(record) => {
            terminal.tell(&format!("{host} is {} and serves nothing yet. Make this DNS record:", cell(&domain["status"])));
            terminal.data(&harmless(&record))?;
            terminal.tell(&format!("  {} picloud domains verify '{host}'", terminal.bold("next:")));
            Ok(())
        }
        None => {
            terminal.tell(&format!("{host} serves {} now. Its DNS has to lead to this instance.", app.slug));
            terminal.data(&app.client.url_of(&host))
        }
    }
}
