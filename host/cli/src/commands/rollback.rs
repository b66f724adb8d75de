//! `picloud rollback`: the way back.

use serde_json::{Value, json};

use super::common::{App, OfApp};
use crate::{environment::Environment, failure::Result, table::cell, terminal::Terminal};

#[derive(Debug, clap::Args)]
pub struct RollbackArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// Number of the deployment [default: the one that ran before]
    number: Option<u32>,
    /// Why, for the history
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
}

pub(super) fn run(arguments: &RollbackArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let before = app.client.get(&["apps", &app.slug], &[])?;
    let body = json!({ "to": arguments.number, "message": arguments.message });
    let active = app.client.post(&["apps", &app.slug, "rollback"], &body)?;
    told(&app, &before, &active, terminal)
}

/// What runs now, and how to undo that.
pub(super) fn told(app: &App<'_>, before: &Value, active: &Value, terminal: &Terminal) -> Result<()> {
    if terminal.json {
        return terminal.value(active);
    }
    terminal.tell(&format!("{} runs number {} now.", app.slug, cell(&active["number"])));
    if let Some(before) = before["deployment"].as_u64().filter(|before| active["number"] != json!(before)) {
        terminal.tell(&format!("  {} picloud activate {before}", terminal.bold("undo:")));
    }
    terminal.data(&app.url(before))
}
