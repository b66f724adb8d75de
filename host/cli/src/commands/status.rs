//! `picloud status`: the instance, and the app if there is one.

use http::Method;
use serde_json::{Value, json};

use super::common::{self, OfApp};
use crate::{
    api::Sent,
    environment::Environment,
    failure::{Failure, Result},
    table::{cell, time},
    terminal::Terminal,
};

#[derive(Debug, clap::Args)]
pub struct StatusArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
}

pub(super) fn run(arguments: &StatusArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let project = common::project(environment)?;
    let target = common::target(environment, &arguments.of.common, project.as_ref())?;
    let client = target.client(terminal)?;
    let version = client.send(&Method::GET, &["version"], Sent::default())?;
    if !version.status.is_success() {
        return Err(client.refused(&version));
    }
    let version = client.json(&version)?;
    // One that is not ready says so with a status that is no success.
    let readiness = client.json(&client.send(&Method::GET, &["readyz"], Sent::default())?)?;
    let slug = arguments.of.app.clone().or_else(|| project.map(|project| project.file.app));
    let app = slug.map(|slug| client.get(&["apps", &slug], &[])).transpose()?;
    let last = match &app {
        Some(app) => {
            client.get(&["activations"], &[("app", app["slug"].as_str().unwrap_or_default()), ("limit", "1")])?["items"][0].clone()
        }
        None => Value::Null,
    };
    if terminal.json {
        terminal.value(&json!({ "url": target.url, "version": version, "readiness": readiness, "app": app, "last_activation": last }))?;
    } else {
        terminal.data(&format!("instance    {}", target.url))?;
        terminal.data(&format!(
            "version     {} (api {}, scripts {})",
            cell(&version["product"]),
            cell(&version["api"]),
            cell(&version["script_sdk"])
        ))?;
        let detail = readiness["detail"].as_str().map(|detail| format!(": {detail}")).unwrap_or_default();
        terminal.data(&format!("state       {}{detail}", cell(&readiness["status"])))?;
        if let Some(app) = &app {
            terminal.data(&format!("app         {} at {}", cell(&app["slug"]), client.url_of(app["host"].as_str().unwrap_or_default())))?;
            let by = cell(&last["author"]["username"]);
            let runs = match app["deployment"].as_u64() {
                Some(number) => format!("number {number}, since {} by {by}", time(&last["activated_at"])),
                None => "nothing yet: picloud deploy".to_owned(),
            };
            terminal.data(&format!("runs        {runs}"))?;
        }
    }
    match readiness["status"].as_str() {
        Some("not_ready") => Err(Failure::failed(format!("{} is not ready", target.url)).next("picloud doctor, on its machine, says why")),
        _ => Ok(()),
    }
}
