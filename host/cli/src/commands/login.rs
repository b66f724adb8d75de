//! `picloud login`: name and password once, and an API key from then on. The session ends with the command.

use http::Method;
use serde_json::{Value, json};

use super::common::{self, Common};
use crate::{
    api::{Client, Session, instance_url},
    contexts::Contexts,
    environment::Environment,
    failure::Result,
    terminal::{Terminal, read_line},
};

/// Where an instance answers that somebody has just started.
const DEFAULT_URL: &str = "http://localhost:8080";

#[derive(Debug, clap::Args)]
pub struct LoginArguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// The instance [default: PICLOUD_URL, that of picloud.toml, the one that is in use, or http://localhost:8080]
    url: Option<String>,
    /// Your user name; asked for if absent
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn run(arguments: &LoginArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let mut contexts = Contexts::load(environment)?;
    let url = url(arguments, environment, &contexts)?;
    let client = Client::new(&url, None, terminal)?;
    let origin = client.origin();
    terminal.tell(&format!("Logging in at {origin}"));
    let username = arguments.username.clone().map_or_else(|| terminal.ask("User name", "give --username NAME"), Ok)?;
    let password = match arguments.password_stdin {
        true => read_line()?,
        false => terminal.ask_unseen("Password", "give it on standard input, with --password-stdin")?,
    };

    let session = Session::begin(&client, &username, &password)?;
    // Whatever becomes of the key, the session ends.
    let made = session.key();
    let old = contexts.at(&origin).map(|(name, context)| (name.to_owned(), context.key_id.clone()));
    if let (Ok(_), Some((_, old))) = (&made, &old) {
        // What it replaces may be revoked or expired already.
        let _is_gone = session.send(&Method::DELETE, &["admin", "api-keys", old], &[], &Value::Null);
    }
    let ended = session.end();
    let (made, ()) = (made?, ended?);

    let username = &session.username;
    let name = arguments.common.context.clone().or_else(|| old.map(|(name, _)| name)).unwrap_or_else(|| host_of(&origin));
    contexts.contexts.insert(name.clone(), session.context(&made));
    contexts.current = Some(name.clone());
    contexts.store(environment)?;
    if terminal.json {
        return terminal.value(
            &json!({ "context": name, "url": origin, "username": username, "key_id": made["id"], "expires_at": made["expires_at"] }),
        );
    }
    let until = made["expires_at"].as_str().map(|_| format!(" until {}", crate::table::time(&made["expires_at"]))).unwrap_or_default();
    terminal.tell(&format!(
        "Logged in as {username}{until}, in the context `{name}`. The key is called \"{}\".",
        crate::table::cell(&made["name"])
    ));
    Ok(())
}

fn url(arguments: &LoginArguments, environment: &Environment, contexts: &Contexts) -> Result<String> {
    if let Some(url) = arguments.url.as_ref().or(environment.url.as_ref()) {
        return Ok(url.clone());
    }
    if let Some(url) = common::project(environment)?.and_then(|project| project.file.url) {
        return Ok(url);
    }
    let name = arguments.common.context.as_ref().or(contexts.current.as_ref());
    let stored = name.and_then(|name| contexts.contexts.get(name)).map(|context| context.url.clone());
    Ok(stored.unwrap_or_else(|| DEFAULT_URL.to_owned()))
}

/// Host and port: what a context is called if nobody says otherwise.
fn host_of(origin: &str) -> String {
    instance_url(origin).map_or_else(|_| origin.to_owned(), |url| url[url::Position::BeforeHost..url::Position::AfterPort].to_owned())
}
