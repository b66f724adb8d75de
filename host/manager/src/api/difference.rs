//! `/api/v1/admin/deployments/{id}/diff`: what differs between two deployments, bounded.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use similar::TextDiff;
use store::{AppStore, AssetDifference, DeploymentId, Difference, Differing, Digest, Route, Script, ScriptKind};
use triggers::Trigger;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Authorized, Json, OfDeployment, Path, Query, action},
    manifest::SettingsBody,
    problem::Problem,
    static_routes::{StaticBody, shown},
    through::{self, Uses},
    trigger_bodies::{ScheduleTerms, TriggerShown, TriggerTerms},
    words,
};
use crate::State;

/// Most scripts, most routes and most assets that are listed.
const LISTED_MAX: usize = 1_000;
/// Scripts whose texts are compared.
const COMPARED_MAX: usize = 100;
/// All text diffs together, in bytes.
const TEXT_BYTES_MAX: usize = 512 * 1024;
/// Comparing takes so long at most; what is left is shown as one replacement.
const TIME_MAX: Duration = Duration::from_millis(500);
/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

/// What two deployments differ in. Things are told apart by their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiffBody {
    /// Number of the earlier one; null: from nothing.
    from: Option<u32>,
    /// Number of the later one; null: of what would be deployed.
    to: Option<u32>,
    scripts: Vec<ScriptDiff>,
    routes: Vec<RouteDiff>,
    schedules: Vec<ScheduleDiff>,
    triggers: Vec<TriggerDiff>,
    /// In the order of their paths.
    assets: Vec<AssetDiff>,
    /// Null: alike.
    settings: Option<SettingsDiff>,
    /// Whether something was left out because it would have been too much.
    truncated: bool,
}

/// A script that is not the same on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScriptDiff {
    #[schema(value_type = words::DiffChange)]
    change: &'static str,
    /// Null: it does not exist yet.
    id: Option<Uuid>,
    name: String,
    /// What it was called before, if that differs.
    previous_name: Option<String>,
    #[schema(value_type = words::ScriptKind)]
    kind: ScriptKind,
    /// What it was before, if that differs.
    #[schema(value_type = Option<words::ScriptKind>)]
    previous_kind: Option<ScriptKind>,
    /// Its own source is the same, but it runs differently: these modules that it imports, itself or through others, are not the same.
    through: Vec<String>,
    /// The source in unified format; null if it is the same, or was left out (`truncated`).
    diff: Option<String>,
    /// Whether `diff` is cut off or left out.
    truncated: bool,
}

/// A route that is not the same on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteDiff {
    #[schema(value_type = words::DiffChange)]
    change: &'static str,
    before: Option<RouteSide>,
    after: Option<RouteSide>,
}

/// A route on one side.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteSide {
    #[schema(value_type = words::RouteKind)]
    kind: &'static str,
    /// Null: assets answer.
    script_id: Option<Uuid>,
    /// Null: a script answers.
    #[serde(rename = "static")]
    assets: Option<StaticBody>,
    method: Option<String>,
    host: Option<String>,
    path: String,
}

/// A schedule that is not the same on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleDiff {
    #[schema(value_type = words::DiffChange)]
    change: &'static str,
    before: Option<TriggerShown<ScheduleTerms>>,
    after: Option<TriggerShown<ScheduleTerms>>,
}

/// A trigger that is not the same on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriggerDiff {
    #[schema(value_type = words::DiffChange)]
    change: &'static str,
    before: Option<TriggerShown<TriggerTerms>>,
    after: Option<TriggerShown<TriggerTerms>>,
}

/// An asset that is not the same on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssetDiff {
    #[schema(value_type = words::DiffChange)]
    change: &'static str,
    #[schema(example = "/index.html")]
    path: String,
    /// Digest of the bytes before; null: it was not there.
    before: Option<String>,
    /// Digest of the bytes after; null: it is gone.
    after: Option<String>,
}

/// Settings that are not the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsDiff {
    before: SettingsBody,
    after: SettingsBody,
}

/// The query of a comparison.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Against {
    /// Id of another deployment of the app; the one before if absent.
    against: Option<Uuid>,
}

/// Where the texts are.
pub(super) struct Texts<'a> {
    pub(super) app: &'a AppStore,
    /// Those that are not in the database yet.
    pub(super) given: &'a HashMap<Digest, &'a str>,
}

/// Compares a deployment with another one, by default the one before.
#[utoipa::path(
    get, path = "/api/v1/admin/deployments/{id}/diff", tag = "deployments",
    params(("id" = Uuid, Path), Against),
    responses((status = 200, body = DiffBody)),
)]
pub(super) async fn get_deployment_diff(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DeploymentRead, OfDeployment>,
    Path(id): Path<Uuid>,
    Query(query): Query<Against>,
) -> Result<Json<DiffBody>, Problem> {
    let id = DeploymentId::from(id);
    let missing = || Problem::not_found("deployment");
    let to = app.deployment_row(id).await?.ok_or_else(missing)?;
    let from = match query.against {
        Some(against) => Some(app.deployment_row(against.into()).await?.ok_or_else(missing)?),
        None => app.deployment_before(to.number).await?,
    };
    let difference = app.difference(from.as_ref().map(|from| from.id), id).await?.ok_or_else(missing)?;
    let texts = Texts { app: &app, given: &HashMap::new() };
    let (uses, is_whole) = through::uses(&state, &app, id, &difference).await?;
    let mut body = DiffBody::of(difference, (from.map(|from| from.number), Some(to.number)), &uses, texts).await?;
    body.truncated |= !is_whole;
    Ok(Json(body))
}

impl ScriptDiff {
    /// A script whose text is the same on both sides, while these modules that it imports are not.
    pub(super) fn through(script: &Script, modules: Vec<String>) -> Self {
        Self {
            change: "changed",
            id: Some(script.id.uuid()),
            name: script.name.clone(),
            previous_name: None,
            kind: script.kind,
            previous_kind: None,
            through: modules,
            diff: None,
            truncated: false,
        }
    }
}

impl DiffBody {
    /// The answer, with the texts compared as far as the bounds go. `uses`: what the scripts of the later side import.
    pub(super) async fn of(
        difference: Difference,
        (from, to): (Option<u32>, Option<u32>),
        uses: &Uses,
        texts: Texts<'_>,
    ) -> Result<Self, Problem> {
        let relinked = through::relinked(&difference, uses);
        let Difference { scripts, routes, triggers, assets, settings, .. } = difference;
        let mut truncated = scripts.len() + relinked.len() > LISTED_MAX || routes.len() > LISTED_MAX || assets.len() > LISTED_MAX;
        let mut budget = Budget { scripts: COMPARED_MAX, bytes: TEXT_BYTES_MAX, until: Instant::now() + TIME_MAX };
        let mut listed = Vec::new();
        for script in scripts.into_iter().take(LISTED_MAX) {
            let script = script_diff(script, to.is_some(), &texts, &mut budget).await?;
            truncated |= script.as_ref().is_some_and(|script| script.truncated);
            listed.extend(script);
        }
        listed.extend(relinked);
        listed.truncate(LISTED_MAX);
        let settings = settings.map(|(before, after)| SettingsDiff { before: SettingsBody::of(before), after: SettingsBody::of(after) });
        let routes = routes.into_iter().take(LISTED_MAX).map(route_diff).collect();
        let assets = assets.into_iter().take(LISTED_MAX).map(asset_diff).collect();
        let (schedules, triggers) = trigger_diffs(&triggers);
        Ok(Self { from, to, scripts: listed, routes, schedules, triggers, assets, settings, truncated })
    }
}

/// What may still be spent on texts.
struct Budget {
    scripts: usize,
    bytes: usize,
    until: Instant,
}

/// `None` cannot happen for what the store calls a difference: one side is always there.
async fn script_diff(
    script: Differing<Script>,
    is_deployed: bool,
    texts: &Texts<'_>,
    budget: &mut Budget,
) -> Result<Option<ScriptDiff>, Problem> {
    let Differing { before, after } = script;
    let digest = |side: &Option<Script>| side.as_ref().map(|script| script.source_digest);
    let (old, new) = (digest(&before), digest(&after));
    let change = match (&before, &after) {
        (None, _) => "added",
        (_, None) => "removed",
        (Some(before), Some(after)) if old == new && before.kind == after.kind => "renamed",
        _ => "changed",
    };
    let (diff, truncated) = if old == new { (None, false) } else { text_diff(old, new, texts, budget).await? };
    let Some(shown) = after.as_ref().or(before.as_ref()) else { return Ok(None) };
    Ok(Some(ScriptDiff {
        change,
        id: (is_deployed || before.is_some()).then(|| shown.id.uuid()),
        name: shown.name.clone(),
        previous_name: before.as_ref().filter(|before| before.name != shown.name).map(|before| before.name.clone()),
        kind: shown.kind,
        previous_kind: before.as_ref().filter(|before| before.kind != shown.kind).map(|before| before.kind),
        through: Vec::new(),
        diff,
        truncated,
    }))
}

/// The diff, and whether something of it is missing.
async fn text_diff(
    old: Option<Digest>,
    new: Option<Digest>,
    texts: &Texts<'_>,
    budget: &mut Budget,
) -> Result<(Option<String>, bool), Problem> {
    if budget.scripts == 0 || budget.bytes == 0 {
        return Ok((None, true));
    }
    budget.scripts -= 1;
    let (old, new, until) = (texts.read(old).await?, texts.read(new).await?, budget.until);
    let compared = tokio::task::spawn_blocking(move || unified(&old, &new, until)).await;
    let mut diff = compared.map_err(|_| Problem::internal("comparing two sources panicked"))?;
    let is_cut = diff.len() > budget.bytes;
    if is_cut {
        diff.truncate(diff.floor_char_boundary(budget.bytes));
    }
    budget.bytes -= diff.len();
    Ok((Some(diff), is_cut))
}

fn unified(old: &str, new: &str, until: Instant) -> String {
    let diff = TextDiff::configure().deadline(until).diff_lines(old, new);
    diff.unified_diff().context_radius(CONTEXT_LINES).to_string()
}

impl Texts<'_> {
    /// Empty for a side that is not there.
    async fn read(&self, digest: Option<Digest>) -> Result<String, Problem> {
        let Some(digest) = digest else { return Ok(String::new()) };
        match self.given.get(&digest) {
            Some(text) => Ok((*text).to_owned()),
            // Pruned since the list was read.
            None => self.app.source(digest).await?.ok_or_else(|| Problem::not_found("deployment")),
        }
    }
}

/// Both kinds, apart.
fn trigger_diffs(triggers: &[Differing<Trigger>]) -> (Vec<ScheduleDiff>, Vec<TriggerDiff>) {
    let (mut schedules, mut others) = (Vec::new(), Vec::new());
    for Differing { before, after } in triggers {
        let change = change(before.as_ref(), after.as_ref());
        match [before, after].map(|side| side.as_ref().and_then(TriggerShown::of)) {
            [None, None] => {
                let [before, after] = [before, after].map(|side| side.as_ref().and_then(TriggerShown::of));
                others.push(TriggerDiff { change, before, after });
            }
            [before, after] => schedules.push(ScheduleDiff { change, before, after }),
        }
    }
    (schedules, others)
}

fn change<T>(before: Option<T>, after: Option<T>) -> &'static str {
    match (before, after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    }
}

fn route_diff(route: Differing<Route>) -> RouteDiff {
    let change = change(route.before.as_ref(), route.after.as_ref());
    let side = |Route { target, method, host, path, .. }: Route| {
        let (kind, script_id, assets) = shown(target);
        RouteSide { kind, script_id, assets, method, host, path }
    };
    RouteDiff { change, before: route.before.map(side), after: route.after.map(side) }
}

fn asset_diff(asset: AssetDifference) -> AssetDiff {
    let AssetDifference { path, before, after } = asset;
    let change = change(before, after);
    let text = |digest: Digest| digest.to_string();
    AssetDiff { change, path, before: before.map(text), after: after.map(text) }
}
