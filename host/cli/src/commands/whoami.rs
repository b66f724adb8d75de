//! `picloud whoami`.

use super::common::{self, Common};
use crate::{environment::Environment, failure::Result, table::cell, terminal::Terminal};

#[derive(Debug, clap::Args)]
pub struct WhoamiArguments {
    #[command(flatten)]
    pub(super) common: Common,
}

pub(super) fn run(arguments: &WhoamiArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let target = common::own_target(environment, &arguments.common)?;
    let session = target.client(terminal)?.get(&["session"], &[])?;
    if terminal.json {
        return terminal.value(&session);
    }
    terminal.data(&format!("{} ({}) at {}", cell(&session["admin"]["username"]), cell(&session["admin"]["role"]), target.url))?;
    let scopes: Vec<String> = session["key"]["scopes"].as_array().into_iter().flatten().map(cell).collect();
    let bound = session["key"]["app_id"].as_str().map(|app| format!(", in the app {app} only")).unwrap_or_default();
    terminal.data(&format!("key: {}{bound}", scopes.join(" ")))
}
