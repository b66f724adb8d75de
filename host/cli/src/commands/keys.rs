//! `picloud keys`: credentials of programs. A key manages no keys, so each of these logs in for as long as it takes.

use http::Method;
use serde_json::{Value, json};

use super::{
    common::{self, Common},
    confirmation::Confirmation,
    pages,
};
use crate::{
    api::{Client, Session},
    contexts::Contexts,
    environment::Environment,
    failure::{Exit, Failure, Result},
    moment::Moment,
    table::{self, cell, time},
    terminal::{Terminal, read_line},
};

/// Who one is, for those who may.
#[derive(Debug, clap::Args)]
pub struct Identity {
    #[command(flatten)]
    common: Common,
    /// Your user name [default: that of the stored login]
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, clap::Subcommand)]
pub enum KeysCommand {
    /// Lists your keys, or those that are bound to an app
    List {
        #[command(flatten)]
        identity: Identity,
        /// Those bound to this app, whoever made them
        #[arg(long, value_name = "APP")]
        app: Option<String>,
    },
    /// Makes a key, and prints it: it is never shown again
    Create {
        #[command(flatten)]
        identity: Identity,
        /// For you to know it by
        name: String,
        /// What it is good for, as script:read; several with commas, or the flag again
        #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',')]
        scope: Vec<String>,
        /// The only app that it reaches
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        /// An address or network that it is good from [default: any]
        #[arg(long, value_name = "NETWORK")]
        network: Vec<String>,
        /// When it ends: 30d, 2027-01-01, or never [default: 90d]
        #[arg(long, value_name = "WHEN", value_parser = expiry)]
        expires: Option<Expiry>,
    },
    /// Revokes a key, at once and everywhere
    Revoke {
        #[command(flatten)]
        identity: Identity,
        #[command(flatten)]
        confirmation: Confirmation,
        /// Its name or id
        key: String,
        /// It is bound to this app, and somebody else's
        #[arg(long, value_name = "APP")]
        app: Option<String>,
    },
}

/// When a key ends.
#[derive(Debug, Clone, Copy)]
pub enum Expiry {
    Never,
    At(Moment),
}

impl KeysCommand {
    pub(super) fn common(&self) -> &Common {
        &self.identity().common
    }

    fn identity(&self) -> &Identity {
        match self {
            Self::List { identity, .. } | Self::Create { identity, .. } | Self::Revoke { identity, .. } => identity,
        }
    }
}

pub(super) fn run(command: &KeysCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let target = common::own_target(environment, command.common())?;
    let client = Client::new(&target.url, None, terminal)?;
    let identity = command.identity();
    let stored = target.context.as_deref().map(|name| Contexts::load(environment)?.named(name).map(|context| context.username.clone()));
    let username = match (&identity.username, stored.transpose()?) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) => name,
        (None, None) => terminal.ask("User name", "give --username NAME")?,
    };
    let password = match identity.password_stdin {
        true => read_line()?,
        false => terminal.ask_unseen(&format!("Password of {username}"), "give it on standard input, with --password-stdin")?,
    };
    let session = Session::begin(&client, &username, &password)?;
    // Whatever becomes of it, the session ends.
    let (done, ended) = (carry_out(command, &session, environment, terminal), session.end());
    done.and(ended)
}

fn carry_out(command: &KeysCommand, session: &Session<'_>, environment: &Environment, terminal: &Terminal) -> Result<()> {
    match command {
        KeysCommand::List { app, .. } => {
            let listing = json!({ "items": all(session, app.as_deref())?, "next_cursor": null });
            table::show(terminal, &listing, &["name", "key", "scopes", "ends", "used", "id"], |key| {
                let moment = |field: &str| if key[field].is_null() { String::new() } else { time(&key[field]) };
                let ends = if key["revoked_at"].is_null() { moment("expires_at") } else { "revoked".to_owned() };
                let shown = format!("{}...{}", cell(&key["prefix"]), cell(&key["last4"]));
                vec![cell(&key["name"]), shown, scopes(key), ends, moment("last_used_at"), cell(&key["id"])]
            })
        }
        KeysCommand::Create { name, scope, app, network, expires, .. } => {
            let mut body = json!({ "name": name, "scopes": scope, "app": app, "networks": network });
            match expires {
                None => {}
                Some(Expiry::Never) => body["expires_at"] = Value::Null,
                Some(Expiry::At(moment)) => body["expires_at"] = json!(moment.ahead(environment.now)),
            }
            let key = session.call(&Method::POST, &["api-keys"], &[], &body)?;
            if terminal.json {
                return terminal.value(&key);
            }
            let ends = if key["expires_at"].is_null() { "for ever".to_owned() } else { format!("until {}", time(&key["expires_at"])) };
            terminal.tell(&format!("The key {name} is good for {}, {ends}. It is shown this once:", scopes(&key)));
            terminal.data(&cell(&key["key"]))
        }
        KeysCommand::Revoke { confirmation, key, app, .. } => {
            let key = one(&all(session, app.as_deref())?, key)?;
            let shown = format!("{} ({}...{})", cell(&key["name"]), cell(&key["prefix"]), cell(&key["last4"]));
            confirmation.demand(terminal, &format!("Revoke the key {shown}"))?;
            session.call(&Method::DELETE, &["api-keys", &cell(&key["id"])], &[], &Value::Null)?;
            terminal.tell(&format!("The key {shown} is good for nothing any more."));
            Ok(())
        }
    }
}

fn all(session: &Session<'_>, app: Option<&str>) -> Result<Vec<Value>> {
    let app: Vec<_> = app.map(|app| ("app", app)).into_iter().collect();
    pages::all(|page| session.call(&Method::GET, &["api-keys"], &[&app, page].concat(), &Value::Null))
}

/// The key of this id, or the only one of this name that is not revoked.
fn one(keys: &[Value], name: &str) -> Result<Value> {
    let good: Vec<&Value> = keys.iter().filter(|key| key["revoked_at"].is_null()).collect();
    let found: Vec<&&Value> = good.iter().filter(|key| key["id"] == *name || key["name"] == *name).collect();
    match found.as_slice() {
        [key] => Ok((**key).clone()),
        [] => {
            let names: Vec<String> = good.iter().map(|key| cell(&key["name"])).collect();
            let there = if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) };
            Err(Failure::new(Exit::NotFound, format!("there is no key `{name}` that is good: {there}")))
        }
        several => {
            let ids: Vec<String> = several.iter().map(|key| cell(&key["id"])).collect();
            Err(Failure::usage(format!("{} keys are called `{name}`: {}", ids.len(), ids.join(", "))).next("name one by its id"))
        }
    }
}

fn scopes(key: &Value) -> String {
    key["scopes"].as_array().into_iter().flatten().map(cell).collect::<Vec<_>>().join(" ")
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" { Ok(Expiry::Never) } else { Moment::parse(text).map(Expiry::At) }
}
