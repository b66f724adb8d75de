//! `picloud members`: who works on an app, and what each may do there.

use http::Method;
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
    terminal::Terminal,
};

const ROLES: [&str; 3] = ["app_admin", "editor", "viewer"];
/// How a member is called.
const CALLED: (&str, &str) = ("member", "username");

#[derive(Debug, clap::Subcommand)]
pub enum MembersCommand {
    /// Lists the members. Owners and admins of the instance reach every app without being members
    List {
        #[command(flatten)]
        of: OfApp,
    },
    /// Gives somebody who has an account a role in the app
    Add {
        #[command(flatten)]
        of: OfApp,
        /// His user name
        username: String,
        #[arg(value_parser = ROLES)]
        role: String,
    },
    /// Gives a member another role
    SetRole {
        #[command(flatten)]
        of: OfApp,
        /// His user name
        username: String,
        #[arg(value_parser = ROLES)]
        role: String,
    },
    /// Takes a member's role away
    Remove {
        #[command(flatten)]
        of: OfApp,
        #[command(flatten)]
        confirmation: Confirmation,
        /// His user name
        username: String,
    },
}

impl MembersCommand {
    pub(super) fn of(&self) -> &OfApp {
        match self {
            Self::List { of } | Self::Add { of, .. } | Self::SetRole { of, .. } | Self::Remove { of, .. } => of,
        }
    }
}

pub(super) fn run(command: &MembersCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = command.of().open(environment, terminal)?;
    let query = [("app", app.slug.as_str())];
    match command {
        MembersCommand::List { .. } => table::show(terminal, &app.listing(&["members"])?, &["user", "role", "since", "name"], |member| {
            vec![cell(&member["username"]), cell(&member["role"]), time(&member["created_at"]), cell(&member["display_name"])]
        }),
        MembersCommand::Add { username, role, .. } => {
            let member = app.client.post(&["members"], &json!({ "app": app.slug, "admin": username, "role": role }))?;
            told(&app, &member, terminal)
        }
        MembersCommand::SetRole { username, role, .. } => {
            let id = lookup::id(&app, &["members"], CALLED, username)?;
            let seen = app.client.see(&["members", &id], &query)?;
            let member = app.client.change(&Method::PATCH, &["members", &id], &query, &seen, Some(&json!({ "role": role })))?;
            told(&app, &member, terminal)
        }
        MembersCommand::Remove { confirmation, username, .. } => {
            let id = lookup::id(&app, &["members"], CALLED, username)?;
            confirmation.remove(&app, terminal, &["members", &id], &query, &format!("Take {username}'s role in {} away", app.slug))?;
            terminal.tell(&format!("{username} is no member of {} any more.", app.slug));
            Ok(())
        }
    }
}

fn told(app: &App<'_>, member: &Value, terminal: &Terminal) -> Result<()> {
    if terminal.json {
        return terminal.value(member);
    }
    terminal.tell(&format!("{} is {} of {} now.", cell(&member["username"]), cell(&member["role"]), app.slug));
    Ok(())
}
