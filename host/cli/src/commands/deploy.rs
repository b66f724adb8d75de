//! `picloud deploy`: the whole folder, all or nothing.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    common::{App, OfApp},
    diff, manifest,
};
use crate::{
    environment::Environment,
    failure::{Exit, Failure, Result},
    project::ProjectError,
    table::cell,
    terminal::Terminal,
};

#[derive(Debug, clap::Args)]
pub struct DeployArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// Why, for the history
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Do not run it yet: a preview, `picloud activate` or a share of the traffic comes first
    #[arg(long, conflicts_with = "dry_run")]
    no_activate: bool,
    /// Make the app if the instance does not have it
    #[arg(long, conflicts_with = "dry_run")]
    create: bool,
}

pub(super) fn run(arguments: &DeployArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let project = app.project.as_ref().ok_or_else(|| Failure::from(ProjectError::None { from: environment.directory.clone() }))?;
    // A folder that can't be read is found before anything is made.
    project.contents()?;
    let active = active(arguments, &app, terminal)?;
    let mut manifest = manifest::prepare(&app, project, &active)?;
    if arguments.dry_run {
        let answer = manifest::send(&app, project, &manifest, json!({ "dry_run": true }))?;
        return diff::show(&app, &app.client.json(&answer)?, terminal);
    }
    manifest.upload(&app, terminal)?;
    let activate = !arguments.no_activate;
    let answer = manifest::send(&app, project, &manifest, json!({ "message": arguments.message, "activate": activate }))?;
    let (is_new, deployment) = (answer.status == StatusCode::CREATED, app.client.json(&answer)?);
    let url = if is_new && !activate { preview(&app, &deployment)? } else { app.url(&active) };
    if terminal.json {
        return terminal.value(&deployment);
    }
    let number = cell(&deployment["number"]);
    if !is_new {
        terminal.tell(&format!("Nothing has changed: {} runs number {number}.", app.slug));
        return terminal.data(&url);
    }
    let count = |list: &str| manifest.body[list].as_array().map_or(0, Vec::len);
    let assets = match (manifest.contents.assets.len(), manifest.assets_sent) {
        (0, _) => String::new(),
        (all, sent) => format!(", {} ({sent} sent, {})", counted(all, "asset"), manifest::size(manifest.bytes_sent)),
    };
    let (scripts, routes) = (counted(count("scripts"), "script"), counted(count("routes"), "route"));
    let counts = format!("{scripts} ({} sent), {routes}{assets}", manifest.scripts_sent);
    if activate {
        terminal.tell(&format!("Deployed {} as number {number}: {counts}", app.slug));
        if let Some(before) = active["deployment"].as_u64() {
            terminal.tell(&format!("  {} picloud rollback {before}", terminal.bold("undo:")));
        }
    } else {
        terminal.tell(&format!("Number {number} of {} waits: {counts}", app.slug));
        terminal.tell(&format!("  {} picloud activate {number}", terminal.bold("to run it:")));
        terminal.tell("  a preview, with the app's real data, for an hour:");
    }
    terminal.data(&url)
}

/// The app as it is now, made if that was asked for or agreed to.
fn active(arguments: &DeployArguments, app: &App<'_>, terminal: &Terminal) -> Result<Value> {
    match app.client.get(&["apps", &app.slug], &[]) {
        Err(failure) if failure.exit == Exit::NotFound => {
            let missing = |next: &str| {
                Failure::new(Exit::NotFound, format!("{} has no app `{}` that you may see", app.client.origin(), app.slug)).next(next)
            };
            let instead = "picloud deploy --create makes it";
            if !arguments.create {
                if arguments.dry_run {
                    return Err(missing(instead));
                }
                let question = format!("There is no app `{}` at {}. Make it? [y/N]", app.slug, app.client.origin());
                let answer = terminal.ask(&question, instead).map_err(|_| missing(instead))?;
                if !matches!(answer.trim(), "y" | "Y" | "yes") {
                    return Err(missing(instead));
                }
            }
            app.client.post(&["apps"], &json!({ "slug": app.slug }))
        }
        found => found,
    }
}

/// A link that lets in; for who made the deployment.
fn preview(app: &App<'_>, deployment: &Value) -> Result<String> {
    let id = deployment["id"].as_str().unwrap_or_default();
    Ok(cell(&app.client.post(&["deployments", id, "preview"], &json!({}))?["url"]))
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
