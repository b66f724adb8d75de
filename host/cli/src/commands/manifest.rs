//! The project as one body of `POST /deployments`: only sources that the instance does not have are in it, and only such assets are uploaded.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
};

use http::{Method, header};
use serde_json::{Map, Value, json};

use super::common::App;
use crate::{
    api::{Answer, Problem, Sent},
    failure::{Failure, Place, Result},
    project::{Asset, Contents, FILE_NAME, Project},
    terminal::Terminal,
};

/// Digests that are asked about at once.
const ASKED_AT_ONCE: usize = 10_000;

/// A body, and what it took to make it.
pub(crate) struct Manifest {
    pub(super) body: Value,
    pub(super) contents: Contents,
    pub(super) scripts_sent: usize,
    pub(super) assets_sent: usize,
    pub(super) bytes_sent: u64,
}

/// Makes the body against `active`, the app as it is now. Nothing is sent yet: it can be deployed after [`Manifest::upload`].
pub(crate) fn prepare(app: &App<'_>, project: &Project, active: &Value) -> Result<Manifest> {
    let contents = project.contents()?;
    let known: HashSet<String> =
        app.all(&["scripts"])?.iter().filter_map(|script| script["source_digest"].as_str().map(str::to_owned)).collect();
    let mut scripts_sent = 0;
    let scripts = contents.scripts.iter().map(|script| {
        let (digest, mut body) = (script.digest(), json!({ "name": script.name, "kind": script.kind }));
        if known.contains(&digest) {
            body["digest"] = json!(digest);
        } else {
            scripts_sent += 1;
            body["source"] = json!(script.source);
        }
        body
    });
    let scripts: Vec<Value> = scripts.collect();
    let file = &project.file;
    let own = |list: serde_json::Result<Value>| list.map_err(|error| Failure::usage(format!("{FILE_NAME} has what JSON has not: {error}")));
    let assets: Map<String, Value> = contents.assets.iter().map(|(path, asset)| (path.clone(), json!(asset.digest))).collect();
    let body = json!({
        "app": app.slug,
        "scripts": scripts,
        "routes": own(serde_json::to_value(file.routes.iter().map(toml::Spanned::get_ref).collect::<Vec<_>>()))?,
        "schedules": own(serde_json::to_value(file.schedules.iter().map(toml::Spanned::get_ref).collect::<Vec<_>>()))?,
        "triggers": own(serde_json::to_value(file.triggers.iter().map(toml::Spanned::get_ref).collect::<Vec<_>>()))?,
        "settings": own(serde_json::to_value(&file.settings))?,
        "assets": assets,
        // What somebody else deploys in between is not overwritten unseen.
        "expected": active["deployment"].as_u64().unwrap_or(0),
    });
    Ok(Manifest { body, contents, scripts_sent, assets_sent: 0, bytes_sent: 0 })
}

impl Manifest {
    /// Sends the assets that the instance does not have: a deployment can only name what is there.
    pub(crate) fn upload(&mut self, app: &App<'_>, terminal: &Terminal) -> Result<()> {
        let assets = &self.contents.assets;
        let mut missing = HashSet::new();
        let digests: Vec<&str> = assets.values().map(|asset| asset.digest.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        for some in digests.chunks(ASKED_AT_ONCE) {
            let answer = app.client.post(&["assets", "missing"], &json!({ "app": app.slug, "digests": some }))?;
            missing.extend(answer["missing"].as_array().into_iter().flatten().filter_map(|digest| digest.as_str().map(str::to_owned)));
        }
        for (path, asset) in assets {
            // The same bytes may be there under two paths.
            if missing.remove(&asset.digest) {
                terminal.tell(&format!("  {path} ({})", size(asset.size)));
                put(app, asset)?;
                (self.assets_sent, self.bytes_sent) = (self.assets_sent + 1, self.bytes_sent + asset.size);
            }
        }
        Ok(())
    }
}

fn put(app: &App<'_>, asset: &Asset) -> Result<()> {
    let body = fs::read(&asset.path).map_err(|error| Failure::file("read", &asset.path, &error))?.into();
    let (query, headers) = ([("app", app.slug.as_str())], [(header::CONTENT_TYPE, "application/octet-stream")]);
    let path = ["admin", "assets", &asset.digest];
    let answer = app.client.send(&Method::PUT, &path, Sent { query: &query, headers: &headers, body })?;
    if answer.status.is_success() {
        return Ok(());
    }
    let mut failure = app.client.refused(&answer);
    failure.what = format!("{} was not taken: {}", asset.path.display(), failure.what);
    Err(failure)
}

/// Sends the body, with these fields besides.
pub(crate) fn send(app: &App<'_>, project: &Project, manifest: &Manifest, more: Value) -> Result<Answer> {
    let mut body = manifest.body.clone();
    if let (Some(fields), Value::Object(more)) = (body.as_object_mut(), more) {
        fields.extend(more);
    }
    let headers = [(header::CONTENT_TYPE, "application/json")];
    let sent = Sent { headers: &headers, body: body.to_string().into(), ..Sent::default() };
    let answer = app.client.send(&Method::POST, &["admin", "deployments"], sent)?;
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(match Problem::of(&answer) {
        Some(problem) => refused(problem, project, manifest, &app.client.origin()),
        None => app.client.refused(&answer),
    })
}

/// With everything that is wrong where it is in the project's files.
fn refused(mut problem: Problem, project: &Project, manifest: &Manifest, instance: &str) -> Failure {
    let errors = std::mem::take(&mut problem.errors);
    let is_wrong = !errors.is_empty();
    let mut failure = problem.without_places(instance, is_wrong);
    if is_wrong {
        failure.what = format!("nothing was deployed. {}", failure.what);
    }
    errors.into_iter().fold(failure, |failure, mut error| {
        let pointer = std::mem::take(&mut error.pointer);
        failure.at(place(error, &pointer, project, &manifest.contents))
    })
}

fn place(mut error: crate::api::FieldError, pointer: &str, project: &Project, contents: &Contents) -> Place {
    let script = pointer.strip_prefix("/scripts/").and_then(|rest| contents.scripts.get(rest.split('/').next()?.parse::<usize>().ok()?));
    if let Some(script) = script {
        // The file says which script it is.
        if let Some(rest) = error.message.strip_prefix(&format!("{}: ", script.name)) {
            error.message = rest.to_owned();
        }
        return error.place(script.path.display().to_string());
    }
    let asset = pointer.strip_prefix("/assets/").map(|path| path.replace("~1", "/").replace("~0", "~"));
    if let Some(asset) = asset.and_then(|path| contents.assets.get(&path)) {
        return error.place(asset.path.strip_prefix(&project.root).unwrap_or(&asset.path).display().to_string());
    }
    error.message = format!("{} ({pointer})", error.message);
    Place { line: project.line_of(pointer).unwrap_or(0), ..error.place(FILE_NAME.to_owned()) }
}

/// For people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
