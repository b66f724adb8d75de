//! `picloud logs`: the last lines, or all that come.

use std::{collections::HashMap, time::Duration};

use http::HeaderName;
use serde_json::Value;

use super::common::{App, OfApp};
use crate::{
    api::Sent,
    environment::Environment,
    failure::{Exit, Result},
    table::{cell, time},
    terminal::{Terminal, harmless},
};

/// Levels by their weight.
const LEVELS: [&str; 4] = ["trace", "info", "warn", "error"];

/// A stream that broke is opened again after so long.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub struct LogsArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// So many lines of what there is, 1 to 200
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
    limit: u16,
    /// Only this level and graver ones
    #[arg(long, value_parser = LEVELS, default_value = "trace")]
    level: String,
    /// Only what this execution logged
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "limit"])]
    execution: Option<String>,
}

/// How lines are shown.
struct Lines<'a> {
    terminal: &'a Terminal,
    names: HashMap<String, String>,
    /// The least level.
    level: usize,
}

pub(super) fn run(arguments: &LogsArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let listing = match &arguments.execution {
        Some(id) => app.client.get(&["executions", id, "logs"], &[])?,
        None => app.list(&["logs"], arguments.limit, &[])?,
    };
    if terminal.json && !arguments.follow {
        return terminal.value(&listing);
    }
    let mut items: Vec<&Value> = listing["items"].as_array().into_iter().flatten().collect();
    // What comes is what comes after it, whatever its level.
    let newest = items.first().map_or(0, |line| line["id"].as_i64().unwrap_or(0));
    if arguments.execution.is_none() {
        // The API has the newest first; people read downwards.
        items.reverse();
    }
    let mut lines = Lines { terminal, names: app.script_names()?, level: weight(&arguments.level) };
    items.retain(|line| lines.are_to_have(line));
    items.iter().try_for_each(|line| lines.show(line))?;
    if !arguments.follow {
        if items.is_empty() {
            terminal.tell("(none)");
        }
        return Ok(());
    }
    follow(&app, &mut lines, newest)
}

/// Does not return until it fails for good: a stream that ends is opened again, after the last line that came.
fn follow(app: &App<'_>, lines: &mut Lines<'_>, mut last: i64) -> Result<()> {
    let mut is_broken = false;
    loop {
        let (sent_last, query) = (last.to_string(), [("app", app.slug.as_str())]);
        let headers = [(HeaderName::from_static("last-event-id"), sent_last.as_str())];
        let ended = app.client.follow(&["admin", "logs", "stream"], Sent { query: &query, headers: &headers, ..Sent::default() }, |text| {
            is_broken = false;
            let Some(line) = text.strip_prefix("data:").and_then(|data| serde_json::from_str::<Value>(data).ok()) else { return Ok(()) };
            last = line["id"].as_i64().unwrap_or(last);
            if !lines.names.contains_key(line["script_id"].as_str().unwrap_or_default()) {
                lines.names.insert(cell(&line["script_id"]), String::new());
            }
            if lines.are_to_have(&line) { lines.show(&line) } else { Ok(()) }
        });
        match ended {
            Err(failure) if failure.exit != Exit::Failed || failure.what.is_empty() => return Err(failure),
            Err(failure) if !is_broken => {
                lines.terminal.tell(&format!("{}; trying again", failure.what));
                is_broken = true;
            }
            _ => {}
        }
        app.client.wait(PAUSE);
    }
}

impl Lines<'_> {
    /// Whether it is grave enough.
    fn are_to_have(&self, line: &Value) -> bool {
        weight(line["level"].as_str().unwrap_or_default()) >= self.level
    }

    fn show(&self, line: &Value) -> Result<()> {
        let level = line["level"].as_str().unwrap_or_default();
        if self.terminal.json {
            return self.terminal.data(&line.to_string());
        }
        let code = ["2", "", "33", "31"].get(weight(level)).copied().unwrap_or_default();
        let name = self.names.get(line["script_id"].as_str().unwrap_or_default()).map_or("", String::as_str);
        let fields = if line["fields"].is_null() { String::new() } else { format!(" {}", line["fields"]) };
        let text = format!("{} {level:<5} {name}: {}{fields}", time(&line["created_at"]), cell(&line["message"]));
        self.terminal.data(&self.terminal.paint(code, &harmless(&text)))
    }
}

fn weight(level: &str) -> usize {
    LEVELS.iter().position(|other| *other == level).unwrap_or(LEVELS.len())
}
