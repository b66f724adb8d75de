//! `picloud routes`: which requests reach what, and what a request would reach. Routes are changed in picloud.toml.

use serde_json::{Value, json};
use url::Url;

use super::common::{App, OfApp};
use crate::{
    environment::Environment,
    failure::{Exit, Failure, Result},
    table::{self, cell},
    terminal::{Terminal, harmless},
};

#[derive(Debug, clap::Subcommand)]
pub enum RoutesCommand {
    /// Lists the routes of what is active
    List {
        #[command(flatten)]
        of: OfApp,
    },
    /// Tells what a request would reach, and why. Nothing is sent to the app
    Match {
        #[command(flatten)]
        of: OfApp,
        /// GET, POST, ...
        method: String,
        /// A path, or a URL with one of the app's hosts
        url: String,
    },
}

impl RoutesCommand {
    pub(super) fn of(&self) -> &OfApp {
        match self {
            Self::List { of } | Self::Match { of, .. } => of,
        }
    }
}

pub(super) fn run(command: &RoutesCommand, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = command.of().open(environment, terminal)?;
    match command {
        RoutesCommand::List { .. } => {
            let listing = app.listing(&["routes"])?;
            let names = if terminal.json { Default::default() } else { app.script_names()? };
            table::show(terminal, &listing, &["method", "host", "path", "target"], |route| {
                let any = |field: &str| route[field].as_str().unwrap_or("any").to_owned();
                let target = match route["script_id"].as_str() {
                    Some(id) => names.get(id).cloned().unwrap_or_default(),
                    None => format!("static {}", route["static"]),
                };
                vec![any("method"), any("host"), cell(&route["path"]), target]
            })
        }
        RoutesCommand::Match { method, url, .. } => matched(&app, method, url, terminal),
    }
}

fn matched(app: &App<'_>, method: &str, url: &str, terminal: &Terminal) -> Result<()> {
    let (host, path) = parts(url)?;
    let found = app.client.post(&["routes", "match"], &json!({ "app": app.slug, "method": method, "host": host, "path": path }))?;
    if terminal.json {
        terminal.value(&found)?;
    }
    let why = cell(&found["why"]);
    let route = &found["route"];
    if route.is_null() {
        let allow: Vec<String> = found["allow"].as_array().into_iter().flatten().map(cell).collect();
        let failure = Failure::new(Exit::NotFound, format!("{method} {path} reaches nothing of {}: {why}", app.slug));
        return Err(match allow.is_empty() {
            true => failure.next("picloud routes list shows the routes there are"),
            false => failure.next(format!("this path takes {}", allow.join(", "))),
        });
    }
    if terminal.json {
        return Ok(());
    }
    let target = match route["script_id"].as_str() {
        Some(id) => format!("script {}", app.script_names()?.remove(id).unwrap_or_default()),
        None => format!("static {}", route["static"]),
    };
    let pattern = format!("{} {}{}", route["method"].as_str().unwrap_or("any"), cell(&route["host"]), cell(&route["path"]));
    let params = found["params"].as_object().into_iter().flatten().map(|(name, value)| ("param", format!("{name} = {}", cell(value))));
    let asset = (!found["asset"].is_null()).then(|| ("asset", asset(&found["asset"])));
    for (word, text) in [("route", pattern), ("target", target)].into_iter().chain(params).chain(asset).chain([("why", why)]) {
        terminal.data(&harmless(&format!("{word:<7} {text}")))?;
    }
    Ok(())
}

/// What would be sent of the assets.
fn asset(asset: &Value) -> String {
    let what = [&asset["path"], &asset["location"]].into_iter().find_map(Value::as_str).unwrap_or("none");
    format!("{} {what}: {}", cell(&asset["status"]), cell(&asset["why"]))
}

/// Host and path; a path alone is one of the app's own host.
fn parts(url: &str) -> Result<(Option<String>, String)> {
    let (host, target) = if url.starts_with('/') {
        (None, url.to_owned())
    } else {
        let parsed = Url::parse(url).map_err(|error| {
            Failure::usage(format!("`{url}` is neither a path nor a URL: {error}"))
                .next("write /users/7 or https://shop.example.com/users/7")
        })?;
        (parsed.host_str().map(str::to_owned), parsed.path().to_owned())
    };
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    Ok((host, path))
}
