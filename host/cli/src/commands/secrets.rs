//! `picloud secrets`: values that scripts read and people only write. A value comes from standard input or a prompt: what is an argument, everybody
//! on the machine sees.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, IsTerminal as _, Read as _},
    path::Path,
};

use execution::secret_name::{self, VALUE_BYTES_MAX};
use http::Method;
use serde_json::{Value, json};

use super::{
    common::{App, OfApp},
    confirmation::Confirmation,
    lookup,
};
use crate::{
    dotenv::{self, Entry, Wrong},
    environment::Environment,
    failure::{Exit, Failure, Place, Result},
    table::{self, cell, time},
    terminal::{Terminal, read_all},
};

/// Longest file that is imported.
const FILE_BYTES_MAX: usize = 8 << 20;

#[derive(Debug, clap::Subcommand)]
pub enum SecretsCommand {
    /// Sets a secret. Its value is asked for, or comes on standard input
    Set {
        #[command(flatten)]
        of: OfApp,
        /// What scripts call it: secrets::get("NAME")
        name: String,
    },
    /// Lists the names of the secrets. Nobody sees a value again
    List {
        #[command(flatten)]
        of: OfApp,
    },
    /// Removes a secret
    Unset {
        #[command(flatten)]
        of: OfApp,
        #[command(flatten)]
        confirmation: Confirmation,
        /// Its name
        name: String,
    },
    /// Sets all secrets of a file with lines NAME=value, as .env has them; none if one is wrong
    Import {
        #[command(flatten)]
        of: OfApp,
        /// The file, or - for standard input
        file: String,
    },
}

impl SecretsCommand {
    pub(super) fn of(&self) -> &OfApp {
        match self {
            Self::Set { of, .. } | Self::List { of } | Self::Unset { of, .. } | Self::Import { of, .. } => of,
        }
    }
}

pub(super) fn run(command: &SecretsCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = command.of().open(environment, terminal)?;
    match command {
        SecretsCommand::Set { name, .. } => {
            let value = value(name, terminal)?;
            let secret = put(&app, name, &value)?;
            if terminal.json { terminal.value(&secret) } else { told(&app, &[secret], terminal) }
        }
        SecretsCommand::List { .. } => table::show(terminal, &app.listing(&["secrets"])?, &["name", "version", "set"], |secret| {
            vec![cell(&secret["name"]), cell(&secret["version"]), time(&secret["updated_at"])]
        }),
        SecretsCommand::Unset { confirmation, name, .. } => {
            let (path, query) = (["secrets", name.as_str()], [("app", app.slug.as_str())]);
            let seen = app.client.see(&path, &query).map_err(|failure| missing(&app, name, failure))?;
            confirmation.demand(terminal, &format!("Remove the secret {name} of {}, set {}", app.slug, time(&seen.value["updated_at"])))?;
            app.client.change(&Method::DELETE, &path, &query, &seen, None)?;
            terminal.tell(&format!("{} has no secret {name} any more.", app.slug));
            Ok(())
        }
        SecretsCommand::Import { file, .. } => import(&app, file, environment, terminal),
    }
}

/// Typed unseen, or all of standard input without the line end that `echo` and editors put there.
fn value(name: &str, terminal: &Terminal) -> Result<String> {
    if io::stdin().is_terminal() {
        return terminal.ask_unseen(&format!("Value of {name}"), "give it on standard input");
    }
    let mut value = read_all("the value", FILE_BYTES_MAX)?;
    value.truncate(value.strip_suffix('\n').map_or(&*value, |line| line.strip_suffix('\r').unwrap_or(line)).len());
    if value.is_empty() {
        return Err(Failure::usage(format!("no value for {name} came on standard input"))
            .next(format!("picloud secrets set {name} < FILE, or without a redirection to type it")));
    }
    Ok(value)
}

fn import(app: &App<'_>, file: &str, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let text = match file {
        "-" => read_all("the file", FILE_BYTES_MAX)?,
        _ => read(&environment.directory.join(file))?,
    };
    let entries = dotenv::parse(&text).and_then(checked).map_err(|wrong| {
        let name = if file == "-" { "standard input" } else { file };
        let failure =
            Failure::usage("no secret was set: the file is not understood").next("lines look like NAME=value; # begins a comment");
        // Without the line itself: it may have a value in it.
        let place = |Wrong { line, why }| Place { file: name.to_owned(), line, column: 0, message: why, source_line: None, caret: None };
        wrong.into_iter().map(place).fold(failure, Failure::at)
    })?;
    let mut set: Vec<Value> = Vec::new();
    for Entry { name, value, .. } in &entries {
        match put(app, name, value) {
            Ok(secret) => set.push(secret),
            Err(mut failure) => {
                failure.what = format!("{name} was not set: {} ({} of {} were set before)", failure.what, set.len(), entries.len());
                return Err(failure);
            }
        }
    }
    if terminal.json { terminal.value(&json!({ "items": set, "next_cursor": null })) } else { told(app, &set, terminal) }
}

fn read(path: &Path) -> Result<String> {
    let (mut text, limit) = (String::new(), u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX));
    let read = File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    match read {
        Ok(length) if length >= FILE_BYTES_MAX => Err(Failure::usage(format!("{} has {FILE_BYTES_MAX} bytes or more", path.display()))),
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::file("read", path, &error)),
    }
}

/// What the instance would refuse is found before anything is set.
fn checked(entries: Vec<Entry>) -> Result<Vec<Entry>, Vec<Wrong>> {
    let (mut lines, mut wrong) = (HashMap::new(), Vec::new());
    for Entry { line, name, value } in &entries {
        let mut add = |why: String| wrong.push(Wrong { line: *line, why });
        if let Err(rule) = secret_name::check(name) {
            add(format!("`{name}`: {rule}"));
        } else if !(1..=VALUE_BYTES_MAX).contains(&value.len()) {
            add(format!("the value of {name} has {} bytes, and it takes 1 to {VALUE_BYTES_MAX}", value.len()));
        } else if let Some(before) = lines.insert(name.clone(), *line) {
            add(format!("{name} is in line {before} already"));
        }
    }
    if wrong.is_empty() { Ok(entries) } else { Err(wrong) }
}

fn put(app: &App<'_>, name: &str, value: &str) -> Result<Value> {
    app.client.call(&Method::PUT, &["secrets", name], &[("app", &app.slug)], Some(&json!({ "value": value })))
}

fn told(app: &App<'_>, set: &[Value], terminal: &Terminal) -> Result<()> {
    let names: Vec<String> = set.iter().map(|secret| cell(&secret["name"])).collect();
    terminal.tell(&match names.is_empty() {
        true => "There is none in it.".to_owned(),
        false => format!("{} has {} now; what begins to run reads it, without a deployment.", app.slug, names.join(", ")),
    });
    Ok(())
}

/// With the names that there are. Who may remove secrets may list them.
fn missing(app: &App<'_>, name: &str, failure: Failure) -> Failure {
    match app.all(&["secrets"]) {
        Ok(secrets) if failure.exit == Exit::NotFound => lookup::none(app, "secret", name, secrets.iter().map(|secret| &secret["name"])),
        _ => failure,
    }
}
