//! Everything that can be wrong with a whole deployment, found before anything is written and told at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use execution::{Limits, Modules, Source, assets::check_asset_path};
use futures_util::{StreamExt as _, stream};
use store::{
    AppStore, Digest, Manifest, ManifestRoute, ManifestScript, ManifestSource, ManifestTarget, ManifestTrigger, ScriptKind, Settings,
};
use triggers::{On, Retry, Trigger, Wrong};
use uuid::Uuid;

use super::{
    diagnostic::{NUL_IN_SOURCE, of_compile_error, parse, problem_type, text_of},
    manifest::{DeployedRoute, DeployedScript, NewDeployment},
    problem::{FieldError, Problem, ProblemType, pointer_to_asset, sentence},
    routes::{canonical_or_fault, describe, pointer},
    scripts::{SCRIPT_NAME_RULE, is_script_name},
    static_routes::target,
    through::Uses,
    trigger_bodies::{self, DeployedTrigger, ScheduleTerms, Terms, TriggerTerms},
};
use crate::{RouteRefusal, RouteSpec, State};

/// Most faults that are told; the rest is counted.
const FAULTS_TOLD: usize = 100;
/// Sources that are parsed at once.
const PARSED_AT_ONCE: usize = 2;

/// What is wrong, in the order in which it was found.
#[derive(Default)]
struct Faults {
    told: Vec<(ProblemType, FieldError)>,
    untold: usize,
}

impl Faults {
    fn add(&mut self, kind: ProblemType, error: FieldError) {
        if self.told.len() < FAULTS_TOLD { self.told.push((kind, error)) } else { self.untold += 1 }
    }

    fn invalid(&mut self, pointer: String, message: impl Into<String>) {
        self.add(ProblemType::InvalidRequest, FieldError { pointer: Some(pointer), message: message.into(), ..FieldError::default() });
    }

    /// One problem for all: its type is that of the gravest, which is what has to be mended first.
    fn into_result(self) -> Result<(), Problem> {
        let rank = |kind: &ProblemType| match kind {
            ProblemType::InvalidRequest => 0,
            ProblemType::ScriptTooLarge => 1,
            ProblemType::ScriptInvalid | ProblemType::ScriptImport => 2,
            ProblemType::AssetMissing => 3,
            _ => 4,
        };
        let Some((kind, first)) = self.told.iter().min_by_key(|(kind, _)| rank(kind)) else { return Ok(()) };
        let place = match (first.line, first.column) {
            (Some(line), Some(column)) => format!(", line {line}, column {column}"),
            _ => String::new(),
        };
        let others = self.told.len() + self.untold - 1;
        let rest = if others > 0 { format!(" ({others} more; `errors` has the first {FAULTS_TOLD})") } else { String::new() };
        let detail = format!("{}{place}: {}{rest}", first.pointer.as_deref().unwrap_or_default(), first.message);
        Err(Problem::new(*kind, detail).with_errors(self.told.into_iter().map(|(_, error)| error).collect()))
    }
}

/// The manifest that a body describes, if it can be deployed, and what its scripts import.
///
/// # Errors
/// All that is wrong, in one problem: 400 for fields, 422 for sources, 409 for routes that conflict.
pub(super) async fn checked(state: &State, app: &AppStore, body: NewDeployment) -> Result<(Manifest, Uses), Problem> {
    let mut faults = Faults::default();
    let settings = settings(body.settings.limits, &mut faults);
    let scripts = scripts(body.scripts, &mut faults);
    let assets = assets(app, body.assets, &mut faults).await?;
    // Whoever asks what would change need not have sent megabytes before.
    if !body.dry_run {
        uploaded(app, &assets, &mut faults).await?;
    }
    let routes = routes(state, body.routes, (&scripts, &assets), &mut faults);
    let triggers = triggers(state, app, (body.schedules, body.triggers), &scripts, &mut faults).await?;
    let uses = sources(state, app, &scripts, &mut faults).await?;
    faults.into_result()?;
    Ok((Manifest { scripts, routes, triggers, assets, settings }, uses))
}

fn settings(lowered: BTreeMap<String, u64>, faults: &mut Faults) -> Settings {
    for (name, value) in &lowered {
        let pointer = format!("/settings/limits/{}", name.replace('~', "~0").replace('/', "~1"));
        match Limits::ALL.iter().find(|limit| limit.name == name) {
            None => faults.invalid(pointer, "There is no limit of an execution of this name; GET /api/v1/admin/limits lists them."),
            Some(limit) if *value == 0 || *value > limit.ceiling => {
                faults.invalid(pointer, format!("This limit goes from 1 to {} {}.", limit.ceiling, limit.unit));
            }
            Some(_) => {}
        }
    }
    Settings { limits: lowered }
}

/// Names, and that each script has one source or one digest. What is wrong is left out of the list but for its place.
fn scripts(items: Vec<DeployedScript>, faults: &mut Faults) -> Vec<ManifestScript> {
    let mut names = HashSet::new();
    let mut scripts = Vec::with_capacity(items.len());
    for (at, DeployedScript { name, kind, source, digest }) in items.into_iter().enumerate() {
        if !is_script_name(&name) {
            faults.invalid(format!("/scripts/{at}/name"), SCRIPT_NAME_RULE);
        } else if !names.insert(name.clone()) {
            faults.invalid(format!("/scripts/{at}/name"), format!("Another script of this deployment is named `{name}`."));
        }
        let source = match (source, digest.as_deref().map(|digest| digest.parse().ok())) {
            (Some(text), None) => ManifestSource::Text(text),
            (None, Some(Some(digest))) => ManifestSource::Known(digest),
            (None, Some(None)) => {
                faults.invalid(format!("/scripts/{at}/digest"), "A digest is 64 hexadecimal digits: the SHA-256 of the source.");
                ManifestSource::Text(String::new())
            }
            (Some(_), Some(_)) | (None, None) => {
                faults.invalid(format!("/scripts/{at}"), format!("The script `{name}` needs either `source` or `digest`."));
                ManifestSource::Text(String::new())
            }
        };
        scripts.push(ManifestScript { name, kind: kind.unwrap_or(ScriptKind::Endpoint), source });
    }
    scripts
}

/// Paths, digests, and how many.
async fn assets(app: &AppStore, items: BTreeMap<String, String>, faults: &mut Faults) -> Result<BTreeMap<String, Digest>, Problem> {
    if items.is_empty() {
        return Ok(BTreeMap::new());
    }
    let most = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app.assets;
    if items.len() as u64 > most {
        faults.invalid(
            "/assets".to_owned(),
            format!("A deployment of this app has at most {most} assets (assets), this one has {}.", items.len()),
        );
    }
    let mut assets = BTreeMap::new();
    for (path, digest) in items {
        if let Err(rule) = check_asset_path(&path) {
            faults.invalid(pointer_to_asset(&path), sentence(&rule));
        }
        match digest.parse() {
            Ok(digest) => _ = assets.insert(path, digest),
            Err(_) => faults.invalid(pointer_to_asset(&path), "A digest is 64 hexadecimal digits: the SHA-256 of the bytes."),
        }
    }
    Ok(assets)
}

/// That all bytes are there.
async fn uploaded(app: &AppStore, assets: &BTreeMap<String, Digest>, faults: &mut Faults) -> Result<(), Problem> {
    let digests: Vec<Digest> = assets.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let missing: HashSet<Digest> = app.missing_assets(&digests).await?.into_iter().collect();
    for (path, digest) in assets.iter().filter(|(_, digest)| missing.contains(*digest)) {
        let message = format!("The bytes of {path} are not there: upload {digest} (PUT /api/v1/admin/assets/{digest}), then deploy again.");
        faults.add(ProblemType::AssetMissing, FieldError { pointer: Some(pointer_to_asset(path)), message, ..FieldError::default() });
    }
    Ok(())
}

/// Routes in their canonical form. In the matcher a route's id is its place in the list.
fn routes(
    state: &State,
    items: Vec<DeployedRoute>,
    (scripts, assets): (&[ManifestScript], &BTreeMap<String, Digest>),
    faults: &mut Faults,
) -> Vec<ManifestRoute> {
    let kinds: HashMap<&str, ScriptKind> = scripts.iter().map(|script| (script.name.as_str(), script.kind)).collect();
    let mut specs = Vec::with_capacity(items.len());
    let (mut targets, count) = (Vec::with_capacity(items.len()), items.len());
    for (at, DeployedRoute { script, assets: by_assets, path, method, host }) in items.into_iter().enumerate() {
        let (target, method) = match target(script, by_assets, method) {
            Ok((target, method)) => (target.map_or_else(ManifestTarget::Static, ManifestTarget::Script), method),
            Err((field, message)) => {
                faults.invalid(format!("/routes/{at}{field}"), message);
                continue;
            }
        };
        check_target(at, &target, &kinds, assets, faults);
        targets.push(target);
        match canonical_or_fault(state, RouteSpec { id: Uuid::from_u128(at as u128), method, host, path }) {
            Ok(spec) => specs.push(spec),
            Err((field, message)) => faults.invalid(format!("/routes/{at}{}", pointer(field)), message),
        }
    }
    let of = |id: Uuid| specs.iter().find(|spec| spec.id == id).map_or_else(String::new, describe);
    for (id, refusal) in state.data_plane.check_routes(&specs) {
        let at = id.as_u128();
        match refusal {
            RouteRefusal::Invalid { field, message } => faults.invalid(format!("/routes/{at}{}", pointer(field)), message),
            RouteRefusal::Conflict { with } => {
                let message = format!("{} answers the same requests as {}, /routes/{}.", of(id), of(with), with.as_u128());
                let error = FieldError { pointer: Some(format!("/routes/{at}")), message, ..FieldError::default() };
                faults.add(ProblemType::RouteConflict, error);
            }
        }
    }
    if specs.len() < count {
        // Something is wrong, so that nothing will be deployed.
        return Vec::new();
    }
    let form = |(target, RouteSpec { method, host, path, .. })| ManifestRoute { target, method, host, path };
    targets.into_iter().zip(specs).map(form).collect()
}

/// What a route names has to be in the same deployment.
fn check_target(
    at: usize,
    target: &ManifestTarget,
    kinds: &HashMap<&str, ScriptKind>,
    assets: &BTreeMap<String, Digest>,
    faults: &mut Faults,
) {
    match target {
        ManifestTarget::Script(name) => match kinds.get(name.as_str()) {
            Some(ScriptKind::Endpoint) => {}
            Some(ScriptKind::Module) => {
                faults.invalid(format!("/routes/{at}/script"), "This script is a module and can't answer requests.")
            }
            None => faults.invalid(format!("/routes/{at}/script"), "This deployment has no script of this name."),
        },
        ManifestTarget::Static(terms) => {
            for (field, path) in terms.named().filter(|(_, path)| !assets.contains_key(*path)) {
                let (pointer, message) = (format!("/routes/{at}/static/{field}"), format!("This deployment has no asset {path}."));
                faults.add(ProblemType::AssetMissing, FieldError { pointer: Some(pointer), message, ..FieldError::default() });
            }
        }
    }
}

/// Parses every source that the app does not have yet, and every one that imports something: among these modules it is another script.
async fn sources(state: &State, app: &AppStore, scripts: &[ManifestScript], faults: &mut Faults) -> Result<Uses, Problem> {
    let digests: Vec<Digest> = scripts.iter().map(digest).collect();
    let known = app.known_sources(&digests).await?;
    let (modules, others): (Vec<_>, Vec<_>) = scripts.iter().partition(|script| script.kind == ScriptKind::Module);
    let unsent =
        |scripts: &[&ManifestScript]| scripts.iter().filter(|script| !is_text(script)).map(|script| digest(script)).collect::<Vec<_>>();
    let kept: HashMap<Digest, String> = app.linked_sources(&unsent(&modules), &unsent(&others)).await?.into_iter().collect();
    let text = |script: &ManifestScript| match &script.source {
        ManifestSource::Text(text) => Some(text.clone()),
        ManifestSource::Known(digest) => kept.get(digest).cloned(),
    };
    let modules: Modules = modules.iter().filter_map(|module| Some((module.name.clone(), text(module)?))).collect();

    let mut parsed_here = Vec::new();
    for (at, (script, digest)) in scripts.iter().zip(&digests).enumerate() {
        let text = text(script);
        match &script.source {
            ManifestSource::Known(_) if !known.contains(digest) => {
                faults.invalid(format!("/scripts/{at}/digest"), "The app has no source with this digest; send the `source`.");
            }
            ManifestSource::Text(text) if text.contains('\0') => faults.invalid(format!("/scripts/{at}/source"), NUL_IN_SOURCE),
            _ => {
                let wanted = text.filter(|text| !known.contains(digest) || text.contains("import"));
                parsed_here.extend(wanted.map(|text| (at, Source { name: script.name.clone(), text })));
            }
        }
    }
    let parse = async |(at, source)| (at, parse(state, &source, &modules).await, source);
    let mut parsed = stream::iter(parsed_here).map(parse).buffered(PARSED_AT_ONCE);
    // A module that is wrong is found through everything that imports it.
    let mut places = HashSet::new();
    let mut uses = Uses::new();
    while let Some((at, outcome, source)) = parsed.next().await {
        let error = match outcome? {
            Ok(modules) => {
                uses.insert(source.name, modules);
                continue;
            }
            Err(error) => error,
        };
        if !places.insert((error.script.clone(), error.line, error.column)) {
            continue;
        }
        let at = scripts.iter().position(|script| script.name == error.script).unwrap_or(at);
        let fault = of_compile_error(&error, text_of(&error.script, &source, &modules), &format!("/scripts/{at}/source"));
        faults.add(problem_type(error.kind), FieldError { message: format!("{}: {}", error.script, fault.message), ..fault });
    }
    Ok(uses)
}

/// Schedules and triggers as the store has them.
async fn triggers(
    state: &State,
    app: &AppStore,
    (schedules, triggers): (Vec<DeployedTrigger<ScheduleTerms>>, Vec<DeployedTrigger<TriggerTerms>>),
    scripts: &[ManifestScript],
    faults: &mut Faults,
) -> Result<Vec<ManifestTrigger>, Problem> {
    if schedules.is_empty() && triggers.is_empty() {
        return Ok(Vec::new());
    }
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    for (list, count, most) in [("schedules", schedules.len(), limits.schedules), ("triggers", triggers.len(), limits.triggers)] {
        if count as u64 > most {
            faults.invalid(
                format!("/{list}"),
                format!("An app like this one has at most {most} {list} ({list}), this deployment has {count}."),
            );
        }
    }
    let both = placed("/schedules", schedules).chain(placed("/triggers", triggers));
    let mut checked: Vec<ManifestTrigger> = Vec::new();
    for Placed { place, name, script, on, retry } in both {
        match scripts.iter().find(|other| other.name == script).map(|script| script.kind) {
            Some(ScriptKind::Endpoint) => {}
            Some(ScriptKind::Module) => {
                faults.invalid(format!("{place}/script"), format!("`{script}` is a module: only an endpoint can be started."))
            }
            None => faults.invalid(format!("{place}/script"), format!("This deployment has no script named `{script}`.")),
        }
        let on = match on {
            Ok(on) => on,
            Err((field, message)) => {
                faults.invalid(format!("{place}{field}"), message);
                continue;
            }
        };
        let trigger = Trigger { id: Uuid::nil(), name, script: Uuid::nil(), on, retry };
        if let Err((field, message)) = trigger_bodies::check(&trigger, &limits, state.now()) {
            faults.invalid(format!("{place}{field}"), message);
        }
        let Trigger { name, on, retry, .. } = trigger;
        let is_schedule = |on: &On| matches!(on, On::Schedule(_));
        if checked.iter().any(|other| other.name == name && is_schedule(&other.on) == is_schedule(&on)) {
            faults.invalid(format!("{place}/name"), format!("`{name}` is there twice."));
        }
        checked.push(ManifestTrigger { name, script, on, retry });
    }
    Ok(checked)
}

/// A schedule or trigger, and where it stands.
struct Placed {
    place: String,
    name: String,
    script: String,
    on: Result<On, Wrong>,
    retry: Retry,
}

fn placed<T: Terms>(list: &str, items: Vec<DeployedTrigger<T>>) -> impl Iterator<Item = Placed> {
    items.into_iter().enumerate().map(move |(at, item)| {
        let DeployedTrigger { name, script, on, retry } = item;
        Placed { place: format!("{list}/{at}"), name, script, on: on.on(), retry: retry.unwrap_or_default().retry() }
    })
}

fn digest(script: &ManifestScript) -> Digest {
    match &script.source {
        ManifestSource::Text(text) => Digest::of(text.as_bytes()),
        ManifestSource::Known(digest) => *digest,
    }
}

fn is_text(script: &ManifestScript) -> bool {
    matches!(script.source, ManifestSource::Text(_))
}
