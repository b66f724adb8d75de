//! `picloud executions`: what ran, and how it ended.

use serde_json::Value;

use super::{
    common::{App, OfApp},
    place,
};
use crate::{
    environment::Environment,
    failure::Result,
    moment::Moment,
    table::{self, cell, time},
    terminal::{Terminal, harmless},
};

#[derive(Debug, clap::Args)]
pub struct ExecutionsArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// Show this one, with its error, its calls and its log
    id: Option<String>,
    /// Only those of this script
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    script: Option<String>,
    /// Only those that ended so: ok, error, deadline, fuel, ...
    #[arg(long, value_name = "OUTCOME", conflicts_with = "id")]
    outcome: Option<String>,
    /// Only those whose visitor saw this status: 404, or 5xx for all that begin with 5
    #[arg(long, value_name = "STATUS", conflicts_with = "id")]
    status: Option<String>,
    /// Only those of this request: its `X-Request-Id`, which scripts have as `ctx.request_id`
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    request_id: Option<String>,
    /// Only those that began since: 30m, 12h, 2026-03-01, 2026-03-01T10:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse, conflicts_with = "id")]
    since: Option<Moment>,
    /// So many at most, 1 to 200
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    limit: u16,
}

pub(super) fn run(arguments: &ExecutionsArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    if let Some(id) = &arguments.id {
        return one(&app, id, terminal);
    }
    let script = arguments.script.as_deref().map(|name| app.script_id(name)).transpose()?;
    let since = arguments.since.map(|since| since.behind(environment.now));
    let filters = [
        ("script", script.as_deref()),
        ("outcome", arguments.outcome.as_deref()),
        ("status", arguments.status.as_deref()),
        ("request_id", arguments.request_id.as_deref()),
        ("from", since.as_deref()),
    ];
    let query: Vec<(&str, &str)> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let listing = app.list(&["executions"], arguments.limit, &query)?;
    let names = if terminal.json { Default::default() } else { app.script_names()? };
    table::show(terminal, &listing, &["began", "outcome", "status", "ms", "fuel", "script", "request", "id"], |row| {
        let name = names.get(row["script_id"].as_str().unwrap_or_default()).cloned().unwrap_or_default();
        let (outcome, status) = (cell(&row["outcome"]), cell(&row["status"]));
        vec![time(&row["created_at"]), outcome, status, milliseconds(row), cell(&row["fuel_used"]), name, request(row), cell(&row["id"])]
    })
}

fn one(app: &App<'_>, id: &str, terminal: &Terminal) -> Result<()> {
    let row = app.client.get(&["executions", id], &[])?;
    if terminal.json {
        return terminal.value(&row);
    }
    let deployment = format!("deployment {}", cell(&row["deployment"]));
    let head = [time(&row["created_at"]), cell(&row["outcome"]), cell(&row["status"]), request(&row), deployment];
    terminal.data(&harmless(&head.join("  ")))?;
    let kib = row["memory_peak_bytes"].as_u64().unwrap_or(0) / 1024;
    let (fuel, attempts) = (cell(&row["fuel_used"]), cell(&row["attempts"]));
    terminal.data(&format!("{} ms, fuel {fuel}, {kib} KiB, attempts {attempts}", milliseconds(&row)))?;
    for place in place::of_error(&row["error"], app.project.as_ref()) {
        terminal.data("")?;
        place.to_string().lines().try_for_each(|line| terminal.data(&harmless(line)))?;
    }
    for call in row["calls"].as_array().into_iter().flatten() {
        let (start, wall) = (call["start_us"].as_u64().unwrap_or(0), call["wall_us"].as_u64().unwrap_or(0));
        let line = format!("at {start} us, {wall} us: {} -> {}", cell(&call["call"]), cell(&call["result"]));
        terminal.data(&harmless(&line))?;
    }
    let logs = app.client.get(&["executions", id, "logs"], &[])?;
    for line in logs["items"].as_array().into_iter().flatten() {
        let fields = if line["fields"].is_null() { String::new() } else { format!(" {}", line["fields"]) };
        terminal.data(&harmless(&format!("{:<5} {}{fields}", cell(&line["level"]), cell(&line["message"]))))?;
    }
    Ok(())
}

fn milliseconds(row: &Value) -> String {
    format!("{:.1}", row["wall_us"].as_f64().unwrap_or(0.0) / 1e3)
}

/// What was asked; the kind of what was no request.
fn request(row: &Value) -> String {
    match row["method"].as_str() {
        Some("") | None => cell(&row["invocation_type"]),
        Some(method) => format!("{method} {}{}", cell(&row["host"]), cell(&row["path"])),
    }
}
