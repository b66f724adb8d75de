//! `picloud diff`: the folder against what is active.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    common::{App, OfApp},
    manifest,
};
use crate::{
    environment::Environment,
    failure::{Failure, Result},
    project::ProjectError,
    table::cell,
    terminal::{Terminal, harmless},
};

#[derive(Debug, clap::Args)]
pub struct DiffArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// Compare this deployment with the one before it, instead of the folder with what is active
    number: Option<u32>,
}

pub(super) fn run(arguments: &DiffArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    if let Some(number) = arguments.number {
        let deployment = app.deployment(number)?;
        let difference = app.client.get(&["deployments", deployment["id"].as_str().unwrap_or_default(), "diff"], &[])?;
        return show(&app, &difference, terminal);
    }
    let project = app.project.as_ref().ok_or_else(|| Failure::from(ProjectError::None { from: environment.directory.clone() }))?;
    let active = app.client.get(&["apps", &app.slug], &[])?;
    let manifest = manifest::prepare(&app, project, &active)?;
    let answer = manifest::send(&app, project, &manifest, json!({ "dry_run": true }))?;
    show(&app, &app.client.json(&answer)?, terminal)
}

/// A comparison: a line for each thing, and below a script what is different in it.
pub(super) fn show(app: &App<'_>, difference: &Value, terminal: &Terminal) -> Result<()> {
    if terminal.json {
        return terminal.value(difference);
    }
    let names = app.script_names()?;
    let lines = lines(difference, &names);
    if lines.is_empty() {
        terminal.tell("Nothing is different.");
        return Ok(());
    }
    for line in lines {
        let code = match line.trim_start().chars().next() {
            Some('+') => "32",
            Some('-') => "31",
            Some('@') => "36",
            Some('~') => "33",
            _ => "",
        };
        terminal.data(&terminal.paint(code, &harmless(&line)))?;
    }
    if difference["truncated"] == json!(true) {
        terminal.tell("There is more than is shown.");
    }
    Ok(())
}

fn lines(difference: &Value, names: &HashMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    let items = |list: &str| difference[list].as_array().cloned().unwrap_or_default();
    for script in items("scripts") {
        let before = script["previous_name"].as_str().map(|name| format!(" (was {name})")).unwrap_or_default();
        let through: Vec<String> = script["through"].as_array().into_iter().flatten().map(cell).collect();
        let through = if through.is_empty() { String::new() } else { format!(" (through {})", through.join(", ")) };
        lines.push(format!("{} {} {}{before}{through}", mark(&script), cell(&script["kind"]), cell(&script["name"])));
        lines.extend(script["diff"].as_str().unwrap_or_default().lines().map(|line| format!("    {line}")));
    }
    for route in items("routes") {
        for (mark, side) in sides(&route) {
            let target = match side["script_id"].as_str() {
                Some(id) => names.get(id).cloned().unwrap_or_default(),
                None => format!("static {}", side["static"]),
            };
            let method = side["method"].as_str().unwrap_or("any");
            lines.push(format!("{mark} route {method} {}{} -> {target}", cell(&side["host"]), cell(&side["path"])));
        }
    }
    for (list, word) in [("schedules", "schedule"), ("triggers", "trigger")] {
        for trigger in items(list) {
            lines.extend(sides(&trigger).into_iter().map(|(mark, side)| format!("{mark} {word} {} {}", cell(&side["name"]), side["on"])));
        }
    }
    lines.extend(items("assets").iter().map(|asset| format!("{} asset {}", mark(asset), cell(&asset["path"]))));
    if !difference["settings"].is_null() {
        lines.extend(sides(&difference["settings"]).into_iter().map(|(mark, side)| format!("{mark} limits {}", side["limits"])));
    }
    lines
}

fn mark(item: &Value) -> char {
    match item["change"].as_str() {
        Some("added") => '+',
        Some("removed") => '-',
        _ => '~',
    }
}

/// What is gone and what is there instead.
fn sides(item: &Value) -> Vec<(char, &Value)> {
    [('-', &item["before"]), ('+', &item["after"])].into_iter().filter(|(_, side)| !side.is_null()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_its_line() {
        let difference = json!({
            "scripts": [{ "change": "changed", "kind": "endpoint", "name": "a", "through": [], "diff": "@@ -1 +1 @@\n-1\n+2\n" }],
            "routes": [{ "change": "added", "before": null, "after": { "script_id": "1", "method": null, "host": null, "path": "/x" } }],
            "schedules": [], "triggers": [],
            "assets": [{ "change": "removed", "path": "/index.html" }],
            "settings": { "before": { "limits": {} }, "after": { "limits": { "fuel": 5 } } },
        });
        let lines = lines(&difference, &HashMap::from([("1".to_owned(), "a".to_owned())]));
        assert_eq!(
            lines,
            [
                "~ endpoint a",
                "    @@ -1 +1 @@",
                "    -1",
                "    +2",
                "+ route any /x -> a",
                "- asset /index.html",
                "- limits {}",
                "+ limits {\"fuel\":5}",
            ]
        );
    }
}
