//! `picloud activate`: forward, or to where nothing ran yet.

use serde_json::json;

use super::{common::OfApp, rollback};
use crate::{environment::Environment, failure::Result, terminal::Terminal};

#[derive(Debug, clap::Args)]
pub struct ActivateArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// Its number
    number: u32,
}

pub(super) fn run(arguments: &ActivateArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let before = app.client.get(&["apps", &app.slug], &[])?;
    let deployment = app.deployment(arguments.number)?;
    let id = deployment["id"].as_str().unwrap_or_default();
    let active = app.client.post(&["deployments", id, "activate"], &json!({}))?;
    rollback::told(&app, &before, &active, terminal)
}
