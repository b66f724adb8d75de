//! `picloud open`: the app in a browser.

use std::{
    io::{self, IsTerminal as _},
    process::{Command, Stdio},
};

use super::common::OfApp;
use crate::{environment::Environment, failure::Result, terminal::Terminal};

/// What opens an address on this kind of machine.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

#[derive(Debug, clap::Args)]
pub struct OpenArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// The app's page in the dashboard instead
    #[arg(long)]
    dashboard: bool,
    /// Only print the address, as it is where standard output is no terminal
    #[arg(long)]
    print: bool,
}

pub(super) fn run(arguments: &OpenArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let found = app.client.get(&["apps", &app.slug], &[])?;
    let url = match arguments.dashboard {
        true => format!("{}/apps/{}", app.client.origin(), found["slug"].as_str().unwrap_or_default()),
        false => app.url(&found),
    };
    if terminal.json {
        return terminal.value(&serde_json::json!({ "url": url }));
    }
    terminal.data(&url)?;
    if arguments.print || !io::stdout().is_terminal() {
        return Ok(());
    }
    // A machine without a browser has the address all the same.
    let started = Command::new(OPENER).arg(&url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        terminal.tell(&format!("{OPENER} did not start ({error}): open it yourself."));
    }
    Ok(())
}
