//! `picloud logs`: the last lines, or all that come.

use std::{collections::HashMap, time::Duration};

use http::HeaderName;
use serde_json::{Value, json};

use super::common::{App, OfApp};
use crate::{
    api::Sent,
    environment::Environment,
    failure::{Exit, Failure, Result},
    moment::Moment,
    table::{cell, time},
    terminal::{Terminal, harmless},
};

/// Levels by their weight.
const LEVELS: [&str; 4] = ["trace", "info", "warn", "error"];

/// A stream that broke is opened again after so long.
const PAUSE: Duration = Duration::from_secs(1);

/// Executions of one request that are looked at: who sends requests names them, and may do so twice.
const EXECUTIONS_MAX: u16 = 50;

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
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "limit", "since"])]
    execution: Option<String>,
    /// Only what this request led to: its `X-Request-Id`, which scripts have as `ctx.request_id`
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "limit", "since", "execution"])]
    request_id: Option<String>,
    /// Only lines of executions that began since: 30m, 12h, 2026-03-01, 2026-03-01T10:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    since: Option<Moment>,
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
    // What comes is what comes after it, whatever its level; asked first, so that nothing is lost between the two.
    let newest = if arguments.follow { id_of(app.list(&["logs"], 1, &[])?["items"].get(0)) } else { 0 };
    let listing = match (&arguments.execution, &arguments.request_id) {
        (Some(id), _) => app.client.get(&["executions", id, "logs"], &[])?,
        (None, Some(id)) => of_request(&app, id)?,
        (None, None) => {
            let since = arguments.since.map(|since| since.behind(environment.now));
            let query = [("level", Some(arguments.level.as_str())), ("from", since.as_deref())];
            let query: Vec<(&str, &str)> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            app.list(&["logs"], arguments.limit, &query)?
        }
    };
    if terminal.json && !arguments.follow {
        return terminal.value(&listing);
    }
    let mut items: Vec<&Value> = listing["items"].as_array().into_iter().flatten().collect();
    let newest = newest.max(id_of(items.first().copied()));
    if arguments.execution.is_none() && arguments.request_id.is_none() {
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

/// All lines of the executions of a request, in the order in which those began.
fn of_request(app: &App<'_>, id: &str) -> Result<Value> {
    let executions = app.list(&["executions"], EXECUTIONS_MAX, &[("request_id", id)])?;
    let mut items = Vec::new();
    for execution in executions["items"].as_array().into_iter().flatten().rev() {
        let mut logs = app.client.get(&["executions", &cell(&execution["id"]), "logs"], &[])?;
        items.append(logs["items"].as_array_mut().unwrap_or(&mut Vec::new()));
    }
    if executions["items"].as_array().is_none_or(Vec::is_empty) {
        return Err(Failure::new(Exit::NotFound, format!("{} has no execution of the request `{id}`, or no longer", app.slug))
            .next("what ran is there within a second of its end; picloud executions lists it"));
    }
    Ok(json!({ "items": items, "next_cursor": null }))
}

fn id_of(line: Option<&Value>) -> i64 {
    line.and_then(|line| line["id"].as_i64()).unwrap_or(0)
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
