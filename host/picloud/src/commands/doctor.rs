//! `picloud doctor`.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::json;

use crate::{
    config::{Arguments, Config},
    doctor::{self, Finding, State},
};

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArguments {
    /// JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// Looks at everything and prints it.
///
/// # Errors
/// Something is wrong: so that scripts see it.
pub(crate) fn run(DoctorArguments { json, arguments }: DoctorArguments) -> anyhow::Result<()> {
    let findings = match Config::read(arguments) {
        Ok(config) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start a thread")?;
            runtime.block_on(doctor::examine(&config))
        }
        Err(error) => {
            let what = format!("{:#}", anyhow::Error::new(error));
            vec![Finding::error(
                "configuration",
                what,
                "PiCloud does not start with it",
                "correct it; `picloud serve --help` names all keys",
            )]
        }
    };
    let wrong = findings.iter().filter(|finding| finding.state == State::Error).count();
    let mut output = std::io::stdout().lock();
    if json {
        writeln!(output, "{:#}", json!({ "ok": wrong == 0, "findings": findings }))?;
    } else {
        findings.iter().try_for_each(|finding| print(&mut output, finding))?;
    }
    anyhow::ensure!(wrong == 0, "{wrong} of {} looks found something wrong", findings.len());
    Ok(())
}

fn print(output: &mut impl std::io::Write, Finding { check, state, what, why, todo }: &Finding) -> std::io::Result<()> {
    let state = match state {
        State::Ok => "ok     ",
        State::Warning => "warning",
        State::Error => "ERROR  ",
    };
    writeln!(output, "{state} {check}: {what}")?;
    if !why.is_empty() {
        writeln!(output, "          why:  {why}")?;
    }
    if !todo.is_empty() {
        writeln!(output, "          do:   {todo}")?;
    }
    Ok(())
}
