//! Deploys the folder, waits for a change, deploys it again. What is wrong is told, and what ran goes on running.

use std::{path::Path, time::Instant};

use http::StatusCode;
use serde_json::{Value, json};

use super::{Instance, login, watch::Changes};
use crate::{
    api::Client,
    commands::{common::App, manifest},
    failure::{Exit, Result},
    project::Project,
    table::cell,
    terminal::{Terminal, harmless},
};

/// For ever.
///
/// # Errors
/// The instance lets nobody in, or the folder can't be watched.
pub(super) fn run(root: &Path, instance: &Instance, terminal: &Terminal) -> Result<()> {
    let context = login::log_in(root, instance, terminal)?;
    let mut app = App { client: Client::new(&context.url, Some(context.key), terminal)?, slug: String::new(), project: None };
    let mut changes = Changes::of(root)?;
    let mut is_first = true;
    let (mut began, mut because) = (Instant::now(), None);
    loop {
        match round(root, &mut app, &mut changes, terminal) {
            Ok(deployed) => {
                if is_first {
                    welcome(&app, instance, &deployed.app, terminal)?;
                    is_first = false;
                } else if deployed.is_new {
                    told(&deployed, because.as_deref(), began, terminal)?;
                }
            }
            Err(failure) => failure.tell(terminal),
        }
        let Some((noticed, path)) = changes.wait() else { return Ok(()) };
        (began, because) = (noticed, Some(path));
    }
}

/// What a round has done.
struct Deployed {
    app: Value,
    number: Value,
    is_new: bool,
}

fn round(root: &Path, app: &mut App<'_>, changes: &mut Changes, terminal: &Terminal) -> Result<Deployed> {
    let project = Project::read(root)?;
    // Before it is read: what changes meanwhile is seen.
    changes.follow(&project.file)?;
    app.slug.clone_from(&project.file.app);
    let active = match app.client.get(&["apps", &app.slug], &[]) {
        Err(failure) if failure.exit == Exit::NotFound => app.client.post(&["apps"], &json!({ "slug": app.slug }))?,
        found => found?,
    };
    let mut manifest = manifest::prepare(app, &project, &active)?;
    manifest.upload(app, terminal)?;
    let answer = manifest::send(app, &project, &manifest, json!({ "activate": true }))?;
    let deployment = app.client.json(&answer)?;
    Ok(Deployed { app: active, number: deployment["number"].clone(), is_new: answer.status == StatusCode::CREATED })
}

fn welcome(app: &App<'_>, instance: &Instance, active: &Value, terminal: &Terminal) -> Result<()> {
    let url = app.url(active);
    if terminal.json {
        return terminal.line(&json!({ "event": "ready", "url": url, "instance": instance.url }));
    }
    terminal.data(&format!("\n  your app    {}", terminal.paint("1", &url)))?;
    terminal.data(&format!("  dashboard   {}/ (name {}, password {})", instance.url, instance.username, instance.password))?;
    terminal.data("  its data    .picloud/dev, kept until you remove it; other commands reach it with --dev: picloud logs --dev")?;
    terminal.data("\nSave a file and it is live. Ctrl-C stops.\n")
}

fn told(deployed: &Deployed, because: Option<&Path>, began: Instant, terminal: &Terminal) -> Result<()> {
    let ms = began.elapsed().as_millis();
    let because = because.map(|path| path.display().to_string()).unwrap_or_default();
    if terminal.json {
        return terminal.line(&json!({ "event": "deployed", "number": deployed.number, "because": because, "ms": ms }));
    }
    let text = format!("{} live as number {} after {ms} ms", harmless(&because), cell(&deployed.number));
    terminal.data(&terminal.paint("36", &text))
}
